"""The native synthesis against plain torch in float64: maps and windows, there and back."""

import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from draglive.kernels.native import NativeError
from draglive.kernels.network import style
from draglive.kernels.synthesis import synthesize_features
from draglive.kernels.synthesis_native import NativePicture, NativeSynthesis, NativeWeights
from draglive.kernels.to_rgba import to_rgba_reference

from .networks import W_DIM, cast, error, planned, random_network

MIDDLE, CORNERS = [[9.0, 20.0]], [[0.0, 0.0], [31.0, 31.0], [14.5, 17.0], [16.0, 15.5]]
BEYOND, RIGHT = [[-0.5, 31.5], [31.5, -0.5]], [[62.0, 9.0], [40.0, 13.0]]
# blocks' channels, handles, how far around them is read, free layers, network settings, threads
SCENES = {
    "windows": ((64, 32, 32, 32), MIDDLE, 3.0, 3, {}, 2),
    "odd windows": ((32, 64, 32, 32), MIDDLE, 2.4, 4, {}, 2),
    "overlapping, in corners": ((32, 32, 64, 32), CORNERS, 1.0, 5, {}, 2),
    "beyond the edge": ((32, 64, 64, 32), BEYOND, 1.0, 7, {"clamp": 0.75}, 1),
    "wide": ((32, 32, 32, 96), RIGHT, 2.0, 3, {"wide": 2}, 2),
    "few channels": ((48, 16, 16, 16), MIDDLE, 3.0, 4, {"noise": False}, 2),
    "four that entered by a convolution": ((32, 32, 32, 32), CORNERS, 2.0, 4, {}, 3),
    "whole": ((64, 32, 32, 32), MIDDLE, 100.0, 4, {"clamp": 1.0}, 2),
    "whole, wide, all free": ((32, 16, 32, 32), MIDDLE, 100.0, 7, {"wide": 2}, 2),
    "none free": ((32, 32, 32, 32), MIDDLE, 3.0, 0, {}, 2),
}


@pytest.fixture(params=[torch.float32, torch.bfloat16], ids=str)
def dtype(request, level):
    if request.param == torch.bfloat16 and level != "amx":
        pytest.skip("bfloat16 needs AMX")
    return request.param


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def scene(name):
    channels, handles, reach_px, free, settings, _ = SCENES[name]
    network = random_network(channels, **settings)
    plan, origins = planned(network, handles, reach_px)
    top = plan.makes[-1]
    gradient = torch.randn(plan.batch(top), top.height, top.width, channels[-1])
    ws = torch.randn(len(network.layers) + 1, W_DIM)
    return network, plan, origins, ws, gradient.permute(0, 3, 1, 2), free


def plainly(values, dtype):
    """Features and dL/dw by autograd in a dtype."""
    network, plan, origins, ws, gradient, free = values
    ws = ws.to(dtype).requires_grad_()
    features = synthesize_features(cast(network, dtype), ws, plan, origins)
    (slope,) = torch.autograd.grad(features, ws, gradient.to(dtype))
    return features.detach(), slope[:free]


def natively(values, dtype):
    network, plan, origins, ws, gradient, free = values
    twin = NativeSynthesis(NativeWeights(network, free=free, dtype=dtype), plan)
    twin.fold(ws)
    return twin, twin.forward(ws, origins), twin.backward(gradient)


@pytest.mark.parametrize("name", SCENES)
def test_no_farther_from_the_truth_than_plain_torch(name, dtype, threads):
    threads(SCENES[name][-1])
    ours, theirs = torch.zeros(2), torch.zeros(2)  # of features and slope, over some draws:
    for seed in range(4):  # on one alone either may be lucky
        torch.manual_seed(seed)
        values = scene(name)
        truths, plain = plainly(values, torch.float64), plainly(values, dtype)
        _, *got = natively(values, dtype)
        assert [g.shape for g in got] == [t.shape for t in truths]
        assert got[0].dtype == dtype
        for i, truth in enumerate(truths[: 2 if truths[1].numel() else 1]):
            ours[i] += error(got[i], truth)
            theirs[i] += error(plain[i], truth)
    assert (ours <= 2 * theirs).all(), (ours, theirs)


