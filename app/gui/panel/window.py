"""The panel's last section: the window itself."""

from __future__ import annotations

from ...engine.types import ModelInfo
from ..desk import Desk
from ..widgets import Bricks
from .sections import act


class WindowSection:
    """Light or dark, what is shown, the keys."""

    def __init__(self, bricks: Bricks, desk: Desk) -> None:
        self._bricks, self._desk = bricks, desk
        half = bricks.width(0.5)
        with bricks.section("Window", "Its look, and all keys", unfolded=False):
            with bricks.line():
                self._theme = act(bricks, desk, "Light", "theme", "Light or dark", half)
                about = "The figures below: rates, times, the machine"
                self._figures = act(bricks, desk, "Figures", "figures", about, half)
            with bricks.line():
                act(bricks, desk, "All keys", "keys", "What mouse and keyboard do", half)
                about = "Hide the panel; the same key brings it back"
                act(bricks, desk, "Hide panel", "panel", about, half)

    def adopt(self, model: ModelInfo) -> None:
        """Nothing here depends on the model."""

    def refresh(self) -> None:
        """Show the desk as it is now."""
        now, dress = self._desk.memory.now, self._bricks.dress
        dress(self._theme, "Light" if now.theme == "dark" else "Dark", None)
        dress(self._figures, "Figures", "toggled" if now.figures else None)
