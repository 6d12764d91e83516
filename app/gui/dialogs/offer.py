"""The dialog at the start: an edit was not saved when its program died."""

from __future__ import annotations

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from ...session.recovery import Unsaved
from ..keeping import Keeping
from ..theme import MUTED, PADDING_PX, Item, Kind, Look

WIDTH_PX = 460
BUTTON_PX = 132


class OfferDialog:
    """A modal over the window.

    Args:
        look: lengths and fonts.
        keeping: carries out what is chosen.
    """

    def __init__(self, look: Look, keeping: Keeping) -> None:
        self._look, self._keeping = look, keeping
        self._window: Item | None = None

    @property
    def is_open(self) -> bool:
        """Whether the dialog has the keyboard and the pointer."""
        return self._window is not None

    def show(self, unsaved: Unsaved) -> None:
        """Open it, unless it is."""
        if self._window is not None:
            return
        look, keeping = self._look, self._keeping
        width = look.px(WIDTH_PX)
        left = (dpg.get_viewport_client_width() - width) // 2
        with dpg.window(
            modal=True,
            no_title_bar=True,
            no_resize=True,
            no_move=True,
            autosize=True,
            pos=(left, dpg.get_viewport_client_height() // 4),
            min_size=(width, look.px(120)),
            max_size=(width, 10_000),
            on_close=lambda _sender, _value, _data: self._choose(keeping.later, unsaved),
        ) as self._window:
            wrap = width - look.px(2 * PADDING_PX)
            dpg.bind_item_font(dpg.add_text("An edit was not saved.", wrap=wrap), look.strong)
            dpg.add_text(_describe(unsaved), wrap=wrap, color=MUTED)
            with dpg.group(horizontal=True):
                self._button("Go on with it", keeping.go_on, unsaved, "primary")
                self._button("Later", keeping.later, unsaved, None)
                self._button("Discard", keeping.discard, unsaved, None)

    def _button(
        self, label: str, choice: Callable[[Unsaved], None], unsaved: Unsaved, kind: Kind | None
    ) -> None:
        button = dpg.add_button(
            label=label,
            width=self._look.px(BUTTON_PX),
            callback=lambda _sender, _value, _data: self._choose(choice, unsaved),
        )
        if kind is not None:
            dpg.bind_item_theme(button, self._look.buttons[kind])

    def _choose(self, choice: Callable[[Unsaved], None], unsaved: Unsaved) -> None:
        if self._window is not None:
            dpg.delete_item(self._window)
            self._window = None
        choice(unsaved)


def _describe(unsaved: Unsaved) -> str:
    return (
        f"The program ended before it could: seed {unsaved.seed} of {unsaved.model}, "
        f"last changed {unsaved.changed:%d %B, %H:%M}."
    )