def test_the_same_bits_whatever_the_threads(dtype, threads):
    values = scene("overlapping, in corners")
    threads(1)
    _, features, slope = natively(values, dtype)
    threads(3)
    twin, others, other_slope = natively(values, dtype)
    assert torch.equal(features, others)
    assert torch.equal(slope, other_slope)
    assert torch.equal(twin.forward(values[3], values[2]), features)
    assert torch.equal(twin.backward(values[4]), slope)


def test_callers_at_once(dtype, threads):
    threads(3)
    values = [scene(name) for name in ("windows", "wide", "whole")]
    alone = [natively(v, dtype) for v in values]
    want = [(features.clone(), slope.clone()) for _, features, slope in alone]

    def again(i):
        twin, (_, _, origins, ws, gradient, _) = alone[i][0], values[i]
        for _ in range(30):
            assert torch.equal(twin.forward(ws, origins), want[i][0])
            assert torch.equal(twin.backward(gradient), want[i][1])

    with ThreadPoolExecutor() as pool:
        list(pool.map(again, range(3)))


def test_windows_move_and_pictures_change(dtype):
    network, plan, _, ws, gradient, free = values = scene("overlapping, in corners")
    twin, *_ = natively(values, dtype)
    ws = torch.randn_like(ws)
    origins = planned(network, [[7.0, 30.0], [3.0, 3.5], [31.0, 0.0], [12.0, 13.0]], 1.0)[1]
    _, features, slope = natively((network, plan, origins, ws, gradient, free), dtype)
    twin.fold(ws)
    assert torch.equal(twin.forward(ws, origins), features)
    assert torch.equal(twin.backward(gradient), slope)


def test_plans_share_weights(dtype):
    network, _, origins, ws, gradient, free = values = scene("overlapping, in corners")
    twin, features, slope = natively(values, dtype)
    whole, others = planned(network, CORNERS, 1.0, cover=0.0)
    beside = NativeSynthesis(twin.weights, whole)
    alone = NativeSynthesis(NativeWeights(network, free=free, dtype=dtype), whole)
    alone.fold(ws)
    assert torch.equal(beside.forward(ws, others), alone.forward(ws, others))
    assert torch.equal(twin.forward(ws, origins), features)
    assert torch.equal(twin.backward(gradient), slope)


def test_a_gradient_in_the_features_dtype(dtype):
    values = scene("windows")
    twin, _, slope = natively(values, dtype)
    slope = slope.clone()
    rounded = values[4].to(dtype)
    assert torch.equal(twin.backward(rounded), twin.backward(rounded.float()))
    assert error(twin.backward(rounded), slope) < 0.02


def test_nan_in_w_is_seen(dtype):
    _, _, origins, ws, gradient, _ = values = scene("windows")
    twin, *_ = natively(values, dtype)
    ws[0, 0] = torch.nan
    assert twin.forward(ws, origins).isnan().all()
    assert twin.backward(gradient).isnan().any()


def test_buffers_go_with_their_owner(level):
    twin, features, _ = natively(scene("windows"), torch.float32)
    del twin
    gc.collect()
    assert features.isfinite().all()  # they are torch's own memory


def picture_reference(network, ws):
    """The picture of w+ in plain torch (Karras et al. 2020, skip connections)."""
    picture = None
    taps = torch.tensor([0.25, 0.75, 0.75, 0.25], dtype=ws.dtype)
    kernel = torch.outer(taps, taps).expand(3, 1, 4, 4)
    for block, colours in enumerate(network.colours):
        plan, origins = planned(cut(network, 2 * block + 1), [[0.0, 0.0]], 1.0, cover=0.0)
        x = synthesize_features(network, ws, plan, origins)
        factors = style(colours.affine_weight, colours.affine_bias, ws[2 * block + 1])
        y = torch.einsum("bchw,kc->bkhw", x, colours.weight * factors)
        y = (y + colours.bias[:, None, None]).clamp(-colours.clamp, colours.clamp)
        if picture is not None:
            picture = F.conv_transpose2d(picture, kernel, stride=2, padding=1, groups=3)
        picture = y if picture is None else picture + y
    return picture


def cut(network, layers):
    return type(network)(network.start, network.layers[:layers], network.colours)


