"""A card's twins as operations: `supervise`, `track_points`, `report_points` and `adam`.

The fused step calls its kernels itself (`step_triton`), with buffers of its own; here the same ones
stand behind the operations, for back-ends that run the generator otherwise, and for the report.
They take over for tensors on a card once `take_over` was called; what they do not cover (float64,
odd channel counts) stays with the references.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"

from __future__ import annotations

import functools

import torch
from torch import Tensor

from .adam_triton import adam_triton
from .report_points_triton import report_points_triton
from .sampling_triton import covers
from .supervise import supervise_reference
from .supervise_triton import Supervision
from .track_points import track_points_reference
from .track_points_triton import Tracking


@functools.cache
def take_over() -> None:
    """Let the twins run wherever the operations get tensors on a card."""
    torch.library.impl("draglive::supervise", "cuda")(supervise_triton)
    torch.library.impl("draglive::track_points", "cuda")(track_points_triton)
    torch.library.impl("draglive::report_points", "cuda")(report_points_triton)
    torch.library.impl("draglive::adam", "cuda")(adam_triton)


def supervise_triton(
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
    if not covers(features):
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
    supervision = Supervision(
        features.contiguous(memory_format=torch.channels_last),
        offsets.contiguous(),
        speed_px=speed_px,
        stop_px=stop_px,
        map_size=map_size,
        image_size=image_size,
    )
    pull = supervision.pull(
        None if origins is None else origins.contiguous(),
        handles.contiguous(),
        targets.contiguous(),
        active.contiguous(),
    )
    return pull.to(features.dtype)


def track_points_triton(
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
    if not covers(features):
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
    tracking = Tracking(
        features.contiguous(memory_format=torch.channels_last),
        offsets.contiguous(),
        points=handles.shape[0],
        squared=squared,
        map_size=map_size,
        image_size=image_size,
    )
    moved = handles.clone(memory_format=torch.contiguous_format)
    tracking.follow(
        None if origins is None else origins.contiguous(),
        moved,
        references.float().contiguous(),
        following.contiguous(),
    )
    return moved
