"""The picture in Triton against plain torch."""

import pytest
import torch
import torch.nn.functional as F

from draglive.kernels.network import style
from draglive.kernels.synthesis import run_layer
from draglive.kernels.to_rgba import to_rgba_reference
from draglive.kernels.windows import plan_windows

from .networks import W_DIM, cast, random_network
from .triton_twins import in_few_programs, in_few_quads

pytest.importorskip("triton")

from draglive.kernels import layer_triton, tiles_triton
from draglive.kernels.layer_triton import Ordered
from draglive.kernels.picture_triton import TritonPicture


@pytest.fixture(autouse=True)
def few_programs(monkeypatch, device):
    """The interpreter pays for every program."""
    if device.type == "cpu":
        monkeypatch.setattr(tiles_triton, "ELEMENTS", 8192)
        monkeypatch.setattr(layer_triton, "tile_product", in_few_programs)


def plain_picture(network, ws):
    """float [1, 3, H, W] (Karras et al. 2020, figure 7 with skip connections)."""
    shapes = [(layer.up, layer.height, layer.width) for layer in network.layers]
    plan = plan_windows(shapes, points=1, reach_px=1.0, image_height=8, cover=0.0)
    x, picture, taps = network.start[None], None, torch.tensor([1.0, 3, 3, 1]).to(ws)
    kernel = torch.outer(taps, taps).expand(3, 1, 4, 4) / 16
    for i, layer in enumerate(network.layers):
        x = run_layer(x, layer, ws[i], plan.reads[i], plan.makes[i], torch.zeros(1, 2).int())
        if i % 2 == 0:
            colours = network.colours[i // 2]
            factors = style(colours.affine_weight, colours.affine_bias, ws[i + 1])
            made = F.conv2d(x, (colours.weight * factors)[:, :, None, None], colours.bias)
            made = made.clamp(-colours.clamp, colours.clamp)
            if picture is not None:
                made = made + F.conv_transpose2d(picture, kernel, stride=2, padding=1, groups=3)
            picture = made
    return picture


@pytest.mark.parametrize("last", [48, 32], ids=["colours apart", "colours in the last layer"])
@pytest.mark.parametrize("wide", [1, 2])
def test_the_picture_is_the_same(wide, last, monkeypatch, device):
    monkeypatch.setattr(layer_triton, "tile_quad_product", in_few_quads)
    network = random_network((16, last), spread=0.5, wide=wide, clamp=1.5)
    ws = 0.5 * torch.randn(4, W_DIM)
    want = to_rgba_reference(plain_picture(cast(network, torch.float64), ws.double()).float())
    picture = TritonPicture(cast(network, device), free=2, constants=Ordered(torch.float32))
    picture.fold(ws.to(device))
    got = picture.render(ws.to(device)).cpu()
    assert got.shape == (8, 8 * wide, 4)
    assert got.dtype == torch.uint8
    off = (got.int() - want.int()).abs()
    assert off.max() <= 1
    assert off.float().mean() < 0.005  # where rounding falls the other way


def test_the_picture_is_the_same_by_the_library(monkeypatch, device):
    monkeypatch.setattr(layer_triton, "LIBRARY_MAP", (16, 16))
    monkeypatch.setattr(layer_triton, "LIBRARY_ROWS", 16)
    network = random_network((16, 16, 32), spread=0.5)
    ws = 0.5 * torch.randn(6, W_DIM)
    want = to_rgba_reference(plain_picture(cast(network, torch.float64), ws.double()).float())
    picture = TritonPicture(cast(network, device), free=2, constants=Ordered(torch.float32))
    picture.fold(ws.to(device))
    assert (picture.render(ws.to(device)).cpu().int() - want.int()).abs().max() <= 1


def test_a_picture_of_nan_is_black(device):
    network = random_network((16, 16), spread=0.5)
    picture = TritonPicture(cast(network, device), free=1, constants=Ordered(torch.float32))
    ws = torch.full((4, W_DIM), torch.nan, device=device)
    picture.fold(ws)
    got = picture.render(ws)
    assert not got[..., :3].any()
    assert (got[..., 3] == 255).all()
