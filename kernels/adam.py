"""Adam (Kingma and Ba 2015, algorithm 1) on the rows of w+ that a drag moves, in place.

Contract
    value      float32 [..., N, D], changed
    gradient   float32, of the loss, of the value's shape
    mean       float32, of the value's shape: the first moment, changed
    square     float32, of the value's shape: the second moment, changed
    count      float32 scalar: how many steps were made, changed
    step_size  float32 scalar
    rows       float32 [N, 1]: 1 = a row that is optimised, 0 = one that stays
    live       float32 scalar; 0 leaves everything as it is, bitwise
β1 = 0.9, β2 = 0.999, ε = 1e-8. Step size, rows and `live` are tensors: changing them costs no host
sync and no recapture.
"""

import math

import torch
from torch import Tensor

from .register import register

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


def adam_reference(
    value: Tensor,
    gradient: Tensor,
    mean: Tensor,
    square: Tensor,
    count: Tensor,
    step_size: Tensor,
    rows: Tensor,
    live: Tensor,
) -> None:
    """One step in plain torch: the truth for every twin."""
    gradient = gradient * rows
    mean.lerp_(gradient, (1 - BETA1) * live)
    square.lerp_(gradient.square(), (1 - BETA2) * live)
    count.add_(live)
    steps = count.clamp(min=1)
    expected = mean / _one_minus_power(BETA1, steps)
    spread = (square / _one_minus_power(BETA2, steps)).sqrt_()
    value.sub_(expected / (spread + EPS) * (step_size * live * rows))


def _one_minus_power(beta: float, count: Tensor) -> Tensor:
    """1 − βⁿ without cancellation: 1 − 0.999 has three good digits fewer in float32."""
    return -torch.expm1(count * math.log(beta))


adam = register(
    "adam",
    adam_reference,
    lambda *_: None,
    mutates=("value", "mean", "square", "count"),
)
