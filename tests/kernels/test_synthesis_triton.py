"""The synthesis in Triton against plain torch in float64: maps and windows, there and back."""

import pytest
import torch

from .networks import W_DIM, cast, error, planned, random_network
from .triton_twins import in_few_programs, in_few_quads

pytest.importorskip("triton")

from draglive.kernels import layer_triton, tiles_triton
from draglive.kernels.layer_triton import Ordered
from draglive.kernels.synthesis import synthesize_features
from draglive.kernels.synthesis_triton import TritonSynthesis

MIDDLE, CORNERS = [[9.0, 20.0]], [[0.0, 0.0], [31.0, 31.0], [14.5, 17.0], [16.0, 15.5]]
BEYOND = [[-0.5, 31.5], [31.5, -0.5]]
# blocks' channels, handles, how far around them, free layers, further network settings
SCENES = {
    "windows of a convolution's map": ((32, 16, 16), MIDDLE, 0.5, 3, {}),
    "windows of a doubling layer's map": ((16, 16, 16), MIDDLE, 1.5, 2, {"noise": False}),
    "overlap, in corners, doubling": ((16, 16, 32), CORNERS, 1.0, 4, {}),
    "overlap, in corners": ((16, 16, 16), CORNERS, 3.0, 5, {"clamp": 0.7}),
    "beyond the edge": ((16, 16, 16), BEYOND, 1.0, 5, {}),
    "wide": ((16, 16, 16), [[40.0, 9.0]], 2.0, 2, {"wide": 2}),
    "whole map": ((16, 48), MIDDLE, 100.0, 1, {"clamp": 1.0}),
}
DTYPES = [torch.float32, torch.float16, torch.bfloat16]


@pytest.fixture(autouse=True)
def few_programs(monkeypatch, device):
    """The interpreter pays for every program."""
    if device.type == "cpu":
        monkeypatch.setattr(tiles_triton, "ELEMENTS", 8192)
        monkeypatch.setattr(layer_triton, "tile_product", in_few_programs)


@pytest.fixture(autouse=True)
def exact_products():
    """No TF32, in the plain convolutions and in the library's."""
    switches = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [switch.allow_tf32 for switch in switches]
    for switch in switches:
        switch.allow_tf32 = False
    yield
    for switch, value in zip(switches, before, strict=True):
        switch.allow_tf32 = value


def scene(name):
    """Network, plan, origins, w+ and a gradient, all on the CPU in float32."""
    channels, handles, reach_px, free, settings = SCENES[name]
    network = random_network(channels, spread=0.5, **settings)
    plan, origins = planned(network, torch.tensor(handles), reach_px, image_height=32)
    ws = torch.randn(len(network.layers), W_DIM)
    top = plan.makes[-1]
    shape = plan.batch(top), top.height, top.width, channels[-1]
    gradient = 0.01 * torch.randn(shape)  # as large as a loss's: there is a scale for float16
    return network, plan, origins, ws, gradient.permute(0, 3, 1, 2), free


def plainly(scene, dtype, device):
    """Features and dL/dw by autograd in a dtype."""
    network, plan, origins, ws, gradient, free = scene
    ws = ws.to(device, dtype).requires_grad_()
    features = synthesize_features(cast(cast(network, dtype), device), ws, plan, origins.to(device))
    (slope,) = torch.autograd.grad(features, ws, gradient.to(device, dtype))
    return features, slope[:free]


def fused(scene, dtype, device):
    """The twin, every buffer full of NaN before it starts."""
    network, plan, origins, ws, gradient, free = scene
    twin = TritonSynthesis(cast(network, device), plan, free=free, constants=Ordered(dtype))
    for buffer in twin.scratch:
        buffer.fill_(torch.nan)
    twin.fold(ws.to(device))
    features = twin.forward(ws.to(device), origins.to(device))
    return twin, features, twin.backward(gradient.to(device))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", SCENES)
def test_no_farther_from_the_truth_than_plain_torch(name, dtype, device):
    if device.type == "cpu" and dtype != torch.float32 and name != "overlap, in corners":
        pytest.skip("enough of it on a card")
    if device.type == "cpu" and dtype == torch.bfloat16:
        pytest.skip("the interpreter multiplies its bits")
    check(name, dtype, device)


@pytest.mark.parametrize("name", ["wide", "overlap, in corners"])
def test_large_maps(name, monkeypatch, device):
    """One kernel goes through all taps, and the library doubles, maps and windows."""
    whole = tiles_triton.Tiling(64, 16, 16, 1, 4, 2)
    monkeypatch.setattr(layer_triton, "tile_product", lambda *_: whole)
    monkeypatch.setattr(layer_triton, "LIBRARY_ROWS", 16)
    check(name, torch.float32, device)


@pytest.mark.parametrize("free", [1, 3])
def test_quads_of_whole_maps(free, monkeypatch, device):
    monkeypatch.setattr(layer_triton, "tile_quad_product", in_few_quads)
    monkeypatch.setitem(SCENES, "quads", ((16, 16, 32), CORNERS, 100.0, free, {"wide": 2}))
    check("quads", torch.float32, device)


@pytest.mark.parametrize("free", [1, 3])
def test_large_whole_maps_by_the_library(free, monkeypatch, device):
    monkeypatch.setattr(layer_triton, "LIBRARY_MAP", (16, 16))
    monkeypatch.setitem(SCENES, "library", ((16, 16, 32), CORNERS, 100.0, free, {"wide": 2}))
    check("library", torch.float32, device)


def check(name, dtype, device):
    """The rule: at most twice as far from the truth as plain torch in the same dtype.

    In half precision some activations' signs are a matter of luck, and one is percents of a small
    scene's gradient: so on a card eight scenes count together.
    """
    ours, theirs = 0.0, 0.0
    for _ in range(8 if device.type == "cuda" and dtype != torch.float32 else 1):
        values = scene(name)
        truth, slope = plainly(values, torch.float64, torch.device("cpu"))
        plain, plain_slope = plainly(values, dtype, device)
        _, features, got_slope = fused(values, dtype, device)
        assert features.shape == truth.shape
        assert features.is_contiguous(memory_format=torch.channels_last)
        assert error(features, truth) <= 2 * error(plain, truth)
        assert got_slope.shape == slope.shape
        ours += error(got_slope, slope) ** 2
        theirs += error(plain_slope, slope) ** 2
    assert ours**0.5 <= 2 * theirs**0.5


def test_the_same_bits_again(device):
    """Nothing is added in the order in which programs happen to come."""
    values = scene("windows of a doubling layer's map")
    twin, features, slope = fused(values, torch.float32, device)
    features, slope = features.clone(), slope.clone()
    _, _, origins, ws, gradient, _ = values
    again = twin.forward(ws.to(device), origins.to(device))
    assert torch.equal(again, features)
    assert torch.equal(twin.backward(gradient.to(device)), slope)


def test_another_picture_is_folded(device):
    values = scene("wide")
    twin, *_ = fused(values, torch.float32, device)
    other = torch.randn_like(values[3])
    values = *values[:3], other, *values[4:]
    twin.fold(other.to(device))
    features = twin.forward(other.to(device), values[2].to(device))
    assert error(features, plainly(values, torch.float64, torch.device("cpu"))[0]) < 1e-5
