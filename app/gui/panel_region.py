"""The panel's section for the movable region: the mask and its brush."""

from __future__ import annotations

from ..engine.types import ModelInfo
from .desk import Desk
from .input import KEYS
from .sections import act
from .widgets import Bricks


class RegionSection:
    """What may move."""

    def __init__(self, bricks: Bricks, desk: Desk) -> None:
        self._bricks, self._desk = bricks, desk
        half = bricks.width(0.5)
        with bricks.section("Movable region", "What may move; the rest stays"):
            with bricks.line():
                about = "Paint what may move; the right button erases"
                self._paint = act(bricks, desk, "Paint", "brush", about, half)
                about = "Wipe the region: everything may move"
                act(bricks, desk, "Clear", "reset_mask", about, half)
            about = f"The brush's radius ({KEYS['smaller']} and {KEYS['larger']})"
            self._brush = bricks.slider("Brush", about, desk.size_brush, pattern="%.0f px")
            bricks.tick("Show", "Tint what may move", desk.show_region, True)

    def adopt(self, model: ModelInfo) -> None:
        """The brush may be as large as the picture."""
        self._bricks.limit(self._brush, 1.0, self._desk.largest_brush_px)

    def refresh(self) -> None:
        """Show the desk as it is now."""
        self._bricks.show(self._brush, self._desk.brush_px)
        self._bricks.dress(self._paint, "Paint", "toggled" if self._desk.painting else None)
