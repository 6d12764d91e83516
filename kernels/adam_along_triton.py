"""Adam on coordinates of w+ on a card: twin of `adam.adam_along`, in two launches.

Affine maps and directions are both constant, so their product is made once: from dL/dstyle it leads
straight to the coordinates' slopes. The first launch makes those and their step, the second what
that is in w+; a program makes all rows of a few columns.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803

import math

import torch
import triton
import triton.language as tl
from torch import Tensor

from .adam_triton import LOG_SECOND, TINY, followed, one_minus_power
from .styles_triton import Styles

COLUMNS = 4  # of a program


@triton.jit
def turn_kernel(
    slopes,
    turned,
    mixing,
    changes,
    mean,
    square,
    count,
    step_size,
    rows,
    live,
    momentum,
    log_momentum,
    scale,
    LAYERS: tl.constexpr,
    N: tl.constexpr,
    W: tl.constexpr,
    C: tl.constexpr,
    BN: tl.constexpr,
    BW: tl.constexpr,
    BC: tl.constexpr,
):
    """Changes of coordinates [N, W], times their spread, from dL/dstyle [LAYERS, C].

    Grid: tiles of coordinates. Turned is [LAYERS, W, C]: what a coordinate does to the styles.
    """
    n = tl.arange(0, BN)
    j = tl.program_id(0) * BW + tl.arange(0, BW)
    c = tl.arange(0, BC)
    total = tl.zeros([BN, BW], tl.float32)
    for layer in tl.static_range(LAYERS):
        there = (j[:, None] < W) & (c[None, :] < C)
        spot = (layer * W + j)[:, None] * C + c[None, :]
        matrix = tl.load(turned + spot, mask=there, other=0.0).to(tl.float32)
        style = tl.load(slopes + layer * C + c, mask=c < C, other=0.0)
        mixed = tl.load(mixing + n * N + layer, mask=n < N, other=0.0)
        total += mixed[:, None] * tl.sum(matrix * style[None, :], 1)[None, :]
    row = tl.load(rows + n, mask=n < N, other=0.0)[:, None]
    held = (n[:, None] < N) & (j[None, :] < W)
    i = n[:, None] * W + j[None, :]
    one = tl.load(mean + i, mask=held, other=0.0)
    two = tl.load(square + i, mask=held, other=0.0)
    if tl.load(live) != 0:
        steps = tl.load(count) + 1
        one, two = followed(total * (scale * row), one, two, momentum)
        change = -one / one_minus_power(log_momentum, steps) * (tl.load(step_size) * row)
        tl.store(mean + i, one, mask=held)
        tl.store(square + i, two, mask=held)
        tl.store(changes + i, change, mask=held)


@triton.jit
def move_kernel(
    changes,
    mixing,
    directions,
    value,
    square,
    count,
    rows,
    live,
    common,
    LAYERS: tl.constexpr,
    N: tl.constexpr,
    W: tl.constexpr,
    BN: tl.constexpr,
    BW: tl.constexpr,
    BK: tl.constexpr,
):
    """Value [LAYERS, W] += mixingᵀ · (changes / spread) · directionsᵀ: grid (tiles of w)."""
    n = tl.arange(0, BN)
    j = tl.program_id(0) * BW + tl.arange(0, BW)
    k = tl.arange(0, BK)
    there = (j[:, None] < W) & (k[None, :] < W)
    axes = tl.load(directions + j[:, None] * W + k[None, :], mask=there, other=0.0)
    if tl.load(live) != 0:
        second = one_minus_power(LOG_SECOND, tl.load(count) + 1)
        numbers = tl.sum(tl.load(rows + n, mask=n < N, other=0.0)) * W
        total = tl.zeros([BK], tl.float32)
        for row in tl.static_range(LAYERS):
            total += tl.load(square + row * W + k, mask=k < W, other=0.0)
        whole = tl.sqrt(tl.sum(total) / numbers / second)
        step = tl.zeros([BN, BW], tl.float32)
        for row in tl.static_range(LAYERS):
            own = tl.sqrt(tl.load(square + row * W + k, mask=k < W, other=0.0) / second)
            spread = own + (whole - own) * common + TINY
            change = tl.load(changes + row * W + k, mask=k < W, other=0.0) / spread
            mixed = tl.load(mixing + row * N + n, mask=n < N, other=0.0)
            step += mixed[:, None] * tl.sum(axes * change[None, :], 1)[None, :]
        i = n[:, None] * W + j[None, :]
        held = (n[:, None] < LAYERS) & (j[None, :] < W)
        tl.store(value + i, tl.load(value + i, mask=held, other=0.0) + step, mask=held)


class TritonAdamAlong:
    """The optimiser of the first rows of w+ along axes of theirs.

    Args:
        styles: with the affine maps and dL/dstyle.
        scale: what dL/dstyle is to be multiplied by.
        axes: mixing, float32 [num_ws, num_ws], of rows that have styles, and directions, float32
            [W, W].
        value: float32 [num_ws, W], changed in place; only rows that have styles may move.
        mean: float32 [num_ws, W], the first moment of coordinates, changed.
        square: float32 [num_ws, W], the second moment, changed.
        count: float32 scalar, steps made.
        step_size: float32 scalar.
        rows: float32 [num_ws, 1], 1 = coordinates that move.
        momentum: β1.
        common: share of the spread that coordinates have in common.
    """

    def __init__(
        self,
        styles: Styles,
        scale: float,
        *,
        axes: tuple[Tensor, Tensor],
        value: Tensor,
        mean: Tensor,
        square: Tensor,
        count: Tensor,
        step_size: Tensor,
        rows: Tensor,
        momentum: float,
        common: float = 0.0,
    ) -> None:
        self._styles, self._scale, self._axes = styles, scale, axes
        turned = styles.affine.double() @ axes[1].double()
        self._turned = turned.transpose(1, 2).to(styles.affine.dtype).contiguous()
        self._value = value
        self._moments = mean, square, count, step_size, rows
        self._momentum, self._common = (momentum, math.log(momentum)), common
        self._changes = torch.zeros_like(value)

    def update(self, live: Tensor) -> None:
        """One step if `live`, a float32 scalar, is 1; nothing changes, bitwise, if it is 0."""
        styles, (mixing, directions) = self._styles, self._axes
        rows, width = self._value.shape
        grid = (triton.cdiv(width, COLUMNS),)
        shape = styles.layers, rows, width
        _, square, count, _, held = self._moments
        tile = triton.next_power_of_2(rows), COLUMNS
        turn_kernel[grid](
            styles.slopes, self._turned, mixing, self._changes, *self._moments, live,
            *self._momentum, self._scale, *shape, styles.c, *tile, styles.wide,
        )  # fmt: skip
        move_kernel[grid](
            self._changes, mixing, directions, self._value, square, count, held, live,
            self._common, *shape, *tile, triton.next_power_of_2(width),
        )  # fmt: skip
