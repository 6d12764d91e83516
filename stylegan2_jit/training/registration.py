"""How far what a picture shows is from where another shows it: dense flow between near pictures.

Least squares over a neighbourhood of every pixel, coarse to fine (Lucas and Kanade 1981), which is
enough for a generator's picture and the rendering that it was to be: a few pixels apart. Where
there is nothing to see the flow is that of the surroundings.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

LEVELS = (32, 64, 128)  # resolutions, coarse to fine
ROUNDS = 4  # at each of them
NEIGHBOURHOOD = 9  # pixels, of whatever level
STIFFNESS = 3e-4  # of a neighbourhood without contrast, in squared differences a pixel
MOST = 1.0  # pixels of a level that a round may move


@torch.no_grad()
def flow(pictures: Tensor, renderings: Tensor) -> Tensor:
    """Where in its rendering to look for what a place of a picture shows.

    Args:
        pictures, renderings: float32 [N, 3, H, W] in -1..1, H = W of at least the finest level.

    Returns:
        float32 [N, 2, H, W]: (x, y) to add to a place, in parts of half the picture's width.
    """
    size = pictures.shape[2]
    found = pictures.new_zeros(len(pictures), 2, LEVELS[0], LEVELS[0])
    for level in LEVELS:
        found = F.interpolate(found, size=(level, level), mode="bilinear", align_corners=False)
        one, other = (F.adaptive_avg_pool2d(p, level) for p in (pictures, renderings))
        for _ in range(ROUNDS):
            found = _blurred(found + _step(one, moved(other, found)))
    return F.interpolate(found, size=(size, size), mode="bilinear", align_corners=False)


def moved(values: Tensor, flow: Tensor, mode: str = "bilinear") -> Tensor:
    """What the flow leads to: values [N, C, H, W] sampled where it says, [N, C, h, w]."""
    height, width = flow.shape[2:]
    x = (torch.arange(width, device=flow.device) + 0.5) * (2 / width) - 1
    y = (torch.arange(height, device=flow.device) + 0.5) * (2 / height) - 1
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1) + flow.permute(0, 2, 3, 1)
    return F.grid_sample(values, places, mode=mode, padding_mode="border", align_corners=False)


def _step(one: Tensor, other: Tensor) -> Tensor:
    """One round: the flow that takes `other` nearer to `one`."""
    differ = one - other
    mean = (one + other) / 2
    gx = (mean.roll(-1, 3) - mean.roll(1, 3)) / 2
    gy = (mean.roll(-1, 2) - mean.roll(1, 2)) / 2
    products = [(a * b).mean(1, keepdim=True) for a, b in _pairs(gx, gy, differ)]
    xx, yy, xy, xd, yd = _blurred(torch.cat(products, 1)).split(1, 1)
    xx, yy = xx + STIFFNESS, yy + STIFFNESS
    scale = 1 / (xx * yy - xy * xy)
    move = torch.cat([(yy * xd - xy * yd) * scale, (xx * yd - xy * xd) * scale], 1)
    return move.clamp(-MOST, MOST) * (2 / one.shape[2])


def _pairs(gx: Tensor, gy: Tensor, differ: Tensor) -> tuple[tuple[Tensor, Tensor], ...]:
    return (gx, gx), (gy, gy), (gx, gy), (gx, differ), (gy, differ)


def _blurred(maps: Tensor) -> Tensor:
    """Mean over the neighbourhood, twice a smaller one: nearly round."""
    half = NEIGHBOURHOOD // 4
    for _ in range(2):
        padded = F.pad(maps, (half, half, half, half), mode="replicate")
        maps = F.avg_pool2d(padded, 2 * half + 1, 1)
    return maps
