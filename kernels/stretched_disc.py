"""The pull of a step as the official code cuts its disc: a faithful reference, no twin.

Its grid of pixel positions is stretched to end at the picture's size, not at the last pixel: pixel
i stands at i·H/(H−1). So the disc around a handle is cut off centre, by up to a pixel at the far
border, and which pixels are in it depends on where the handle is. Between pixels it mixes the
values of whole pixels of the upsampled map, not samples of the map itself.

Contract as `supervise`, but
    offsets    float32 [K, 2], whole pixels, a square that holds the disc
    radius_px  a pixel nearer to the handle than this, in stretched positions, is in the disc
The mean of a point is over the pixels that are in its disc.
"""

import torch
from torch import Tensor

from .motion_supervision import clipped_motions
from .sampling import gather_bilinear, held_corners, scatter_bilinear
from .supervise import pulling


def supervise_stretched(
    features: Tensor,
    origins: Tensor | None,
    handles: Tensor,
    targets: Tensor,
    active: Tensor,
    offsets: Tensor,
    *,
    radius_px: float,
    speed_px: float,
    stop_px: float,
    map_size: list[int],
    image_size: list[int],
) -> Tensor:
    """dL/dF, of the features' shape and dtype, channels-last in memory."""
    q = handles[:, None] + offsets
    inside = inside_stretched(q, handles, radius_px, image_size)
    moved = q + clipped_motions(handles, targets, speed_px)[:, None]
    pixels, mix = whole_pixels(moved, image_size)
    still_at = held_corners(q, features, origins, map_size, image_size)
    index, share = held_corners(pixels.flatten(1, 2), features, origins, map_size, image_size)
    samples = share.view(*mix.shape, 4) * mix[..., None]
    moved_at = index.view(*mix.shape, 4).flatten(2), samples.flatten(2)
    signs = (gather_bilinear(features, *moved_at) - gather_bilinear(features, *still_at)).sign()
    weights = pulling(handles, targets, active, stop_px)[:, None] * inside
    part = weights / (inside.sum(dim=1, keepdim=True).clamp(min=1.0) * features.shape[1])
    return scatter_bilinear(signs * part.to(signs.dtype)[:, :, None], *moved_at, features)


def whole_pixels(positions: Tensor, image_size: list[int]) -> tuple[Tensor, Tensor]:
    """The four pixels around positions [P, K, 2], [P, K, 4, 2], and their weights [P, K, 4]."""
    height, width = image_size
    first = positions.floor()
    right, down = (positions - first).unbind(dim=-1)
    x, y = first.unbind(dim=-1)
    left, top = x.clamp(0, width - 1), y.clamp(0, height - 1)
    beside, below = (x + 1).clamp(0, width - 1), (y + 1).clamp(0, height - 1)
    columns = torch.stack([left, beside, left, beside], dim=-1)
    rows = torch.stack([top, top, below, below], dim=-1)
    weights = [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right]
    return torch.stack([columns, rows], dim=-1), torch.stack(weights, dim=-1)


def inside_stretched(q: Tensor, handles: Tensor, radius_px: float, image_size: list[int]) -> Tensor:
    """1 for the pixels q [P, K, 2] of each disc, else 0: float32 [P, K]."""
    height, width = image_size
    stretched = torch.stack(
        [q[..., 0] * (width / (width - 1)), q[..., 1] * (height / (height - 1))], dim=-1
    )
    near: Tensor = (stretched - handles[:, None]).norm(dim=-1) < radius_px
    x, y = q.unbind(dim=-1)
    on = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return (near & on).float()
