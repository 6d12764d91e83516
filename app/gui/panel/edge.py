"""The panel's left edge: pulled, it makes the panel wider or narrower."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ..layout import PANEL_PX, Box, panel_width
from ..picture.input import KEYS
from ..preferences import Memory
from ..theme import Item, Look
from ..widgets import Bricks

ABOUT = (
    f"Pull to make the panel wider or narrower ({KEYS['panel_wider']} and "
    f"{KEYS['panel_narrower']}); a double click makes it as it was"
)


class PanelEdge:
    """A thin button; built inside the window that is being built.

    Args:
        look: lengths and themes.
        memory: has the panel's width.
    """

    def __init__(self, look: Look, memory: Memory) -> None:
        self._look, self._memory = look, memory
        self._button: Item = dpg.add_button(label="", user_data="Panel edge")
        dpg.bind_item_theme(self._button, look.buttons["quiet"])
        Bricks(look, PANEL_PX).explain(self._button, ABOUT)
        self._pulled = False

    def place(self, box: Box | None) -> None:
        """Put it there, or nowhere."""
        dpg.configure_item(self._button, show=box is not None)
        if box is not None:
            place = {"pos": (box.x, box.y), "width": box.width, "height": box.height}
            dpg.configure_item(self._button, **place)

    def refresh(self) -> None:
        """Follow the hand."""
        if not dpg.is_item_active(self._button):
            self._pulled = False
            return
        x, _ = dpg.get_mouse_pos(local=False)
        if dpg.is_mouse_button_double_clicked(dpg.mvMouseButton_Left):
            self._want(PANEL_PX)
        elif self._pulled or dpg.is_mouse_button_dragging(dpg.mvMouseButton_Left, 2.0):
            self._pulled = True
            self._want(panel_width(x, dpg.get_viewport_client_width(), self._look.scale))

    def _want(self, panel_px: int) -> None:
        if panel_px != self._memory.now.panel_px:
            self._memory.change(panel_px=panel_px)
