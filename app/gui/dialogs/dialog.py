"""One dialog for everything that breaks: what happened in plain words, details to copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from ..theme import MUTED, PADDING_PX, Item, Kind, Look
from ..widgets import Bricks

WIDTH_PX = 460
HEIGHT_PX = 150  # it grows with what it has to say
DETAIL_PX = 180
BUTTON_PX = 132


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the dialog tells.

    Attributes:
        title: what happened, in a few words.
        error: the reason, one line.
        detail: a traceback.
        remedy: what the first button does, or empty for no such button.
    """

    title: str
    error: str
    detail: str
    remedy: str = ""


class TroubleDialog:
    """A modal over the window, which lives on.

    Args:
        look: lengths and fonts.
        mend: what the remedy's button does.
    """

    def __init__(self, look: Look, mend: Callable[[], None]) -> None:
        self._look, self._mend = look, mend
        self._window: Item | None = None

    @property
    def is_open(self) -> bool:
        """Whether the dialog has the keyboard and the pointer."""
        return self._window is not None

    def show(self, trouble: Trouble) -> None:
        """Open it, in place of one that is open."""
        self.close()
        look = self._look
        width, height = look.px(WIDTH_PX), look.px(HEIGHT_PX)
        left = (dpg.get_viewport_client_width() - width) // 2
        top = dpg.get_viewport_client_height() // 4
        wrap = width - look.px(2 * PADDING_PX)
        with dpg.window(
            modal=True,
            no_title_bar=True,
            no_resize=True,
            no_move=True,
            autosize=True,
            pos=(left, top),
            min_size=(width, height),
            max_size=(width, 10_000),
            on_close=lambda _sender, _value, _data: self.close(),
        ) as self._window:
            dpg.bind_item_font(dpg.add_text(trouble.title, wrap=wrap), look.strong)
            dpg.add_text(trouble.error, wrap=wrap, color=MUTED)
            with Bricks(look, WIDTH_PX).fold("Details", "For whoever looks for the fault"):
                dpg.add_input_text(
                    default_value=trouble.detail,
                    multiline=True,
                    readonly=True,
                    width=wrap,
                    height=look.px(DETAIL_PX),
                )
            self._buttons(trouble)

    def refresh(self) -> None:
        """Escape takes it away."""
        if self._window is not None and dpg.is_key_pressed(dpg.mvKey_Escape):
            self.close()

    def close(self) -> None:
        """Take it away."""
        if self._window is not None:
            dpg.delete_item(self._window)
            self._window = None

    def _buttons(self, trouble: Trouble) -> None:
        text = f"{trouble.title}\n{trouble.error}\n\n{trouble.detail}"
        with dpg.group(horizontal=True):
            if trouble.remedy:
                self._button(trouble.remedy, self._remedy, "primary")
            self._button("Copy details", lambda: dpg.set_clipboard_text(text), None)
            self._button("Close", self.close, None)

    def _button(self, label: str, press: Callable[[], None], kind: Kind | None) -> None:
        button = dpg.add_button(
            label=label,
            width=self._look.px(BUTTON_PX),
            callback=lambda _sender, _value, _data: press(),
        )
        if kind is not None:
            dpg.bind_item_theme(button, self._look.buttons[kind])

    def _remedy(self) -> None:
        self.close()
        self._mend()
