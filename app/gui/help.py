"""The map of keys and mouse that `?` shows."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from .keymap import Group, keymap
from .modal import Modal
from .theme import GAP_PX, MUTED, Look

WIDTH_PX = 860
COLUMNS = 3
KEY_PX = 132  # of a column, for the keys


class KeyMap(Modal):
    """All keys, in columns of about the same height."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, WIDTH_PX)

    def show(self) -> None:
        """Open it; a second time, close it."""
        if self.is_open:
            self.close()
            return
        with self.opened() as width:
            dpg.bind_item_font(dpg.add_text("Keys and mouse"), self.look.strong)
            column = (width - (COLUMNS - 1) * self.look.px(GAP_PX)) // COLUMNS
            with dpg.group(horizontal=True):
                for groups in in_columns(keymap(), COLUMNS):
                    with dpg.child_window(
                        width=column, auto_resize_y=True, no_scrollbar=True
                    ) as child:
                        for group in groups:
                            self._tell(group)
                    dpg.bind_item_theme(child, self.look.tight)
            self.button("Close", self.close)

    def _tell(self, group: Group) -> None:
        look = self.look
        dpg.bind_item_font(dpg.add_text(group.title, color=MUTED), look.small)
        for keys, what in group.lines:
            with dpg.group(horizontal=True, xoffset=look.px(KEY_PX)):
                dpg.bind_item_font(dpg.add_text(keys), look.small)
                dpg.bind_item_font(dpg.add_text(what, color=MUTED), look.small)
        dpg.add_spacer(height=look.px(GAP_PX))

    @property
    def _top(self) -> int:
        return self.look.px(24)


def in_columns(groups: tuple[Group, ...], columns: int) -> list[list[Group]]:
    """The groups in their order, so that the highest column is as low as it can be."""
    heights = [len(group.lines) + 2 for group in groups]
    for most in range(max(heights), sum(heights) + 1):
        filled: list[list[Group]] = [[]]
        room = most
        for group, height in zip(groups, heights, strict=True):
            if height > room:
                filled.append([])
                room = most
            filled[-1].append(group)
            room -= height
        if len(filled) <= columns:
            return filled
    return [list(groups)]
