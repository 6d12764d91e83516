"""The pull of a step: the gradient of motion supervision to the features, and nothing else.

Equation 1 of DragGAN without its mask term (`motion_supervision` has the loss itself), with all
that a step needs in one op: which points are still to move, how far each is supervised, and the
gradient. The loss's value is never needed.

Contract
    features    [1, C, h, w], the whole map, or [P, C, n, n], a window of it for each point
    origins     int32 [P, 2], (x, y) where the windows begin; None: the whole map
    handles     float32 [P, 2], (x, y) image pixels, finite even where not active
    targets     float32 [P, 2]
    active      bool [P]
    offsets     float32 [K, 2], the disc (`sampling.disc_offsets`)
    speed_px    length of the supervised motion, clipped to what remains
    stop_px     a point nearer to its target than this, or at it, has arrived and does not pull
    map_size    (h, w) of the whole map
    image_size  (H, W)
    returns     dL/dF, of the features' shape and dtype, channels-last in memory
The gradient is 0 where F(q+d) = F(q), for points that do not pull, and in windows of others.
"""

import torch
from torch import Tensor

from .motion_supervision import clipped_motions
from .sampling import gather_bilinear, held_corners


def pulling(handles: Tensor, targets: Tensor, active: Tensor, stop_px: float) -> Tensor:
    """1 for each point that is still to move, else 0: float32 [P]."""
    far = (targets - handles).norm(dim=1) > stop_px
    return (active & far).float()


def supervise_reference(
    features: Tensor,
    origins: Tensor | None,
    handles: Tensor,
    targets: Tensor,
    active: Tensor,
    offsets: Tensor,
    *,
    speed_px: float,
    stop_px: float,
    map_size: list[int],
    image_size: list[int],
) -> Tensor:
    """The signs of the differences, scattered to the four samples around each q + d."""
    batch, channels, h, w = features.shape
    q = handles[:, None] + offsets
    moved = q + clipped_motions(handles, targets, speed_px)[:, None]
    still_at = held_corners(q, features, origins, map_size, image_size)
    index, weight = held_corners(moved, features, origins, map_size, image_size)
    here, there = gather_bilinear(features, *still_at), gather_bilinear(features, index, weight)
    share = pulling(handles, targets, active, stop_px) / (offsets.shape[0] * channels)
    signs = (there - here).sign() * share.to(there.dtype)[:, None, None]
    rows = torch.zeros(batch * h * w, channels, dtype=signs.dtype, device=signs.device)
    spread = weight.to(signs.dtype)[..., None] * signs[..., None, :]
    rows.index_add_(0, index.flatten(), spread.reshape(-1, channels))
    return rows.to(features.dtype).view(batch, h, w, channels).permute(0, 3, 1, 2)


@torch.library.custom_op("draglive::supervise", mutates_args=())
def supervise(
    features: Tensor,
    origins: Tensor | None,
    handles: Tensor,
    targets: Tensor,
    active: Tensor,
    offsets: Tensor,
    *,
    speed_px: float,
    stop_px: float,
    map_size: list[int],
    image_size: list[int],
) -> Tensor:
    """The pull (see the module's contract)."""
    return supervise_reference(
        features,
        origins,
        handles,
        targets,
        active,
        offsets,
        speed_px=speed_px,
        stop_px=stop_px,
        map_size=map_size,
        image_size=image_size,
    )


@supervise.register_fake
def _(
    features: Tensor,
    origins: Tensor | None,
    handles: Tensor,
    targets: Tensor,
    active: Tensor,
    offsets: Tensor,
    *,
    speed_px: float,
    stop_px: float,
    map_size: list[int],
    image_size: list[int],
) -> Tensor:
    batch, channels, h, w = features.shape
    return features.new_empty(batch, h, w, channels).permute(0, 3, 1, 2)
