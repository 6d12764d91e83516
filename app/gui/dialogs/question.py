"""The question before an edit that was not saved is left behind."""

from __future__ import annotations

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from ..theme import MUTED, Look
from .modal import Modal

WIDTH_PX = 472
TITLE = "This edit is not saved."


class UnsavedQuestion(Modal):
    """Save it, leave it, or stay."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, WIDTH_PX)

    def ask(self, what: str, save: Callable[[], None], leave: Callable[[], None]) -> None:
        """Open it.

        Args:
            what: will happen to it, in a sentence.
            save: saves it, then goes on.
            leave: goes on without.
        """

        def then(act: Callable[[], None]) -> Callable[[], None]:
            def close_and_act() -> None:
                self.close()
                act()

            return close_and_act

        with self.opened() as width:
            dpg.bind_item_font(dpg.add_text(TITLE, wrap=width), self.look.strong)
            dpg.add_text(what, wrap=width, color=MUTED)
            with dpg.group(horizontal=True):
                self.button("Save", then(save), "primary")
                self.button("Do not save", then(leave))
                self.button("Stay", self.close)
