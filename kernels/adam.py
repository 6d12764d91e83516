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
    momentum   β1: how much of the first moment a step keeps
    common     what numbers have in common of the spread that they are divided by: 0 is Adam, each
               by its own; nearer to 1 those with little slope move little (of all numbers of the
               optimised rows, the root of the mean square)
β2 = 0.999, ε = 1e-8. Step size, rows and `live` are tensors: changing them costs no host
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
    momentum: float = BETA1,
    common: float = 0.0,
) -> None:
    """One step in plain torch: the truth for every twin."""
    gradient = gradient * rows
    mean.lerp_(gradient, (1 - momentum) * live)
    square.lerp_(gradient.square(), (1 - BETA2) * live)
    count.add_(live)
    steps = count.clamp(min=1)
    expected = mean / _one_minus_power(momentum, steps)
    spread = (square / _one_minus_power(BETA2, steps)).sqrt_()
    if common:
        numbers = rows.sum() * value.shape[-1]
        spread.lerp_((spread.square().sum() / numbers).sqrt().expand_as(spread), common)
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


def adam_along_reference(
    value: Tensor,
    gradient: Tensor,
    mean: Tensor,
    square: Tensor,
    count: Tensor,
    step_size: Tensor,
    rows: Tensor,
    live: Tensor,
    mixing: Tensor,
    directions: Tensor,
    momentum: float = BETA1,
    common: float = 0.0,
) -> None:
    """Adam on coordinates of w+ in place of w+ itself: value = start + mixingᵀ · c · directionsᵀ.

    Moments and `rows` are those of the coordinates c, which are of the value's shape and are not
    kept: Adam needs only how they change. The rest is as in the contract.

    Args:
        mixing: float32 [N, N], which rows of w+ a row of coordinates moves.
        directions: float32 [D, D], whose columns are what a coordinate moves in each.
    """
    moved = torch.zeros_like(value)
    slopes = mixing @ gradient @ directions
    adam(moved, slopes, mean, square, count, step_size, rows, live, momentum, common)
    value.add_(mixing.t() @ moved @ directions.t())


adam_along = register(
    "adam_along",
    adam_along_reference,
    lambda *_: None,
    mutates=("value", "mean", "square", "count"),
)