def picturing(network, ws, dtype, free=100):
    weights = NativeWeights(network, free=free, dtype=dtype, back=0)
    weights.fold(ws)
    return NativePicture(weights)


@pytest.mark.parametrize(
    ("channels", "settings", "free"),
    [
        ((64, 32, 32, 32), {}, 100),
        ((64, 32, 32, 32), {}, 3),
        ((32, 48, 16), {"wide": 2, "clamp": 1.0}, 0),
        ((16, 16, 16, 16, 16, 64, 32), {}, 3),
        ((16, 16, 16, 16, 32, 48), {"wide": 2}, 100),
    ],
    ids=["all free", "some free", "wide, none free", "in bands", "wide, in bands, all free"],
)
def test_the_picture(channels, settings, free, dtype):
    network = random_network(channels, **settings)
    ws = torch.randn(len(network.layers) + 1, W_DIM)
    twin = picturing(network, ws, dtype, free)
    truth = to_rgba_reference(picture_reference(cast(network, torch.float64), ws.double()).float())
    plain = to_rgba_reference(picture_reference(cast(network, dtype), ws.to(dtype)).float())
    got = twin.render(ws)
    assert got.shape == truth.shape
    assert (got[..., 3] == 255).all()
    off = (got.int() - truth.int()).abs()
    assert off.float().mean() <= 2 * (plain.int() - truth.int()).abs().float().mean() + 1e-3
    if dtype == torch.float32:
        assert off.max() <= 1


def test_the_pictures_sums_are_right_to_four_digits(level):
    """Colours so strong that a level is 4e-5 of the features: where they are not clipped."""
    network = random_network((64, 32, 32, 48))
    strong = tuple(replace(c, weight=200 * c.weight) for c in network.colours)
    network = replace(network, colours=strong)
    ws = torch.randn(len(network.layers) + 1, W_DIM)
    picture = picture_reference(cast(network, torch.float64), ws.double())
    off = (picturing(network, ws, torch.float32, 3).render(ws)[..., :3] / 127.5 - 1).double()
    off = (off - picture[0].permute(1, 2, 0)).abs()[picture[0].permute(1, 2, 0).abs() < 0.98]
    assert len(off) > 10
    assert off.max() < 0.02


def test_the_picture_follows_what_is_folded(dtype):
    network = random_network((64, 32, 32, 32))
    first, ws = torch.randn(2, len(network.layers) + 1, W_DIM)
    twin = picturing(network, first, dtype, 4)
    before = twin.render(first)
    twin.weights.fold(ws)
    assert torch.equal(twin.render(ws), picturing(network, ws, dtype, 4).render(ws))
    twin.weights.fold(first)
    assert torch.equal(twin.render(first), before)


def test_a_preview_is_the_smaller_picture_enlarged(level):
    network = random_network((32, 32, 32))
    ws = torch.randn(len(network.layers) + 1, W_DIM)
    out = torch.zeros(16, 16, 4, dtype=torch.uint8)
    twin = picturing(network, ws, torch.float32)
    assert twin.render(ws, out, blocks=2) is out
    small = type(network)(network.start, network.layers[:3], network.colours[:2])
    small = picture_reference(cast(small, torch.float64), ws.double())
    want = F.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
    off = (out.int() - to_rgba_reference(want.float()).int()).abs()
    assert off.max() <= 1


@pytest.mark.parametrize("channels", [(32, 32), (32, 32, 32, 32)], ids=str)
def test_a_picture_of_nan_is_black(channels, level):
    network = random_network(channels)
    ws = torch.full((len(network.layers) + 1, W_DIM), torch.nan)
    got = picturing(network, ws, torch.float32).render(ws)
    assert (got == torch.tensor([0, 0, 0, 255], dtype=torch.uint8)).all()


def test_what_there_is_no_kernel_for(level):
    network, plan, *_ = scene("windows")
    with pytest.raises(NativeError, match="float16"):
        NativeWeights(network, free=1, dtype=torch.float16)
    with pytest.raises(NativeError, match="back through 2 layers, not 7"):
        NativeSynthesis(NativeWeights(network, free=1, dtype=torch.float32, back=2), plan)
    if level != "amx":
        with pytest.raises(NativeError, match="AMX"):
            NativeWeights(network, free=1, dtype=torch.bfloat16)
