"""The points' report on a card: twin of `report_points`, one launch in place of 75 small ones."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803, PLR0124

import torch
import triton
import triton.language as tl
from torch import Tensor

from .report_points import report_points_reference
from .sampling_triton import covers, distance_left, on_map, pulls, sample_bilinear

CHANNELS = 128  # at a time, at most
NUMBERS = 1024  # of w+, at a time
COLUMNS = tl.constexpr(5)
LEAST = tl.constexpr(1e-16)  # square of the lengths' product: below it the cosine is smaller


@triton.jit(do_not_specialize=["height", "width", "map_height", "map_width"])
def report_kernel(
    features,
    origins,
    handles,
    targets,
    active,
    fresh,
    references,
    ws,
    report,
    stop_px,
    ratio_x,
    ratio_y,
    map_height,
    map_width,
    height,
    width,
    N: tl.constexpr,
    C: tl.constexpr,
    WINDOWS: tl.constexpr,
    BC: tl.constexpr,
    BN: tl.constexpr,
):
    """One row of the report, of w+ [N]: grid (points)."""
    point = tl.program_id(0)
    x = tl.load(handles + 2 * point)
    y = tl.load(handles + 2 * point + 1)
    _, _, left = distance_left(handles, targets, point)
    lost = tl.zeros([BN], tl.float32)
    for first in range(0, N, BN):
        i = first + tl.arange(0, BN)
        w = tl.load(ws + i, mask=i < N, other=0.0)
        lost += tl.where(tl.abs(w) < float("inf"), 0.0, float("nan"))
    left += tl.sum(lost, 0)
    moving = pulls(handles, targets, active, stop_px, point)
    window = 0
    x0 = 0
    y0 = 0
    if WINDOWS:
        window = point
        x0 = tl.load(origins + 2 * point)
        y0 = tl.load(origins + 2 * point + 1)
    one = tl.arange(0, 1)
    u = on_map(tl.where(x == x, x, 0.0) + one, ratio_x, map_width)
    v = on_map(tl.where(y == y, y, 0.0) + one, ratio_y, map_height)
    both = tl.zeros([BC], tl.float32)
    here = tl.zeros([BC], tl.float32)
    there = tl.zeros([BC], tl.float32)
    for first in range(0, C, BC):
        c = first + tl.arange(0, BC)
        value = sample_bilinear(
            features, u, v, c, one == 0, window, x0, y0, map_height, map_width, height, width, C
        )
        value = tl.sum(value, 0)
        reference = tl.load(references + point * C + c)
        both += value * reference
        here += value * value
        there += reference * reference
    lengths = tl.maximum(tl.sum(here, 0) * tl.sum(there, 0), LEAST)
    trust = tl.sum(both, 0) / tl.sqrt(lengths)
    trust = tl.where(trust < 0.0, 0.0, tl.where(trust > 1.0, 1.0, trust))
    trust = tl.where(tl.load(fresh + point) != 0, 1.0, trust)
    row = report + COLUMNS * point
    tl.store(row, x)
    tl.store(row + 1, y)
    tl.store(row + 2, left)
    tl.store(row + 3, moving.to(tl.float32))
    tl.store(row + 4, trust)


def report_points_triton(
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
    """See the contract of `report_points`."""
    points = handles, targets, active, fresh, references, ws
    _, channels, h, w = features.shape
    if not covers(features) or references.shape[1] != channels:
        return report_points_reference(
            features, origins, *points, stop_px=stop_px, map_size=map_size, image_size=image_size
        )
    report = handles.new_empty(handles.shape[0], COLUMNS.value)
    handles, *others, references, ws = (tensor.contiguous() for tensor in points)
    ratios = map_size[1] / image_size[1], map_size[0] / image_size[0]
    report_kernel[(handles.shape[0],)](
        features.contiguous(memory_format=torch.channels_last),
        handles if origins is None else origins.contiguous(), handles,
        *(t.view(torch.int8) if t.dtype == torch.bool else t for t in others),
        references.float(), ws, report, stop_px, *ratios, *map_size, h, w, ws.numel(), channels,
        origins is not None, min(channels & -channels, CHANNELS), NUMBERS,
    )  # fmt: skip
    return report
