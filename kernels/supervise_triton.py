"""The pull of a step on a card: twin of `supervise`, and of the mask term's gradient, in one.

Each program makes a tile of dL/dF whole: it samples the discs that can touch it, takes the signs
of their differences, and sums what every position gives to its samples as one small product. So
nothing is cleared first and nothing added atomically: the same bits every time.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803

import torch
import triton
import triton.language as tl
from torch import Tensor

from .modulated_conv_triton import GAIN, LEAK
from .sampling_triton import distance_left, on_map, pulls, sample_bilinear

DISC_BLOCK = 32  # positions at a time
CHANNELS = 32  # of one program, at most


@triton.jit
def scattered_signs(
    features,
    handles,
    targets,
    offsets,
    point,
    held_by,
    x0,
    y0,
    x,
    y,
    c,
    speed_px,
    count,
    ratio_x,
    ratio_y,
    map_height,
    map_width,
    height,
    width,
    C: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
):
    """Of one point's disc: the signs of F(q+d) - F(q), each times the share of sample (x, y)."""
    dx, dy, far = distance_left(handles, targets, point)
    move = speed_px / tl.maximum(far, speed_px)
    px = tl.load(handles + 2 * point)
    py = tl.load(handles + 2 * point + 1)
    total = tl.zeros([BM, BN], tl.float32)
    done = 0
    while done < count:
        k = done + tl.arange(0, BK)
        held = k < count
        qx = px + tl.load(offsets + 2 * k, mask=held, other=0.0)
        qy = py + tl.load(offsets + 2 * k + 1, mask=held, other=0.0)
        here = sample_bilinear(
            features, on_map(qx, ratio_x, map_width), on_map(qy, ratio_y, map_height), c, held,
            held_by, x0, y0, map_height, map_width, height, width, C,
        )  # fmt: skip
        u = on_map(qx + dx * move, ratio_x, map_width)
        v = on_map(qy + dy * move, ratio_y, map_height)
        there = sample_bilinear(
            features, u, v, c, held, held_by, x0, y0, map_height, map_width, height, width, C
        )
        sign = tl.where(there > here, 1.0, tl.where(there < here, -1.0, 0.0))
        share = tl.maximum(1.0 - tl.abs(u[None, :] - x[:, None]), 0.0)
        share *= tl.maximum(1.0 - tl.abs(v[None, :] - y[:, None]), 0.0)
        total = tl.dot(share, sign, total, input_precision="ieee")
        done += BK
    return total


@triton.jit(do_not_specialize=["count", "height", "width", "map_height", "map_width", "points"])
def pull_kernel(
    features,
    origins,
    handles,
    targets,
    active,
    offsets,
    anchor,
    keep,
    mask_weight,
    gradient,
    live,
    count,
    speed_px,
    stop_px,
    reach_px,
    clamp,
    scale,
    ratio_x,
    ratio_y,
    map_height,
    map_width,
    height,
    width,
    points,
    C: tl.constexpr,
    WINDOWS: tl.constexpr,
    MASKED: tl.constexpr,
    SUMS: tl.constexpr,
    BM: tl.constexpr,
    BN: tl.constexpr,
    BK: tl.constexpr,
):
    """dL/dF: grid (tiles of a window's or the map's samples, channel tiles, windows).

    SUMS: instead the gradient of what leaky ReLU and `clamp` made the features of, times `scale`.
    Without WINDOWS the one map is held, and tiles skip the points farther away than `reach_px`.
    The first program says in `live` whether any point pulls, 1 or 0.
    """
    inner = tl.program_id(0) * BM + tl.arange(0, BM)
    c = tl.program_id(1) * BN + tl.arange(0, BN)
    window = tl.program_id(2)
    area = height * width
    total = tl.zeros([BM, BN], tl.float32)
    x0 = 0
    y0 = 0
    if WINDOWS:
        x0 = tl.load(origins + 2 * window)
        y0 = tl.load(origins + 2 * window + 1)
    x = x0 + inner % width
    y = y0 + inner // width
    point = window
    end = window + 1 if WINDOWS else points
    while point < end:
        px = tl.load(handles + 2 * point)
        py = tl.load(handles + 2 * point + 1)
        near = (x > on_map(px - reach_px, ratio_x, map_width) - 1) & (inner < area)
        near &= x < on_map(px + reach_px, ratio_x, map_width) + 1
        near &= y > on_map(py - reach_px, ratio_y, map_height) - 1
        near &= y < on_map(py + reach_px, ratio_y, map_height) + 1
        near = tl.max(near.to(tl.int32), 0) > 0
        if near & pulls(handles, targets, active, stop_px, point):
            signs = scattered_signs(
                features, handles, targets, offsets, point, window, x0, y0, x, y, c, speed_px,
                count, ratio_x, ratio_y, map_height, map_width, height, width, C, BM, BN, BK,
            )  # fmt: skip
            total += signs / (count * C).to(tl.float32)
        point += 1
    spot = (window * area + inner)[:, None] * C + c[None, :]
    held = (inner < area)[:, None]
    value = total
    if MASKED or SUMS:
        value = tl.load(features + spot, mask=held, other=0.0).to(tl.float32)
    if MASKED:
        before = tl.load(anchor + spot, mask=held, other=0.0).to(tl.float32)
        sign = tl.where(value > before, 1.0, tl.where(value < before, -1.0, 0.0))
        stays = tl.load(keep + inner, mask=inner < area, other=0.0)
        stays *= tl.load(mask_weight) / (area * C).to(tl.float32)
        total += sign * stays[:, None]
    if SUMS:
        inside = held & ((x >= 0) & (x < map_width) & (y >= 0) & (y < map_height))[:, None]
        slope = tl.where(value > 0, GAIN, GAIN * LEAK)
        total = tl.where(inside & (tl.abs(value) < clamp), total * slope * scale, 0.0)
    tl.store(gradient + spot, total.to(gradient.dtype.element_ty), mask=held)
    if (tl.program_id(0) == 0) & (tl.program_id(1) == 0) & (window == 0):
        any_pulls = 0.0
        other = 0
        while other < points:
            any_pulls = tl.where(pulls(handles, targets, active, stop_px, other), 1.0, any_pulls)
            other += 1
        tl.store(live, any_pulls)


