"""The map of keys and mouse that `?` shows."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ..keymap import Group, keymap
from ..theme import GAP_PX, MUTED, Item, Look
from .modal import Modal

WIDTH_PX = 1310
COLUMN_PX = 316  # at least
KEY_PX = 124  # of a column, for the keys
LINE_GAP_PX = 3


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
            dense = self._dense()
            dpg.bind_item_font(dpg.add_text("Keys and mouse"), self.look.strong)
            columns = max(width // self.look.px(COLUMN_PX), 1)
            column = (width - (columns - 1) * self.look.px(GAP_PX)) // columns
            with dpg.group(horizontal=True):
                for groups in in_columns(keymap(), columns):
                    with dpg.child_window(
                        width=column, auto_resize_y=True, no_scrollbar=True
                    ) as child:
                        for group in groups:
                            self._tell(group)
                    dpg.bind_item_theme(child, dense)
            self.button("Close", self.close)

    def _dense(self) -> Item:
        """Text in a row is as high as a control otherwise."""
        theme: Item
        with dpg.theme() as theme, dpg.theme_component(dpg.mvAll):
            dpg.add_theme_style(dpg.mvStyleVar_FramePadding, 0, 0)
            gaps = self.look.px(GAP_PX), self.look.px(LINE_GAP_PX)
            dpg.add_theme_style(dpg.mvStyleVar_ItemSpacing, *gaps)
            dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, 0, 0)
        return theme

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
