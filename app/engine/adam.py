"""The optimiser of w+: Adam's state on the device (`kernels.adam` has the step)."""

from __future__ import annotations

import torch
from torch import Tensor

from draglive.kernels.adam import BETA1, adam, adam_along


class Adam:
    """The optimiser of one tensor.

    Args:
        like: float32 [1, N, D]; moments take its shape and device.

    Attributes:
        mean, square, count: the moments and the number of steps, as the step has them.
        step_size: float32 scalar.
        rows: float32 [N, 1], 1 = optimised.
        momentum: β1.
        common: share of the spread that all coordinates along axes have in common.
        axes: of coordinates that are moved in place of the tensor (`adam_along`), or None.
    """

    def __init__(self, like: Tensor) -> None:
        self.mean = torch.zeros_like(like)
        self.square = torch.zeros_like(like)
        self.count = torch.zeros([], device=like.device)
        self.step_size = torch.zeros([], device=like.device)
        self.rows = torch.ones(like.shape[1], 1, device=like.device)
        self.momentum = BETA1
        self.common = 0.0
        self.axes: tuple[Tensor, Tensor] | None = None

    def reset(self) -> None:
        """Forget all momentum."""
        for tensor in (self.mean, self.square, self.count):
            tensor.zero_()

    def restore(self, mean: Tensor, square: Tensor, count: Tensor) -> None:
        """Take momentum as it was."""
        self.mean.copy_(mean)
        self.square.copy_(square)
        self.count.copy_(count)

    def step(self, value: Tensor, gradient: Tensor, live: Tensor) -> None:
        """One step on `value`, in place; `live` 0 leaves everything as it is, bitwise."""
        moments = self.mean, self.square, self.count, self.step_size, self.rows, live
        if self.axes is None:
            adam(value, gradient, *moments, self.momentum)
        else:
            adam_along(value, gradient, *moments, *self.axes, self.momentum, self.common)