class Supervision:
    """Motion supervision and the mask term for features of one shape; owns the gradient.

    Args:
        features: [B, C, h, w], channels-last, the buffer that every step's features are in.
        offsets: float32 [K, 2], the disc.
        speed_px: length of the supervised motion.
        stop_px: nearer to its target than this, a point has arrived.
        map_size: (h, w) of the whole map.
        image_size: (H, W) of the picture.
        sums: None: the pull is dL/dF in float32. Otherwise where to leave, in the features' dtype
            and order, the gradient of what leaky ReLU and a clamp made the features of: the buffer,
            the clamp, and what to multiply by.
    """

    def __init__(
        self,
        features: Tensor,
        offsets: Tensor,
        *,
        speed_px: float,
        stop_px: float,
        map_size: list[int],
        image_size: list[int],
        sums: tuple[Tensor, float, float] | None = None,
    ) -> None:
        self._features, self._offsets = features, offsets
        self._speed_px, self._stop_px = speed_px, stop_px
        self._reach_px = int(offsets.shape[0] ** 0.5) + speed_px  # wider than the disc
        self._map_size = map_size
        self._ratios = map_size[1] / image_size[1], map_size[0] / image_size[0]
        batch, channels, h, w = features.shape
        gradient = torch.empty(batch, h, w, channels, device=features.device)
        self._sums = sums is not None
        self.gradient, self._clamp, self._scale = sums or (gradient.permute(0, 3, 1, 2), 0.0, 1.0)
        self.live = torch.zeros([], device=features.device)  # whether a point pulled, 1 or 0

    def pull(
        self,
        origins: Tensor | None,
        handles: Tensor,
        targets: Tensor,
        active: Tensor,
        mask: tuple[Tensor, Tensor, Tensor] | None = None,
    ) -> Tensor:
        """dL/dF, float32, in its own buffer (see the contract of `supervise`), or see `sums`.

        Args:
            origins: int32 [P, 2] where windows are held, None where the whole map is.
            handles: float32 [P, 2].
            targets: float32 [P, 2].
            active: bool [P].
            mask: with the whole map: the anchor (features [1, C, h, w]), what must stay (float32
                [h, w]) and the term's weight (float32 scalar).
        """
        batch, channels, h, w = self._features.shape
        bn = min(channels & -channels, CHANNELS)
        unused = self._features, handles, handles
        pull_kernel[(triton.cdiv(h * w, 64), channels // bn, batch)](
            self._features, handles if origins is None else origins, handles, targets,
            active.view(torch.int8), self._offsets, *(unused if mask is None else mask),
            self.gradient, self.live, self._offsets.shape[0], self._speed_px, self._stop_px,
            self._reach_px, self._clamp, self._scale, *self._ratios, *self._map_size, h, w,
            handles.shape[0], channels, origins is not None, mask is not None, self._sums, 64, bn,
            DISC_BLOCK,
        )  # fmt: skip
        return self.gradient
