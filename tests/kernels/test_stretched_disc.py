"""The official code's disc: which pixels it has, and the gradient of a mean over them."""

import pytest
import torch
import torch.nn.functional as F

from draglive.kernels import square_offsets
from draglive.kernels.motion_supervision import clipped_motions
from draglive.kernels.stretched_disc import inside_stretched, supervise_stretched

SIZE = [48, 48]
HANDLES = [(0.0, 0.0), (12.0, 30.0), (47.0, 47.0), (40.0, 3.0)]


def disc_of(handle, radius):
    """As algorithm.md tells it: distances on a grid that goes from 0 to the size."""
    grid = torch.linspace(0, SIZE[0], SIZE[0])
    y, x = torch.meshgrid(grid, grid, indexing="ij")
    rows, columns = torch.where(((x - handle[0]) ** 2 + (y - handle[1]) ** 2).sqrt() < radius)
    return {(float(c), float(r)) for r, c in zip(rows, columns, strict=True)}


@pytest.mark.parametrize("radius", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("handle", HANDLES)
def test_the_same_pixels(handle, radius):
    handles = torch.tensor([handle])
    q = handles[:, None] + square_offsets(int(radius), torch.device("cpu"))
    inside = inside_stretched(q, handles, radius, SIZE)[0] > 0
    assert {tuple(place) for place in q[0][inside].tolist()} == disc_of(handle, radius)


def at(large, places):
    """Of a map as large as the picture; beyond it, the border."""
    grid = places.double() / (SIZE[0] - 1) * 2 - 1
    return F.grid_sample(large, grid[None, None], align_corners=True, padding_mode="border")


def test_the_gradient_is_autograds():
    features = torch.randn(1, 5, 24, 24, dtype=torch.float64, requires_grad=True)
    handles = torch.tensor(HANDLES)
    targets = handles + torch.tensor([[9.0, 4.0], [-0.5, 0.0], [-20.0, 1.0], [0.0, 7.0]])
    active = torch.tensor([True, True, True, False])
    loss = 0.0
    motions = clipped_motions(handles, targets, 1.0)
    large = F.interpolate(features, SIZE, mode="bilinear")  # what we never make otherwise
    for i in (0, 2):  # the second is near enough, the last one not there
        places = torch.tensor(sorted(disc_of(HANDLES[i], 3.0)))
        still, moved = (at(large, p) for p in (places, places + motions[i]))
        loss = loss + (still.detach() - moved).abs().mean()
    (want,) = torch.autograd.grad(loss, features)
    got = supervise_stretched(
        features.detach(), None, handles, targets, active, square_offsets(3, handles.device),
        radius_px=3.0, speed_px=1.0, stop_px=1.0, map_size=[24, 24], image_size=SIZE,
    )  # fmt: skip
    assert (got - want).abs().max() < 1e-8  # weights are float32
