"""Adam (Kingma and Ba 2015, algorithm 1) with all of its state on the device.

Step size, layer range and "is anything still moving" are tensors: changing them costs no host
sync and no recapture.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


class Adam:
    """The optimiser of one tensor.

    Args:
        like: float32; moments take its shape and device.
    """

    def __init__(self, like: Tensor) -> None:
        self._mean = torch.zeros_like(like)
        self._square = torch.zeros_like(like)
        self._count = torch.zeros([], device=like.device)
        self.step_size = torch.zeros([], device=like.device)

    def reset(self) -> None:
        """Forget all momentum."""
        for tensor in (self._mean, self._square, self._count):
            tensor.zero_()

    def update(self, value: Tensor, gradient: Tensor, live: Tensor) -> Tensor:
        """One step.

        Args:
            value: float32, left as it is.
            gradient: of the loss, of the value's shape.
            live: float32 scalar; 0 leaves value and moments as they are, bitwise.

        Returns:
            The new value.
        """
        self._mean.lerp_(gradient, (1 - BETA1) * live)
        self._square.lerp_(gradient.square(), (1 - BETA2) * live)
        self._count.add_(live)
        count = self._count.clamp(min=1)
        mean = self._mean / _one_minus_power(BETA1, count)
        square = self._square / _one_minus_power(BETA2, count)
        return value - mean / (square.sqrt() + EPS) * (self.step_size * live)


def _one_minus_power(beta: float, count: Tensor) -> Tensor:
    """1 − βⁿ without cancellation: 1 − 0.999 has three good digits fewer in float32."""
    return -torch.expm1(count * math.log(beta))
