"""The line under the picture: what the window has to say, and what is shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import dearpygui.dearpygui as dpg

from ..desk import Message, Tone
from ..layout import Box
from ..picture.input import KEYS, Action
from ..theme import BUTTON_PADDING_PX, ERROR, FAINT, MUTED, PADDING_PX, Colour, Look
from ..widgets import Bricks
from .hud import shorten

SHOWN_S: dict[Tone, float] = {"info": 8.0, "error": 20.0}  # then a message makes room
COLOURS: dict[Tone, Colour] = {"info": MUTED, "error": ERROR}
GAP_PX = 24
BUTTON_PX = 28
BUTTONS: tuple[tuple[str, str, Action], ...] = (
    ("Fit", "The whole picture; the wheel zooms", "fit"),
    ("?", "What mouse and keyboard do", "keys"),
    ("»", "Show or hide the panel", "panel"),
)


class StatusLine:
    """Message left, facts right; built inside the window that is being built.

    Args:
        look: lengths and fonts.
        perform: what its buttons do, by the names of actions.
    """

    def __init__(self, look: Look, perform: Callable[[Action], None]) -> None:
        self._look = look
        self._box = Box(0, 0, 1, 1)
        self._message = Message("")
        self._since_s = 0.0
        self._drawn: tuple[Message, str, Box] | None = None
        with dpg.child_window(no_scrollbar=True, no_scroll_with_mouse=True) as self._child:
            self._left = dpg.add_text("")
            self._right = dpg.add_text("", color=FAINT)
            bricks = Bricks(look, BUTTON_PX)
            self._buttons = [
                bricks.button(
                    label, f"{about} ({KEYS[action]})", partial(perform, action), width, action
                )
                for label, about, action in BUTTONS
                for width in (look.px(BUTTON_PX),)
            ]
        for button in self._buttons:
            dpg.bind_item_theme(button, look.buttons["quiet"])
        dpg.bind_item_font(self._child, look.small)

    def place(self, box: Box) -> None:
        """Put the line there."""
        self._box = box
        dpg.configure_item(self._child, pos=(box.x, box.y), width=box.width, height=box.height)

    def refresh(self, message: Message, facts: str) -> None:
        """Show a message, for a while if it is an old one, and the facts."""
        now_s = time.perf_counter()
        if message is not self._message:
            self._message, self._since_s = message, now_s
        if now_s - self._since_s > SHOWN_S[message.tone]:
            message = Message("")
        if (message, facts, self._box) != self._drawn:
            self._draw(message, facts)

    def _draw(self, message: Message, facts: str) -> None:
        size = dpg.get_text_size(facts or " ", font=self._look.small)
        if not size:  # fonts are measurable from the second frame on
            return
        self._drawn = (message, facts, self._box)
        padding = self._look.px(PADDING_PX)
        # Dear PyGui draws words lower than asked, by as much as a button has above its own.
        top = (self._box.height - size[1]) / 2 - self._look.px(BUTTON_PADDING_PX)
        buttons = len(self._buttons) * self._look.px(BUTTON_PX)
        right = self._box.width - padding - buttons - size[0]
        room = int(right - padding - self._look.px(GAP_PX))
        dpg.set_value(self._left, shorten(message.text, room, self._look.small))
        dpg.configure_item(self._left, color=COLOURS[message.tone], pos=(padding, top))
        dpg.set_value(self._right, facts)
        dpg.configure_item(self._right, pos=(right, top))
        for number, button in enumerate(self._buttons):
            left = self._box.width - padding // 2 - buttons + number * self._look.px(BUTTON_PX)
            height = size[1] + 2 * self._look.px(BUTTON_PADDING_PX)
            dpg.configure_item(button, pos=(left, (self._box.height - height) / 2))
