"""What belongs to the window and not to the edit: its look, what is shown, what was asked. Pure.

Keys and buttons act here; the window looks every frame and does it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from .layout import allowed_width
from .picture.input import Action
from .preferences import Memory

WIDER_PX = 20  # a key makes the panel so much wider

Wish = Literal["keys", "open", "close"]


class Shell:
    """Wishes, and what is remembered of the window; GUI thread only.

    Args:
        memory: what is remembered.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._wish: Wish | None = None

    def actions(self) -> dict[Action, Callable[[], None]]:
        """What keys and buttons do."""
        memory = self.memory
        return {
            "theme": self._change_theme,
            "panel": lambda: memory.change(panel=not memory.now.panel),
            "panel_wider": lambda: self._widen(WIDER_PX),
            "panel_narrower": lambda: self._widen(-WIDER_PX),
            "figures": lambda: memory.change(figures=not memory.now.figures),
            "keys": lambda: self.wish("keys"),
            "open": lambda: self.wish("open"),
        }

    def wish(self, wish: Wish) -> None:
        """Something that the window does when it comes to it."""
        self._wish = wish

    def take(self) -> Wish | None:
        """What was wished since the last call."""
        wish, self._wish = self._wish, None
        return wish

    def _widen(self, by_px: int) -> None:
        self.memory.change(panel_px=allowed_width(self.memory.now.panel_px + by_px))

    def _change_theme(self) -> None:
        dark = self.memory.now.theme == "dark"
        self.memory.change(theme="light" if dark else "dark")
