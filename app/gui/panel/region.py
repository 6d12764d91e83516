"""The panel's section for the movable region: its tools, its brush, its files."""

from __future__ import annotations

from ...engine.types import ModelInfo
from ..desk import Desk
from ..picture.input import KEYS, Action
from ..picture.region import Tool
from ..widgets import Bricks
from .sections import act

TOOLS: tuple[tuple[str, Action, Tool, str], ...] = (
    ("Free", "brush", "movable", "Paint what may move; the right button erases"),
    ("Protect", "protect", "protect", "Paint what must stay; the right button frees it"),
    ("Part", "part", "part", "Click an ear, an eye, the mane …: it may move; right button: not"),
)


class RegionSection:
    """What may move."""

    def __init__(self, bricks: Bricks, desk: Desk) -> None:
        self._bricks, self._desk = bricks, desk
        with bricks.section("Movable region", "What may move; the rest stays"):
            self._build_tools()
            self._build_brush()
            self._build_files()

    def adopt(self, model: ModelInfo) -> None:
        """The brush may be as large as the picture."""
        self._bricks.limit(self._brush, 1.0, self._desk.largest_brush_px)
        self._bricks.limit(self._soft, 0.0, 100.0)

    def refresh(self) -> None:
        """Show the desk as it is now."""
        region, dress = self._desk.region, self._bricks.dress
        self._bricks.show(self._brush, self._desk.brush_px)
        self._bricks.show(self._soft, 100 * region.softness)
        self._bricks.show(self._shown, self._desk.show_mask)
        for button, (label, _, tool, _) in zip(self._tools, TOOLS, strict=True):
            dress(button, label, "toggled" if region.tool == tool else None)
        dress(self._erase, "Erase", "toggled" if region.erasing else None)

    def _build_tools(self) -> None:
        bricks, desk, third = self._bricks, self._desk, self._bricks.width(1 / 3)
        with bricks.line():
            self._tools = [
                act(bricks, desk, label, action, about, third) for label, action, _, about in TOOLS
            ]
        with bricks.line():
            about = "The left button does the opposite"
            self._erase = act(bricks, desk, "Erase", "erase", about, third)
            about = "What may move must stay, and the other way round"
            act(bricks, desk, "Invert", "invert", about, third)
            about = "Wipe the region: everything may move"
            act(bricks, desk, "Clear", "reset_mask", about, third)

    def _build_brush(self) -> None:
        bricks, desk = self._bricks, self._desk
        about = f"The brush's radius (the wheel, or {KEYS['smaller']} and {KEYS['larger']})"
        self._brush = bricks.slider("Brush", about, desk.size_brush, pattern="%.0f px")
        about = f"How much of the brush is a soft edge ({KEYS['harder']} and {KEYS['softer']})"
        self._soft = bricks.slider(
            "Soft edge", about, lambda share: desk.region.soften(share / 100), pattern="%.0f %%"
        )

    def _build_files(self) -> None:
        bricks, desk, third = self._bricks, self._desk, self._bricks.width(1 / 3)
        with bricks.line():
            about = "A PNG file: white may move, black stays"
            act(bricks, desk, "Load", "load_mask", about, third)
            act(bricks, desk, "Save", "save_mask", "Write the region to a PNG file", third)
            about = f"Tint what may move ({KEYS['show_mask']})"
            self._shown = bricks.tick("Show", about, desk.show_region, True)
