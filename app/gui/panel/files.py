"""The panel's section for what is kept: a video, the edit."""

from __future__ import annotations

from pathlib import Path

import dearpygui.dearpygui as dpg

from ...engine.types import ModelInfo
from ..desk import Desk
from ..preferences import Suffix
from ..widgets import Bricks
from .sections import act

KINDS: dict[str, Suffix] = {"PNG": ".png", "JPEG": ".jpg", "WebP": ".webp"}


class FilesSection:
    """What leaves the window."""

    def __init__(self, bricks: Bricks, desk: Desk) -> None:
        self._bricks, self._desk = bricks, desk
        self._offered: dict[str, Path] = {}
        half = bricks.width(0.5)
        with bricks.section("Files", "Edits, pictures and videos"):
            with bricks.line():
                about = "An edit, a picture with its recipe, a model"
                act(bricks, desk, "Open …", "open", about, half)
                about = "Keep the edit, with all its steps, in a file of its own"
                act(bricks, desk, "Save edit", "save", about, half)
            about = "The edits opened or saved lately"
            self._recent = bricks.choice("Recent", about, self._open_recent)
            with bricks.line():
                about = "Save the picture, which can be opened again: it has its recipe in it"
                act(bricks, desk, "Save picture", "keep_picture", about, half)
                about = "How pictures are saved: exactly (PNG), or smaller (JPEG, WebP)"
                self._kind = bricks.bare_choice("Picture as", about, self._choose_kind, half)
                bricks.offer(self._kind, list(KINDS))
            about = "Start or end an MP4 of the picture"
            self._record = act(bricks, desk, "Record", "record", about, bricks.width())
            about = "Draw handles and targets into the video"
            bricks.tick("Points in the video", about, desk.draw_into_video, False)

    def adopt(self, model: ModelInfo) -> None:
        """Nothing here depends on the model."""

    def refresh(self) -> None:
        """Show the desk as it is now."""
        kind = self._desk.memory.now.picture
        self._bricks.show(self._kind, next(k for k, suffix in KINDS.items() if suffix == kind))
        recent = {f"{path.name}   {path.parent}": path for path in self._desk.keeping.recent}
        if recent != self._offered:
            self._offered = recent
            self._bricks.offer(self._recent, list(recent))
        if (seconds := self._desk.recording.seconds) is None:
            self._bricks.dress(self._record, "Record", None)
        else:
            minutes, rest = divmod(int(seconds), 60)
            self._bricks.dress(self._record, f"Stop  {minutes}:{rest:02d}", "recording")

    def _choose_kind(self, caption: str) -> None:
        self._desk.memory.change(picture=KINDS[caption])

    def _open_recent(self, caption: str) -> None:
        self._desk.wanted = self._offered[caption]
        dpg.set_value(self._recent, "")  # it is a list of what can be opened, not what is open
