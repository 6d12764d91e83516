"""How the model being opened comes along, with a button to give it up: in the status line."""

from __future__ import annotations

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from ...engine.opening import Opening
from ..layout import Box
from ..panel.hud import shorten
from ..theme import BUTTON_PADDING_PX, GAP_PX, MUTED, PADDING_PX, Look
from ..widgets import Bricks

BAR_PX = 120
BUTTON_PX = 72
THICK_PX = 6
SWING_S = 1.6  # of the bar where nobody knows how far it is


class OpeningLine:
    """Words, a bar and a button; built inside the window that is being built.

    Args:
        look: lengths and fonts.
        cancel: what the button does.
    """

    def __init__(self, look: Look, cancel: Callable[[], None]) -> None:
        self._look = look
        self._box = Box(0, 0, 1, 1)
        self._drawn: tuple[Opening, Box] | None = None
        with dpg.child_window(no_scrollbar=True, no_scroll_with_mouse=True, show=False) as child:
            self._button = dpg.add_button(
                label="Cancel",
                width=look.px(BUTTON_PX),
                callback=lambda _sender, _value, _data: cancel(),
            )
            Bricks(look, BUTTON_PX).explain(self._button, "The model in use stays")
            self._bar = dpg.add_progress_bar(width=look.px(BAR_PX), height=look.px(THICK_PX))
            self._text = dpg.add_text("", color=MUTED)
        self._child = child
        dpg.bind_item_font(child, look.small)

    def place(self, box: Box) -> None:
        """Put the line there."""
        self._box = box
        dpg.configure_item(self._child, pos=(box.x, box.y), width=box.width, height=box.height)

    def refresh(self, opening: Opening | None, now_s: float) -> None:
        """Show how far it is, or nothing."""
        if opening is None:
            if self._drawn is not None:
                self._drawn = None
                dpg.configure_item(self._child, show=False)
            return
        swing = abs(now_s / SWING_S % 2 - 1)
        dpg.set_value(self._bar, swing if opening.share is None else opening.share)
        if (opening, self._box) != self._drawn:
            self._draw(opening)

    def _draw(self, opening: Opening) -> None:
        look = self._look
        padding, gap = look.px(PADDING_PX), look.px(GAP_PX)
        bar = padding + look.px(BUTTON_PX) + 2 * gap
        left = bar + look.px(BAR_PX) + 2 * gap
        room = max(self._box.width - left - padding, 1)
        text = shorten(describe(opening), room, look.small)
        size = dpg.get_text_size(text or " ", font=look.small)
        if not size:  # fonts are measurable from the second frame on
            return
        self._drawn = (opening, self._box)
        # Dear PyGui draws words lower than asked, by as much as a button has above its own.
        top = (self._box.height - size[1]) / 2 - look.px(BUTTON_PADDING_PX)
        dpg.configure_item(self._child, show=True)
        dpg.configure_item(self._button, pos=(padding, top))
        dpg.configure_item(self._bar, pos=(bar, (self._box.height - look.px(THICK_PX)) / 2))
        dpg.set_value(self._text, text)
        dpg.configure_item(self._text, pos=(left, top))


def describe(opening: Opening) -> str:
    """What is going on, in a line."""
    path = opening.request.path
    name = path.name if path else "the default model"
    share = "" if opening.share is None else f" {100 * opening.share:.0f} %"
    return f"Opening {name}: {opening.what}{share}"
