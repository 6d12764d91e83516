"""Adam on coordinates of w+ on a card: twin of `adam.adam_along`, in three launches.

dL/dw of all layers that move; their coordinates' slopes and step; what that is in w+. The products
are small: a program makes all rows of a few columns.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803

import math

import torch
import triton
import triton.language as tl
from torch import Tensor

from .adam_triton import moved
from .styles_triton import Styles

COLUMNS, DEPTH = 16, 64  # of a program's product: made, and added at a time
FEWEST = 16  # rows of a product


@triton.jit
def turn_kernel(
    slopes,
    mixing,
    directions,
    changes,
    mean,
    square,
    count,
    step_size,
    rows,
    live,
    momentum,
    log_momentum,
    layers,
    N: tl.constexpr,
    W: tl.constexpr,
    BN: tl.constexpr,
    BW: tl.constexpr,
    BK: tl.constexpr,
):
    """Changes of coordinates [N, W] from slopes [layers, W] to w: grid (tiles of coordinates)."""
    n = tl.arange(0, BN)
    j = tl.program_id(0) * BW + tl.arange(0, BW)
    total = tl.zeros([BN, BW], tl.float32)
    for first in range(0, W, BK):
        k = first + tl.arange(0, BK)
        here = (n[:, None] < layers) & (k[None, :] < W)
        slope = tl.load(slopes + n[:, None] * W + k[None, :], mask=here, other=0.0)
        there = (k[:, None] < W) & (j[None, :] < W)
        axes = tl.load(directions + k[:, None] * W + j[None, :], mask=there, other=0.0)
        total = tl.dot(slope, axes, total, input_precision="ieee")
    both = (n[:, None] < N) & (n[None, :] < N)
    mixed = tl.load(mixing + n[:, None] * N + n[None, :], mask=both, other=0.0)
    row = tl.load(rows + n, mask=n < N, other=0.0)[:, None]
    slope = tl.dot(mixed, total, input_precision="ieee") * row
    held = (n[:, None] < N) & (j[None, :] < W)
    i = n[:, None] * W + j[None, :]
    one = tl.load(mean + i, mask=held, other=0.0)
    two = tl.load(square + i, mask=held, other=0.0)
    if tl.load(live) != 0:
        steps = tl.load(count) + 1
        rate = tl.load(step_size) * row
        change, one, two = moved(
            tl.zeros([BN, BW], tl.float32), slope, one, two, steps, rate, momentum, log_momentum
        )
        tl.store(mean + i, one, mask=held)
        tl.store(square + i, two, mask=held)
        tl.store(changes + i, change, mask=held)


@triton.jit
def move_kernel(
    changes,
    mixing,
    directions,
    value,
    live,
    layers,
    N: tl.constexpr,
    W: tl.constexpr,
    BN: tl.constexpr,
    BW: tl.constexpr,
    BK: tl.constexpr,
):
    """Value [layers, W] += mixingᵀ · changes · directionsᵀ: grid (tiles of w)."""
    if tl.load(live) != 0:
        n = tl.arange(0, BN)
        j = tl.program_id(0) * BW + tl.arange(0, BW)
        total = tl.zeros([BN, BW], tl.float32)
        for first in range(0, W, BK):
            k = first + tl.arange(0, BK)
            here = (n[:, None] < N) & (k[None, :] < W)
            change = tl.load(changes + n[:, None] * W + k[None, :], mask=here, other=0.0)
            there = (k[:, None] < W) & (j[None, :] < W)
            axes = tl.load(directions + j[None, :] * W + k[:, None], mask=there, other=0.0)
            total = tl.dot(change, axes, total, input_precision="ieee")
        both = (n[:, None] < N) & (n[None, :] < N)
        mixed = tl.load(mixing + n[None, :] * N + n[:, None], mask=both, other=0.0)
        step = tl.dot(mixed, total, input_precision="ieee")
        i = n[:, None] * W + j[None, :]
        held = (n[:, None] < layers) & (j[None, :] < W)
        tl.store(value + i, tl.load(value + i, mask=held, other=0.0) + step, mask=held)


class TritonAdamAlong:
    """The optimiser of the first rows of w+ along axes of theirs.

    Args:
        styles: with the affine maps and dL/dstyle.
        scale: what dL/dstyle is to be multiplied by.
        axes: mixing, float32 [num_ws, num_ws], and directions, float32 [W, W].
        value: float32 [num_ws, W], changed in place; only rows that have styles may move.
        mean: float32 [num_ws, W], the first moment of coordinates, changed.
        square: float32 [num_ws, W], the second moment, changed.
        count: float32 scalar, steps made.
        step_size: float32 scalar.
        rows: float32 [num_ws, 1], 1 = coordinates that move.
        momentum: β1.
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
    ) -> None:
        self._styles, self._scale, self._axes = styles, scale, axes
        self._value = value
        self._moments = mean, square, count, step_size, rows
        self._momentum = momentum, math.log(momentum)
        self._changes = torch.zeros_like(value)

    def update(self, live: Tensor) -> None:
        """One step if `live`, a float32 scalar, is 1; nothing changes, bitwise, if it is 0."""
        count, width = self._value.shape
        layers = self._styles.layers
        tiles = max(triton.next_power_of_2(count), FEWEST), COLUMNS, DEPTH
        slopes = self._styles.latent_gradient(self._scale)
        grid = (triton.cdiv(width, COLUMNS),)
        turn_kernel[grid](
            slopes, *self._axes, self._changes, *self._moments, live, *self._momentum, layers,
            count, width, *tiles,
        )  # fmt: skip
        move_kernel[grid](
            self._changes, *self._axes, self._value, live, layers, count, width, *tiles
        )
