"""A dialog over the window: in its middle, as wide as it is asked to be, gone with Escape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dearpygui.dearpygui as dpg

from ..theme import PADDING_PX, Item, Kind, Look

BUTTON_PX = 132
LOWEST_PX = 120  # it grows with what it has to say
MARGIN_PX = 24  # to the window's edges, at least


class Modal:
    """A modal window, which lives on behind it; one at a time.

    Args:
        look: lengths and fonts.
        width_px: at scale 1, at most.
    """

    def __init__(self, look: Look, width_px: int) -> None:
        self.look = look
        self._width_px = width_px
        self._window: Item | None = None
        self._dismiss: Callable[[], None] = self.close

    @property
    def is_open(self) -> bool:
        """Whether it has the keyboard and the pointer."""
        return self._window is not None

    @contextmanager
    def opened(self, dismiss: Callable[[], None] | None = None) -> Iterator[int]:
        """Open it, in place of one that is open; what is made inside is in it.

        Args:
            dismiss: what Escape does; None closes it.

        Yields:
            Pixels from its left to its right edge, padding taken off.
        """
        self.close()
        look = self.look
        room = dpg.get_viewport_client_width() - 2 * look.px(MARGIN_PX)
        width = min(look.px(self._width_px), room)
        self._dismiss = dismiss or self.close
        with dpg.window(
            modal=True,
            no_title_bar=True,
            no_resize=True,
            no_move=True,
            autosize=True,
            pos=((dpg.get_viewport_client_width() - width) // 2, self._top),
            min_size=(width, look.px(LOWEST_PX)),
            max_size=(width, 10_000),
            on_close=lambda *_: self._dismiss(),
        ) as self._window:
            yield width - look.px(2 * PADDING_PX)

    def button(self, label: str, press: Callable[[], None], kind: Kind | None = None) -> Item:
        """A button of its own."""
        button: Item = dpg.add_button(
            label=label, width=self.look.px(BUTTON_PX), callback=lambda *_: press()
        )
        if kind is not None:
            dpg.bind_item_theme(button, self.look.buttons[kind])
        return button

    def refresh(self) -> None:
        """Escape takes it away; so may Dear PyGui, which tells nobody."""
        if self._window is None:
            return
        if dpg.is_key_pressed(dpg.mvKey_Escape) or not dpg.is_item_shown(self._window):
            self._dismiss()

    def close(self) -> None:
        """Take it away."""
        if self._window is not None:
            dpg.delete_item(self._window)
            self._window = None

    @property
    def _top(self) -> int:
        return int(dpg.get_viewport_client_height()) // 4
