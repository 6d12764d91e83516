"""What a person is told of the points: where they are, how far they have to go, whether to trust.

Contract
    features    [1, C, h, w], the whole map, or [P, C, n, n], a window of it for each point
    origins     int32 [P, 2], (x, y) where the windows begin; None: the whole map
    handles     float32 [P, 2], (x, y) image pixels
    targets     float32 [P, 2]
    active      bool [P]
    fresh       bool [P], handles whose reference was not taken yet
    references  float32 [P, C], what the handles look for; [P, 0] before any was taken
    ws          float32, w+ that the features are of, any shape
    stop_px     a point nearer to its target than this, or at it, has arrived
    map_size    (h, w) of the whole map
    image_size  (H, W)
    returns     float32 [P, 5]: handle x, y; distance left, NaN where any of w+ is not finite;
                1 where the point is still to move, else 0; trust
Trust is the cosine between the features under the handle and its reference, at least 0; 1 where
there is no reference yet. No host sync, no gradient.
"""

import torch
from torch import Tensor

from .register import register
from .sampling import gather_bilinear, held_corners
from .supervise import pulling


def report_points_reference(
    features: Tensor,
    origins: Tensor | None,
    handles: Tensor,
    targets: Tensor,
    active: Tensor,
    fresh: Tensor,
    references: Tensor,
    ws: Tensor,
    *,
    stop_px: float,
    map_size: list[int],
    image_size: list[int],
) -> Tensor:
    """The report in plain torch: the truth for every twin."""
    left = (targets - handles).norm(dim=1) + 0 * ws.sum()
    moving = pulling(handles, targets, active, stop_px)
    trust = torch.ones_like(left)
    if references.shape[1] > 0:
        places = handles.nan_to_num()[:, None]
        index, weight = held_corners(places, features, origins, map_size, image_size)
        here = gather_bilinear(features, index, weight)[:, 0].float()
        like = torch.nn.functional.cosine_similarity(here, references.float(), dim=1)
        trust = torch.where(fresh, 1.0, like.clamp(0, 1))
    return torch.cat([handles, left[:, None], moving[:, None], trust[:, None]], dim=1)


report_points = register(
    "report_points",
    report_points_reference,
    lambda features, origins, handles, *_, **__: handles.new_empty(handles.shape[0], 5),
)
