"""How to open the window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SIZE = 1366, 768  # the first time


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """How to open the window.

    Attributes:
        width: of the window, in pixels.
        height: of the window, in pixels.
        scale: of all that is drawn; None for `DRAGLIVE_SCALE`, or the desktop's.
        recordings_dir: folder for videos; None for the person's own.
        max_frames_per_second: the window is drawn no faster.
        title: of the window.
        trace: a file for the diagnostic log (`trace`).
        seed: of the picture that the engine starts with.
        psi: truncation that the engine starts with.
        bundled: the file of the model that comes with the program.
    """

    width: int = SIZE[0]
    height: int = SIZE[1]
    scale: float | None = None
    recordings_dir: Path | None = None
    max_frames_per_second: float = 60.0
    title: str = "draglive"
    trace: Path | None = None
    seed: int = 0
    psi: float = 1.0
    bundled: Path | None = None
