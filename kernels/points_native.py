"""The CPU's native twins of `supervise` and `track_points` (csrc/points.h).

They take the operations over for tensors on the CPU once `take_over` was called; what they do not
cover (float64, odd channel counts, bfloat16 without AMX) stays with the references.
"""

from __future__ import annotations

import ctypes
import functools

import torch
from torch import Tensor

from .adam_native import adam_along_native
from .native import Library, load
from .supervise import supervise_reference
from .track_points import track_points_reference

DEPTH = 16  # channels come in registers of up to so many


class PointsSpec(ctypes.Structure):
    """As csrc/points.h has it."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("features", "origins", "handles", "offsets")),
        *((name, ctypes.c_int32) for name in ("points", "count", "channels", "height", "width")),
        *((name, ctypes.c_int32) for name in ("map_height", "map_width")),
        *((name, ctypes.c_int32) for name in ("image_height", "image_width", "bfloat16")),
    )


@functools.cache
def take_over() -> None:
    """Let the twins run wherever the operations get tensors on the CPU.

    Raises:
        NativeError: the library cannot be had here.
    """
    load()
    torch.library.impl("draglive::supervise", "cpu")(supervise_native)
    torch.library.impl("draglive::track_points", "cpu")(track_points_native)
    torch.library.impl("draglive::adam_along", "cpu")(adam_along_native)


def supervise_native(
    features: Tensor,
    origins: Tensor | None,
    handles: Tensor,
    targets: Tensor,
    active: Tensor,
    offsets: Tensor,
    *,
    speed_px: float,
    stop_px: float,
    map_size: list[int],
    image_size: list[int],
) -> Tensor:
    """See the contract of `supervise`."""
    library = load()
    if not _covered(library, features):
        return supervise_reference(
            features,
            origins,
            handles,
            targets,
            active,
            offsets,
            speed_px=speed_px,
            stop_px=stop_px,
            map_size=map_size,
            image_size=image_size,
        )
    rows, origins, handles, offsets = _plain(features, origins, handles, offsets)
    targets, active = targets.contiguous(), active.contiguous()
    gradient = torch.zeros(rows.shape)
    spec = _describe(rows, origins, handles, offsets, map_size, image_size)
    library.functions.draglive_supervise(
        ctypes.byref(spec),
        _at(targets),
        _at(active),
        ctypes.c_float(speed_px),
        ctypes.c_float(stop_px),
        _at(gradient),
    )
    return gradient.to(features.dtype).permute(0, 3, 1, 2)


def track_points_native(
    features: Tensor,
    origins: Tensor | None,
    handles: Tensor,
    references: Tensor,
    following: Tensor,
    offsets: Tensor,
    *,
    squared: bool,
    map_size: list[int],
    image_size: list[int],
) -> Tensor:
    """See the contract of `track_points`."""
    library = load()
    if not _covered(library, features):
        return track_points_reference(
            features,
            origins,
            handles,
            references,
            following,
            offsets,
            squared=squared,
            map_size=map_size,
            image_size=image_size,
        )
    rows, origins, handles, offsets = _plain(features, origins, handles, offsets)
    references, following = references.float().contiguous(), following.contiguous()
    moved = torch.empty_like(handles)
    spec = _describe(rows, origins, handles, offsets, map_size, image_size)
    library.functions.draglive_track(
        ctypes.byref(spec), _at(references), _at(following), int(squared), _at(moved)
    )
    return moved


def _covered(library: Library, features: Tensor) -> bool:
    """Whether there is a kernel for these features."""
    dtypes = [torch.float32, *([torch.bfloat16] if library.level == "amx" else [])]
    return features.dtype in dtypes and features.shape[1] % DEPTH == 0


def _plain(
    features: Tensor, origins: Tensor | None, handles: Tensor, offsets: Tensor
) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
    """As C++ reads them: contiguous, features channels-last."""
    return (
        features.permute(0, 2, 3, 1).contiguous(),
        None if origins is None else origins.contiguous(),
        handles.contiguous(),
        offsets.contiguous(),
    )


def _describe(
    rows: Tensor,
    origins: Tensor | None,
    handles: Tensor,
    offsets: Tensor,
    map_size: list[int],
    image_size: list[int],
) -> PointsSpec:
    """What C++ needs to know of features [B, h, w, C], points and candidates."""
    return PointsSpec(
        rows.data_ptr(),
        None if origins is None else origins.data_ptr(),
        handles.data_ptr(),
        offsets.data_ptr(),
        handles.shape[0],
        offsets.shape[0],
        rows.shape[3],
        *rows.shape[1:3],
        *map_size,
        *image_size,
        rows.dtype == torch.bfloat16,
    )


def _at(tensor: Tensor) -> ctypes.c_void_p:
    return ctypes.c_void_p(tensor.data_ptr())
