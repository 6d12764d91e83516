"""The pull of a step with the disc that the official code cuts: a faithful reference, no twin.

Its grid of pixel positions is stretched to end at the picture's size, not at the last pixel: pixel
i stands at i·H/(H−1). So the disc around a handle is cut off centre, by up to a pixel at the far
border, and which pixels are in it depends on where the handle is.

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
    still_at = held_corners(q, features, origins, map_size, image_size)
    moved_at = held_corners(moved, features, origins, map_size, image_size)
    signs = (gather_bilinear(features, *moved_at) - gather_bilinear(features, *still_at)).sign()
    weights = pulling(handles, targets, active, stop_px)[:, None] * inside
    share = weights / (inside.sum(dim=1, keepdim=True).clamp(min=1.0) * features.shape[1])
    return scatter_bilinear(signs * share.to(signs.dtype)[:, :, None], *moved_at, features)


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
