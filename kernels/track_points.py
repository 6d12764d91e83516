"""Point tracking: where each handle's patch went, by nearest neighbour in feature space.

Equation 2 of DragGAN (section 3.3): p_i ← argmin over q in the square of half side r2 around p_i
of ‖F(q) − f_i‖, with f_i the reference feature that the handle was created with.

Contract
    features    [1, C, h, w], the whole map, or [P, C, n, n], a window of it for each point
    origins     int32 [P, 2], (x, y) where the windows begin; None: the whole map
    handles     float32 [P, 2], (x, y) image pixels
    references  float32 [P, C], the f_i
    following   bool [P]; the other handles stay
    offsets     float32 [K, 2], the square, nearest first (`sampling.square_offsets`)
    squared     False: L1 distance, True: L2
    map_size    (h, w) of the whole map
    image_size  (H, W)
    returns     float32 [P, 2], the handles moved by whole pixels
Candidates off the picture, or whose features are NaN, are never taken. Among equals the one that
moves least wins, then the first in row-major order, so ties are the same on every device. No host
sync, no gradient.
"""

import torch
from torch import Tensor

from .register import register
from .sampling import gather_bilinear, held_corners


def track_points_reference(
    features: Tensor,
    origins: Tensor | None,
    handles: Tensor,
    references: Tensor,
    following: Tensor,
    offsets: Tensor,
    *,
    squared: bool,
    map_size: list[int],
    image_size: list[int],
) -> Tensor:
    """The search as the paper writes it: the truth for every twin."""
    q = handles[:, None] + offsets  # [P, K, 2]
    index, weight = held_corners(q, features, origins, map_size, image_size)
    difference = gather_bilinear(features, index, weight) - references[:, None]
    cost = (difference.square() if squared else difference.abs()).sum(dim=-1)
    # A handle between the outermost pixel's centre and the picture's edge keeps itself.
    height, width = image_size
    x, y = q.unbind(dim=-1)
    inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    best = cost.masked_fill(~inside | cost.isnan(), torch.inf).argmin(dim=1)
    return torch.where(following[:, None], handles + offsets[best], handles)


track_points = register(
    "track_points",
    track_points_reference,
    lambda features, origins, handles, *_, **__: torch.empty_like(handles),
)
