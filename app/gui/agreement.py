"""What the window believes the edit to be, and what the engine has: for the trace's last lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from ..engine.edit import EditState
from ..engine.types import DragPoint, EngineStatus, PointState, Ready
from .desk import Desk

State = dict[str, object]


def believed(desk: Desk) -> State:
    """By the window."""
    mask = desk.mask.mask() if desk.mask is not None else None
    return _described(desk, mask, desk.intents.points)


def known(status: EngineStatus) -> State | None:
    """By the engine; None where it has no edit."""
    if not isinstance(status, Ready) or status.history is None:
        return None
    edit: EditState = status.history.edit
    return _described(edit, edit.mask, edit.points)


def _described(
    edit: Desk | EditState,
    mask: NDArray[np.float32] | None,
    points: Iterable[DragPoint] | Iterable[PointState],
) -> State:
    return {
        "seed": edit.seed,
        "psi": round(edit.psi, 5),
        "class": edit.class_index,
        "paused": edit.paused,
        "config": asdict(edit.config),
        "mask": 0.0 if mask is None else round(float(mask.mean()), 4),
        "points": {p.id: [round(value, 2) for value in p.target] for p in points},
    }
