"""Asks for a file: by the desktop's own dialog where there is one, else by Dear PyGui's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import dearpygui.dearpygui as dpg

from ..theme import Item, Look
from .native import NativeDialog, command, find_program

WIDTH_PX, HEIGHT_PX = 880, 640  # at most
MARGIN_PX = 24  # to the window's edges, at least
TITLE = "Open"


class FilePicker:
    """One question at a time; the window lives on.

    Args:
        look: lengths.
        suffixes: of the files that are looked for, with their dots.
        chosen: told of the file.
    """

    def __init__(self, look: Look, suffixes: Sequence[str], chosen: Callable[[Path], None]) -> None:
        self._look, self._suffixes, self._chosen = look, suffixes, chosen
        self._folder = Path.home()
        self._native: NativeDialog | None = None
        self._dialog: Item | None = None

    @property
    def is_open(self) -> bool:
        """Whether a dialog of the window's own has the keyboard and the pointer."""
        return self._dialog is not None

    def show(self) -> None:
        """Ask, unless that is being done."""
        if self._native is not None or self._dialog is not None:
            return
        program = find_program()
        if program is not None:
            patterns = [f"*{suffix}" for suffix in self._suffixes]
            try:
                self._native = NativeDialog(command(program, TITLE, self._folder, patterns))
            except OSError:
                self._ask_here()
            return
        self._ask_here()

    def refresh(self) -> None:
        """See whether the desktop's dialog was answered; Escape takes the other one away."""
        if self._dialog is not None and dpg.is_key_pressed(dpg.mvKey_Escape):
            self._forget()
        native = self._native
        if native is None or not native.is_done:
            return
        self._native = None
        path = native.answer()
        if native.is_broken:
            self._ask_here()
        elif path is not None:
            self._take(path)

    def close(self) -> None:
        """Take it away."""
        if self._native is not None:
            self._native.close()
            self._native = None
        self._forget()

    def _ask_here(self) -> None:
        look = self._look
        room = dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
        margin = 2 * look.px(MARGIN_PX)
        with dpg.file_dialog(
            label=TITLE,
            modal=True,
            width=min(look.px(WIDTH_PX), room[0] - margin),
            height=min(look.px(HEIGHT_PX), room[1] - margin),
            default_path=str(self._folder),
            callback=lambda _sender, answer, _data: self._answered(answer),
            cancel_callback=lambda *_: self._forget(),
        ) as self._dialog:
            dpg.add_file_extension(
                f"All (*{' *'.join(self._suffixes)}){{{','.join(self._suffixes)}}}"
            )
            dpg.add_file_extension(".*")

    def _answered(self, answer: dict[str, object]) -> None:
        chosen = list(dict(answer.get("selections", {})).values())  # type: ignore[call-overload]
        self._forget()
        self._take(Path(str(chosen[0] if chosen else answer["file_path_name"])))

    def _take(self, path: Path) -> None:
        self._folder = path.parent
        self._chosen(path)

    def _forget(self) -> None:
        if self._dialog is not None:
            dpg.delete_item(self._dialog)
            self._dialog = None
