"""What the window believes the edit to be, and what the engine has: for the trace's last lines."""

from __future__ import annotations

from dataclasses import asdict

from ..engine.edit import EditState
from ..engine.types import EngineStatus, Ready
from .desk import Desk

State = dict[str, object]


def believed(desk: Desk) -> State:
    """By the window."""
    mask = desk.mask.mask() if desk.mask is not None else None
    return {
        "seed": desk.seed,
        "psi": round(desk.psi, 5),
        "class": desk.class_index,
        "paused": desk.paused,
        "config": asdict(desk.config),
        "mask": _share(None if mask is None else float(mask.mean())),
        "points": {p.id: _rounded(p.target) for p in desk.intents.points},
    }


def known(status: EngineStatus) -> State | None:
    """By the engine; None where it has no edit."""
    if not isinstance(status, Ready) or status.history is None:
        return None
    edit: EditState = status.history.edit
    return {
        "seed": edit.seed,
        "psi": round(edit.psi, 5),
        "class": edit.class_index,
        "paused": edit.paused,
        "config": asdict(edit.config),
        "mask": _share(None if edit.mask is None else float(edit.mask.mean())),
        "points": {p.id: _rounded(p.target) for p in edit.points},
    }


def _share(movable: float | None) -> float:
    return 0.0 if movable is None else round(movable, 4)


def _rounded(place: tuple[float, float]) -> list[float]:
    return [round(value, 2) for value in place]
