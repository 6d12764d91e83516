"""The panel's section for dragging: pause, undo, redo, resets."""

from __future__ import annotations

from ...engine.types import ModelInfo
from ..desk import Desk
from ..picture.input import KEYS
from ..widgets import Bricks
from .sections import act


class DragSection:
    """What the drag does now, and how to take it back."""

    def __init__(self, bricks: Bricks, desk: Desk) -> None:
        self._bricks, self._desk = bricks, desk
        third, half = bricks.width(1 / 3), bricks.width(0.5)
        with bricks.section("Drag", "Stop, go back, start over"):
            with bricks.line():
                about = "Stop or go on moving"
                self._pause = act(bricks, desk, "Pause", "pause", about, third)
                act(bricks, desk, "Undo", "undo", "Back to before the last action", third)
                act(bricks, desk, "Redo", "redo", "Forward again; also Ctrl+Y", third)
            with bricks.line():
                one = f"{KEYS['remove_point']}, or the right button, lets one go"
                about = f"Let all points go; {one}"
                act(bricks, desk, "Reset points", "reset_points", about, half)
                about = "Back to the picture of the seed"
                act(bricks, desk, "Reset picture", "reset_picture", about, half)

    def adopt(self, model: ModelInfo) -> None:
        """Nothing here depends on the model."""

    def refresh(self) -> None:
        """Show the desk as it is now."""
        paused = self._desk.paused
        self._bricks.dress(
            self._pause, "Go on" if paused else "Pause", "toggled" if paused else None
        )
