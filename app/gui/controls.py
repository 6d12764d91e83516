"""Which controls can be pressed, and where: for the trace, so that a scripted hand finds them.

Controls are asked of Dear PyGui, not registered: whoever makes a button need not think of this. A
control's name is its `user_data` where that is text, or else its label.
"""

from __future__ import annotations

import time

import dearpygui.dearpygui as dpg

from .layout import Box
from .theme import Item

EVERY_S = 0.2  # a look at all of them takes milliseconds
KINDS = tuple(
    f"mvAppItemType::mv{kind}"
    for kind in ("Button", "ImageButton", "Checkbox", "SliderFloat", "SliderInt", "InputText")
) + tuple(
    f"mvAppItemType::mv{kind}" for kind in ("Combo", "InputInt", "Selectable", "Tab", "Drawlist")
)


class Controls:
    """Looks at the widgets now and then; needs a Dear PyGui context."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._known: dict[Item, tuple[Item | None] | None] = {}  # controls: what scrolls them
        self._next_s = 0.0
        self._places: dict[str, Box] = {}

    def look(self) -> dict[str, Box]:
        """Name → place in the window, of those that can be seen and are switched on."""
        now_s = time.perf_counter()
        if now_s < self._next_s:
            return self._places
        self._next_s = now_s + EVERY_S
        items = dpg.get_all_items()
        if items != self._items:
            self._items = items
            self._known = {
                item: self._known[item] if item in self._known else _control(item) for item in items
            }
        self._places = {}
        for item, scrolled in self._known.items():
            if scrolled is None:
                continue
            (scroller,) = scrolled
            state = dpg.get_item_state(item)
            if not state["visible"] or not dpg.is_item_enabled(item) or not name_of(item):
                continue
            box = Box(*map(round, (*state["rect_min"], *state["rect_size"])))
            if scroller is None or _is_inside(box, scroller):
                self._places[name_of(item)] = box
        return self._places


def _control(item: Item) -> tuple[Item | None] | None:
    """What scrolls an item that is a control."""
    return (_scroller(item),) if dpg.get_item_info(item)["type"] in KINDS else None


def _scroller(item: Item) -> Item | None:
    """The child window that shows a part of what is in it, this item too."""
    parent = dpg.get_item_parent(item)
    while parent:
        if dpg.get_item_info(parent)["type"] == "mvAppItemType::mvChildWindow":
            return int(parent)
        parent = dpg.get_item_parent(parent)
    return None


def _is_inside(box: Box, scroller: Item) -> bool:
    """Whether its middle can be pressed."""
    window = dpg.get_item_parent(scroller)
    above = dpg.get_item_pos(window)[1] if window else 0
    top = above + dpg.get_item_pos(scroller)[1]
    return bool(top <= box.y + box.height / 2 <= top + dpg.get_item_rect_size(scroller)[1])


def name_of(item: Item) -> str:
    """Its `user_data` where that is text, or else its label."""
    named = dpg.get_item_user_data(item)
    label: str = named if isinstance(named, str) else dpg.get_item_label(item) or ""
    return label.lstrip("# ").strip()
