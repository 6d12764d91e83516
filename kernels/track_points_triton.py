"""Point tracking on a card: twin of `track_points`, one launch for all points.

Programs share a point's candidates among them; the last to arrive takes the best of them all.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803, PLR0124

import torch
import triton
import triton.language as tl
from torch import Tensor

from .sampling_triton import on_map, sample_bilinear

CANDIDATES = 16  # of one program
CHANNELS = 64  # at a time, at most


@triton.jit(do_not_specialize=["count", "height", "width", "map_height", "map_width"])
def track_kernel(
    features,
    origins,
    handles,
    references,
    following,
    offsets,
    costs,
    arrivals,
    count,
    image_height,
    image_width,
    ratio_x,
    ratio_y,
    map_height,
    map_width,
    height,
    width,
    C: tl.constexpr,
    SQUARED: tl.constexpr,
    WINDOWS: tl.constexpr,
    BK: tl.constexpr,
    BC: tl.constexpr,
    ALL: tl.constexpr,
):
    """Move the handles that follow, in place: grid (tiles of candidates, points)."""
    point = tl.program_id(1)
    k = tl.program_id(0) * BK + tl.arange(0, BK)
    held = k < count
    px = tl.load(handles + 2 * point)
    py = tl.load(handles + 2 * point + 1)
    x = px + tl.load(offsets + 2 * k, mask=held, other=0.0)
    y = py + tl.load(offsets + 2 * k + 1, mask=held, other=0.0)
    window = 0
    x0 = 0
    y0 = 0
    if WINDOWS:
        window = point
        x0 = tl.load(origins + 2 * point)
        y0 = tl.load(origins + 2 * point + 1)
    u = on_map(x, ratio_x, map_width)
    v = on_map(y, ratio_y, map_height)
    cost = tl.zeros([BK], tl.float32)
    for first in range(0, C, BC):
        c = first + tl.arange(0, BC)
        value = sample_bilinear(
            features, u, v, c, held, window, x0, y0, map_height, map_width, height, width, C
        )
        value -= tl.load(references + point * C + c)[None, :]
        cost += tl.sum(value * value if SQUARED else tl.abs(value), 1)
    # A handle between the outermost pixel's centre and the picture's edge keeps itself.
    inside = (x >= -0.5) & (x <= image_width - 0.5) & (y >= -0.5) & (y <= image_height - 0.5)
    cost = tl.where(inside & (cost == cost), cost, float("inf"))
    tl.store(costs + point * ALL + k, cost, mask=held)
    tl.debug_barrier()  # all are written before one thread says so
    if tl.atomic_add(arrivals + point, 1) == tl.num_programs(0) - 1:
        tl.store(arrivals + point, 0)
        each = tl.arange(0, ALL)
        cost_of = costs + point * ALL + each
        found = tl.load(cost_of, mask=each < count, other=float("inf"), cache_modifier=".cg")
        best = tl.argmin(found, 0, tie_break_left=True)
        if tl.load(following + point) != 0:
            tl.store(handles + 2 * point, px + tl.load(offsets + 2 * best))
            tl.store(handles + 2 * point + 1, py + tl.load(offsets + 2 * best + 1))


class Tracking:
    """Tracking in features of one shape.

    Args:
        features: [B, C, h, w], channels-last, the buffer that every step's features are in.
        offsets: float32 [K, 2], the square, nearest first.
        points: capacity P.
        squared: False: L1 distance, True: L2.
        map_size: (h, w) of the whole map.
        image_size: (H, W) of the picture.
    """

    def __init__(
        self,
        features: Tensor,
        offsets: Tensor,
        *,
        points: int,
        squared: bool,
        map_size: list[int],
        image_size: list[int],
    ) -> None:
        self._features, self._offsets, self._squared = features, offsets, squared
        self._map_size, self._image_size = map_size, image_size
        self._ratios = map_size[1] / image_size[1], map_size[0] / image_size[0]
        self._all = triton.next_power_of_2(offsets.shape[0])
        self._costs = torch.empty(points, self._all, device=features.device)
        self._arrivals = torch.zeros(points, dtype=torch.int32, device=features.device)

    def follow(
        self, origins: Tensor | None, handles: Tensor, references: Tensor, following: Tensor
    ) -> None:
        """Move `handles` in place (see the contract of `track_points`)."""
        _, channels, h, w = self._features.shape
        count = self._offsets.shape[0]
        track_kernel[(triton.cdiv(count, CANDIDATES), handles.shape[0])](
            self._features, handles if origins is None else origins, handles, references,
            following.view(torch.int8), self._offsets, self._costs, self._arrivals, count,
            *self._image_size, *self._ratios, *self._map_size, h, w, channels, self._squared,
            origins is not None, CANDIDATES, min(channels & -channels, CHANNELS), self._all,
        )  # fmt: skip
