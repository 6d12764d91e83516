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
) + tuple(f"mvAppItemType::mv{kind}" for kind in ("Combo", "InputInt", "Selectable", "Tab"))


class Controls:
    """Looks at the widgets now and then; needs a Dear PyGui context."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._controls: list[Item] = []
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
            kinds = ((item, dpg.get_item_info(item)["type"]) for item in items)
            self._controls = [item for item, kind in kinds if kind in KINDS]
        states = ((item, dpg.get_item_state(item)) for item in self._controls)
        self._places = {
            _name(item): Box(*map(round, (*state["rect_min"], *state["rect_size"])))
            for item, state in states
            if state["visible"] and dpg.is_item_enabled(item)
        }
        return self._places


def _name(item: Item) -> str:
    named = dpg.get_item_user_data(item)
    label: str = named if isinstance(named, str) else dpg.get_item_label(item) or ""
    return label.lstrip("# ").strip()
