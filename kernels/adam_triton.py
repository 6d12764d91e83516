"""Adam on a card: twin of `adam`, together with the last product of the gradient that it follows.

dL/dw = affineᵀ · dL/dstyle comes out of one program for each few elements of w, which goes on and
moves them. The count of steps goes up later, after all have read it (`windows_triton`).
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803

import math

import triton
import triton.language as tl
from torch import Tensor

from .adam import BETA1, BETA2, EPS
from .styles_triton import Styles, latent_gradient

SECOND = tl.constexpr(BETA2)
LOG_SECOND = tl.constexpr(math.log(BETA2))
TINY = tl.constexpr(EPS)
PLAIN_BLOCK = 256


@triton.jit
def one_minus_power(log_beta, steps):
    """1 − βⁿ without cancellation, as −expm1(n·log β)."""
    x = log_beta * steps
    series = -x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5 * (1 + x / 6)))))
    return tl.where(x > -0.25, series, 1 - tl.exp(x))


@triton.jit
def followed(slope, first, second, momentum):
    """Both moments after a slope."""
    first += (slope - first) * (1 - momentum)
    second += (slope * slope - second) * (1 - SECOND)
    return first, second


@triton.jit
def moved(value, slope, first, second, steps, rate, momentum, log_momentum):
    """The value and both moments after the step that makes the count `steps`."""
    first, second = followed(slope, first, second, momentum)
    spread = tl.sqrt(second / one_minus_power(LOG_SECOND, steps)) + TINY
    value -= first / one_minus_power(log_momentum, steps) / spread * rate
    return value, first, second


@triton.jit
def adam_kernel(
    slopes,
    affine,
    value,
    mean,
    square,
    count,
    step_size,
    rows,
    live,
    momentum,
    log_momentum,
    scale,
    W: tl.constexpr,
    C: tl.constexpr,
    WIDE: tl.constexpr,
    BW: tl.constexpr,
):
    """One step where `live` is not 0: grid (layers, tiles of w)."""
    layer = tl.program_id(0)
    j = tl.program_id(1) * BW + tl.arange(0, BW)
    held = j < W
    i = layer * W + j
    row = tl.load(rows + layer)  # all loads first: they do not wait for the product's barrier
    steps = tl.load(count) + 1
    first = tl.load(mean + i, mask=held, other=0.0)
    second = tl.load(square + i, mask=held, other=0.0)
    now = tl.load(value + i, mask=held, other=0.0)
    rate = tl.load(step_size) * row
    moves = tl.load(live) != 0
    slope = latent_gradient(slopes, affine, layer, j, W, C, WIDE) * (scale * row)
    if moves:
        now, first, second = moved(now, slope, first, second, steps, rate, momentum, log_momentum)
        tl.store(mean + i, first, mask=held)
        tl.store(square + i, second, mask=held)
        tl.store(value + i, now, mask=held)


@triton.jit(do_not_specialize=["count"])
def plain_adam_kernel(
    gradient,
    value,
    mean,
    square,
    made,
    step_size,
    rows,
    live,
    momentum,
    log_momentum,
    count,
    N: tl.constexpr,
    W: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """One step where `live` is not 0, counted already: grid (tiles of w+)."""
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    held = i < count
    row = tl.load(rows + i // W % N, mask=held, other=0.0)
    slope = tl.load(gradient + i, mask=held, other=0.0) * row
    first = tl.load(mean + i, mask=held, other=0.0)
    second = tl.load(square + i, mask=held, other=0.0)
    now = tl.load(value + i, mask=held, other=0.0)
    if tl.load(live) != 0:
        rate = tl.load(step_size) * row
        now, first, second = moved(
            now, slope, first, second, tl.load(made), rate, momentum, log_momentum
        )
        tl.store(mean + i, first, mask=held)
        tl.store(square + i, second, mask=held)
        tl.store(value + i, now, mask=held)


def adam_triton(
    value: Tensor,
    gradient: Tensor,
    mean: Tensor,
    square: Tensor,
    count: Tensor,
    step_size: Tensor,
    rows: Tensor,
    live: Tensor,
    momentum: float = BETA1,
) -> None:
    """See the contract of `adam`; value and moments are contiguous."""
    count.add_(live)
    plain_adam_kernel[(triton.cdiv(value.numel(), PLAIN_BLOCK),)](
        gradient.contiguous(), value, mean, square, count, step_size, rows, live, momentum,
        math.log(momentum), value.numel(), *value.shape[-2:], PLAIN_BLOCK,
    )  # fmt: skip


class TritonAdam:
    """The optimiser of the first rows of w+, those that have styles.

    Args:
        styles: with the affine maps and dL/dstyle.
        scale: what dL/dstyle is to be multiplied by.
        value: float32 [num_ws, W], changed in place.
        mean: float32 [num_ws, W], the first moment, changed.
        square: float32 [num_ws, W], the second moment, changed.
        count: float32 scalar, steps made.
        step_size: float32 scalar.
        rows: float32 [num_ws, 1], 1 = optimised.
        momentum: β1.
    """

    def __init__(
        self,
        styles: Styles,
        scale: float,
        *,
        value: Tensor,
        mean: Tensor,
        square: Tensor,
        count: Tensor,
        step_size: Tensor,
        rows: Tensor,
        momentum: float = BETA1,
    ) -> None:
        self._styles, self._scale = styles, scale
        self._momentum = momentum, math.log(momentum)
        self._tensors = value, mean, square, count, step_size, rows

    def update(self, live: Tensor) -> None:
        """One step if `live`, a float32 scalar, is 1; nothing changes, bitwise, if it is 0."""
        styles = self._styles
        adam_kernel[(styles.layers, triton.cdiv(styles.w, styles.tile))](
            styles.slopes, styles.affine, *self._tensors, live, *self._momentum, self._scale,
            styles.w, styles.c, styles.wide, styles.tile,
        )  # fmt: skip
