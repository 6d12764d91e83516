"""The panel's section for what is kept: a video, the edit."""

from __future__ import annotations

from ..engine.types import ModelInfo
from .desk import Desk
from .sections import act
from .widgets import Bricks


class VideoSection:
    """What leaves the window."""

    def __init__(self, bricks: Bricks, desk: Desk) -> None:
        self._bricks, self._desk = bricks, desk
        half = bricks.width(0.5)
        with bricks.section("Video and edit", "What is kept in files"):
            with bricks.line():
                about = "Start or end an MP4 of the picture"
                self._record = act(bricks, desk, "Record", "record", about, half)
                about = "Keep the edit, with all its steps, in a file of its own"
                act(bricks, desk, "Save edit", "save", about, half)
            about = "Draw handles and targets into the video"
            bricks.tick("Points in the video", about, desk.draw_into_video, False)

    def adopt(self, model: ModelInfo) -> None:
        """Nothing here depends on the model."""

    def refresh(self) -> None:
        """Show the desk as it is now."""
        if (seconds := self._desk.recording.seconds) is None:
            self._bricks.dress(self._record, "Record", None)
        else:
            minutes, rest = divmod(int(seconds), 60)
            self._bricks.dress(self._record, f"Stop  {minutes}:{rest:02d}", "recording")
