"""Asks for a file: by the desktop's own dialog where there is one, else by a list of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import dearpygui.dearpygui as dpg

from ..panel.hud import shorten
from ..theme import ERROR, FAINT, GAP_PX, MUTED, Item, Look
from .folder import Entry, Listing, Reader, meant
from .modal import Modal
from .native import NativeDialog, command, find_program

WIDTH_PX = 720
LIST_PX = 340
ROOM_PX = 230  # for what is above and below the list
LOWEST_LIST_PX = 60
SIZE_PX, CHANGED_PX = 80, 150  # columns
PARENT_PX = 36


class FilePicker(Modal):
    """One question at a time; the window lives on.

    Args:
        look: lengths and fonts.
        title: what is looked for.
        suffixes: of the files that are looked for, with their dots.
        chosen: told of the file.
        folder: where to look first, if it is there; then where the last file was.
    """

    def __init__(
        self,
        look: Look,
        title: str,
        suffixes: Sequence[str],
        chosen: Callable[[Path], None],
        folder: Path,
    ) -> None:
        super().__init__(look, WIDTH_PX)
        self._title, self._suffixes, self._chosen = title, suffixes, chosen
        self._start, self._folder = folder, folder
        self._reader = Reader(suffixes)
        self._native: NativeDialog | None = None
        self._path: Item = 0
        self._list: Item = 0
        self._field: Item = 0
        self._says: Item = 0

    def show(self) -> None:
        """Ask, unless that is being done."""
        if self._native is not None or self.is_open:
            return
        start = self._start if self._start.is_dir() else Path.home()
        program = find_program()
        if program is None:
            self._ask_here(start)
            return
        patterns = [f"*{suffix}" for suffix in self._suffixes]
        try:
            self._native = NativeDialog(command(program, self._title, start, patterns))
        except OSError:
            self._ask_here(start)

    def refresh(self) -> None:
        """See whether the desktop's dialog was answered; show what a folder has."""
        super().refresh()
        if self.is_open and (listing := self._reader.take()) is not None:
            self._fill(listing)
        native = self._native
        if native is None or not native.is_done:
            return
        self._native = None
        path = native.answer()
        if native.is_broken:
            self._ask_here(self._start if self._start.is_dir() else Path.home())
        elif path is not None:
            self._take(path)

    def close(self) -> None:
        """Take it away."""
        if self._native is not None:
            self._native.close()
            self._native = None
        super().close()

    # The list.

    def _ask_here(self, start: Path) -> None:
        look = self.look
        room = dpg.get_viewport_client_height() - look.px(ROOM_PX)
        with self.opened() as width:
            dpg.bind_item_font(dpg.add_text(self._title), look.strong)
            with dpg.group(horizontal=True):
                dpg.add_button(
                    label="↑",
                    width=look.px(PARENT_PX),
                    user_data="folder above",
                    callback=lambda *_: self._look(self._folder.parent),
                )
                self._path = dpg.add_text("", color=MUTED)
            self._list = dpg.add_child_window(
                width=width, height=max(min(look.px(LIST_PX), room), look.px(LOWEST_LIST_PX))
            )
            self._field = dpg.add_input_text(
                label="##File",
                hint="a name, or a path",
                width=width,
                on_enter=True,
                callback=lambda *_: self._open(),
            )
            self._says = dpg.add_text(" ", color=FAINT)
            with dpg.group(horizontal=True):
                self.button("Open", self._open, "primary")
                self.button("Cancel", self.close)
        self._look(start)
        dpg.focus_item(self._field)

    @property
    def _top(self) -> int:
        room = dpg.get_viewport_client_height() - self.look.px(LIST_PX + ROOM_PX)
        return max(int(room) // 2, self.look.px(GAP_PX))

    def _look(self, folder: Path) -> None:
        self._folder = folder
        self._reader.ask(folder)

    def _fill(self, listing: Listing) -> None:
        look, width = self.look, dpg.get_item_width(self._list)
        room = (width or 0) - look.px(PARENT_PX + GAP_PX)
        dpg.set_value(self._path, shorten(str(listing.folder), room, look.body))
        dpg.delete_item(self._list, children_only=True)
        with dpg.table(header_row=False, parent=self._list):
            dpg.add_table_column()
            for column_px in (SIZE_PX, CHANGED_PX):
                dpg.add_table_column(width_fixed=True, init_width_or_weight=look.px(column_px))
            for entry in listing.entries:
                self._row(entry)
        words = "Nothing here that can be opened." if not listing.entries else " "
        if listing.left:
            words = f"{listing.left} more; type a name to open one of those."
        self._say(listing.trouble or words, wrong=bool(listing.trouble))

    def _row(self, entry: Entry) -> None:
        with dpg.table_row():
            dpg.add_selectable(
                label=f"{entry.name}/" if entry.is_folder else entry.name,
                span_columns=True,
                user_data=entry.name,
                callback=partial(self._point_at, entry),
            )
            dpg.add_text(entry.size, color=FAINT)
            dpg.add_text("" if entry.is_folder else entry.changed, color=FAINT)

    def _point_at(self, entry: Entry, selectable: Item, *_: object) -> None:
        """A click goes into a folder, or names a file; a second one on the same opens it."""
        dpg.set_value(selectable, False)
        if entry.is_folder:
            self._look(self._folder / entry.name)
        elif dpg.get_value(self._field) == entry.name:
            self._open()
        else:
            dpg.set_value(self._field, entry.name)

    def _open(self) -> None:
        """What the field says: a folder is looked into, a file is taken."""
        typed = dpg.get_value(self._field)
        if not typed.strip():
            return self._say("Choose a file, or type a name.", wrong=True)
        path = meant(self._folder, typed)
        if path.is_dir():
            dpg.set_value(self._field, "")
            self._look(path)
        elif path.is_file():
            self.close()
            self._take(path)
        else:
            self._say(f"There is no {path}", wrong=True)
        return None

    def _say(self, words: str, *, wrong: bool) -> None:
        room = dpg.get_item_width(self._list) or 0
        dpg.set_value(self._says, shorten(words, room, self.look.body))
        dpg.configure_item(self._says, color=ERROR if wrong else FAINT)

    def _take(self, path: Path) -> None:
        self._start = path.parent
        self._chosen(path)
