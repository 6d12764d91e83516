"""Values about a model on its way to take the place of another. Pure; no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .log import SavedEdit
from .types import Failed

Tell = Callable[[str, float | None], None]  # what is being done, and how far it is, 0 to 1


@dataclass(frozen=True, slots=True)
class OpenModel:
    """Which model to open and its first picture; `path` None means the default model.

    With `edit` that is gone on with, and the first picture is the one that it is at. Without, the
    drag begins with `settings` (`EngineOptions`).
    """

    path: Path | None = None
    seed: int = 0
    psi: float = 1.0
    class_index: int | None = None
    edit: SavedEdit | None = None
    settings: Mapping[str, Mapping[str, float | int | str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opening:
    """A model being loaded, or the last one that could not be.

    `what` is a line for the person who waits, `share` how far it is, 0 to 1, or None where that
    is not known. With `failure` it has ended, and the model before it is in use as it was.
    """

    request: OpenModel
    what: str
    share: float | None = None
    failure: Failed | None = None
