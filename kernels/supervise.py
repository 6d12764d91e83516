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

from torch import Tensor

from .motion_supervision import clipped_motions, scattered_empty, scattered_signs
from .register import register


def pulling(handles: Tensor, targets: Tensor, active: Tensor, stop_px: float) -> Tensor:
    """1 for each point that is still to move, else 0: float32 [P]."""
    far: Tensor = (targets - handles).norm(dim=1) > stop_px
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
    """The gradient of the paper's loss with its own motions and weights: the truth for twins."""
    motions = clipped_motions(handles, targets, speed_px)
    weights = pulling(handles, targets, active, stop_px)
    return scattered_signs(
        features,
        origins,
        handles,
        motions,
        weights,
        offsets,
        map_size=map_size,
        image_size=image_size,
    )


supervise = register("supervise", supervise_reference, scattered_empty)
