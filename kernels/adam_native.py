"""The CPU's native twin of `adam_along` (csrc/adam.cpp), which no other thread has to help with."""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from .adam import BETA1, BETA2, EPS, adam_along_reference
from .native import load


class AdamSpec(ctypes.Structure):
    """As csrc/adam.cpp has it."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("value", "gradient", "mean", "square", "rows")),
        *((name, ctypes.c_void_p) for name in ("mixing", "directions")),
        *((name, ctypes.c_int32) for name in ("count", "width")),
        *((name, ctypes.c_float) for name in ("steps", "step_size", "momentum", "inertia", "tiny")),
        ("common", ctypes.c_float),
    )


def adam_along_native(
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
    """See the contract of `adam_along`."""
    library = load()
    changed = value, mean, square
    read = gradient.contiguous(), rows.contiguous(), mixing.contiguous(), directions.contiguous()
    if not _covered(library.functions.draglive_lanes(), *changed, *read):
        adam_along_reference(
            value, gradient, mean, square, count, step_size, rows, live, mixing, directions,
            momentum, common,
        )  # fmt: skip
        return
    if live == 0:
        return
    count.add_(live)
    slope, held, mixed, axes = (tensor.data_ptr() for tensor in read)
    spec = AdamSpec(
        value.data_ptr(),
        slope,
        mean.data_ptr(),
        square.data_ptr(),
        held,
        mixed,
        axes,
        *value.shape[-2:],
        float(count),
        float(step_size),
        momentum,
        BETA2,
        EPS,
        common,
    )
    library.functions.draglive_adam_along(ctypes.byref(spec))


def _covered(lanes: int, value: Tensor, *others: Tensor) -> bool:
    """Whether there is a kernel for these tensors: one float32 matrix, as wide as registers are."""
    tensors = value, *others
    plain = all(t.dtype == torch.float32 and t.is_contiguous() for t in tensors)
    rows, width = value.shape[-2:]
    return plain and value.numel() == rows * width and width % lanes == 0
