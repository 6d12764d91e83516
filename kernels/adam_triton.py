"""Adam on a card, in place, with the step count on the device: twin of `adam`."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, import-untyped, import-not-found"
# ruff: noqa: ANN001, ANN202, PLR0914

import math

import torch
import triton
import triton.language as tl
from torch import Tensor

from .adam import BETA1, BETA2, EPS
from .sampling_triton import distance_left

BLOCK = 1024
FIRST = tl.constexpr(BETA1)
SECOND = tl.constexpr(BETA2)
LOG_FIRST = tl.constexpr(math.log(BETA1))
LOG_SECOND = tl.constexpr(math.log(BETA2))
TINY = tl.constexpr(EPS)


@triton.jit
def one_minus_power(log_beta, steps):
    """1 − βⁿ without cancellation, as −expm1(n·log β)."""
    x = log_beta * steps
    series = -x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5 * (1 + x / 6)))))
    return tl.where(x > -0.25, series, 1 - tl.exp(x))


@triton.jit
def any_pulls(handles, targets, active, stop_px, POINTS: tl.constexpr):
    """Whether an active point is farther than `stop_px` from its target."""
    pulls = False
    for point in tl.static_range(POINTS):
        _, _, far = distance_left(handles, targets, point)
        pulls |= (far > stop_px) & (tl.load(active + point) != 0)
    return pulls


@triton.jit
def adam_kernel(
    value,
    gradient,
    mean,
    square,
    count,
    arrivals,
    step_size,
    rows,
    handles,
    targets,
    active,
    stop_px,
    size,
    D: tl.constexpr,
    POINTS: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """One step, or none where every point has arrived; the last program counts it."""
    if any_pulls(handles, targets, active, stop_px, POINTS):
        steps = tl.load(count) + 1
        i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
        held = i < size
        row = tl.load(rows + i // D, mask=held, other=0.0)
        slope = tl.load(gradient + i, mask=held, other=0.0) * row
        first = tl.load(mean + i, mask=held, other=0.0)
        second = tl.load(square + i, mask=held, other=0.0)
        first += (slope - first) * (1 - FIRST)
        second += (slope * slope - second) * (1 - SECOND)
        tl.store(mean + i, first, mask=held)
        tl.store(square + i, second, mask=held)
        spread = tl.sqrt(second / one_minus_power(LOG_SECOND, steps)) + TINY
        move = first / one_minus_power(LOG_FIRST, steps) / spread * (tl.load(step_size) * row)
        now = tl.load(value + i, mask=held, other=0.0)
        tl.store(value + i, now - move, mask=held)
        tl.debug_barrier()
        if tl.atomic_add(arrivals, 1) == tl.num_programs(0) - 1:
            tl.store(arrivals, 0)
            tl.store(count, steps)


class TritonAdam:
    """The optimiser of the first rows of w+.

    Args:
        value: float32 [N, D], changed in place; only the gradient's rows are.
        rows: float32 [N, 1], 1 = optimised.
        mean: float32 [N, D], the first moment.
        square: float32 [N, D], the second moment.
        count: float32 scalar, steps made.
        step_size: float32 scalar.
    """

    def __init__(
        self,
        value: Tensor,
        rows: Tensor,
        mean: Tensor,
        square: Tensor,
        count: Tensor,
        step_size: Tensor,
    ) -> None:
        self._value, self._rows, self._mean, self._square = value, rows, mean, square
        self._count, self._step_size = count, step_size
        self._arrivals = torch.zeros(1, dtype=torch.int32, device=value.device)

    def update(
        self, gradient: Tensor, handles: Tensor, targets: Tensor, active: Tensor, stop_px: float
    ) -> None:
        """One step, if a point still pulls; gradient float32 [rows it has, D]."""
        adam_kernel[(triton.cdiv(gradient.numel(), BLOCK),)](
            self._value, gradient, self._mean, self._square, self._count, self._arrivals,
            self._step_size, self._rows, handles, targets, active.view(torch.int8), stop_px,
            gradient.numel(), gradient.shape[-1], handles.shape[0], BLOCK,
        )  # fmt: skip
