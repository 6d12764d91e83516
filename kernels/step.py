"""What a whole drag step reads and changes, for the twins that run it as one."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class StepState:
    """On the device; a step changes what is marked, in place."""

    ws: Tensor  # float32 [num_ws, w_dim], changed
    mean: Tensor  # float32 [num_ws, w_dim], Adam's, changed
    square: Tensor  # float32 [num_ws, w_dim], Adam's, changed
    count: Tensor  # float32 scalar, Adam's, changed
    step_size: Tensor  # float32 scalar
    rows: Tensor  # float32 [num_ws, 1], 1 = optimised
    handles: Tensor  # float32 [P, 2], (x, y) image pixels, changed
    targets: Tensor  # float32 [P, 2]
    active: Tensor  # bool [P]
    following: Tensor  # bool [P]
    references: Tensor  # float32 [P, C]
    mask: tuple[Tensor, Tensor, Tensor] | None = None  # anchor, keep, weight (`mask_loss`)
    axes: tuple[Tensor, Tensor] | None = None  # of w+ (`adam.adam_along`); None: w+ itself


@dataclass(frozen=True, slots=True)
class StepSettings:
    """What a captured step cannot change."""

    disc: Tensor  # float32 [K, 2], offsets supervised
    square: Tensor  # float32 [K, 2], offsets searched, nearest first
    speed_px: float
    stop_px: float
    squared: bool  # tracking by L2 in place of L1
    image_size: list[int]
    momentum: float = 0.9  # Adam's β1
    common_spread: float = 0.0  # along axes: `common` of `adam.adam_along`
