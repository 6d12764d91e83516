"""What is in a folder, for whoever looks for a file. Pure but for reading the disk.

A folder is read on a thread: some are far away.
"""

from __future__ import annotations

import math
import os
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

UNITS = ("B", "KB", "MB", "GB", "TB")
MOST = 500  # that are shown; the rest is typed


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, or a folder in the folder."""

    name: str
    is_folder: bool
    bytes: int
    changed_s: float

    @property
    def size(self) -> str:
        """In words; nothing for a folder."""
        if self.is_folder:
            return ""
        power = min(int(math.log10(max(self.bytes, 1))) // 3, len(UNITS) - 1)
        size = self.bytes / 1000**power
        return f"{size:.1f} {UNITS[power]}" if power and size < 10 else f"{size:.0f} {UNITS[power]}"

    @property
    def changed(self) -> str:
        """The day and the minute."""
        return f"{datetime.fromtimestamp(self.changed_s).astimezone():%Y-%m-%d %H:%M}"


@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder has.

    Attributes:
        folder: which one.
        entries: folders first, then files, the newest file first; `MOST` at most.
        left: how many more there are.
        trouble: why it cannot be read, or empty.
    """

    folder: Path
    entries: tuple[Entry, ...] = ()
    left: int = 0
    trouble: str = ""


def read_folder(folder: Path, suffixes: Sequence[str]) -> Listing:
    """Its folders, and its files with one of these endings; hidden ones are left out."""
    try:
        found = sorted(_entries(folder, suffixes), key=_order)
    except OSError as error:
        return Listing(folder, trouble=f"{folder}: {error.strerror}")
    return Listing(folder, tuple(found[:MOST]), max(len(found) - MOST, 0))


def _order(entry: Entry) -> tuple[bool, float, str]:
    newest_first = 0.0 if entry.is_folder else -entry.changed_s
    return not entry.is_folder, newest_first, entry.name.lower()


def _entries(folder: Path, suffixes: Sequence[str]) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        for item in found:
            if item.name.startswith("."):
                continue
            try:
                stat, is_folder = item.stat(), item.is_dir()
            except OSError:
                continue  # a link that leads nowhere
            if is_folder or item.name.lower().endswith(tuple(suffixes)):
                yield Entry(item.name, is_folder, stat.st_size, stat.st_mtime)


def meant(folder: Path, typed: str) -> Path:
    """The path that was typed: in the folder, unless it begins at the root or at home."""
    path = Path(typed.strip()).expanduser()
    return Path(os.path.normpath(folder / path))


class Reader:
    """Reads folders beside the window; the last that was asked for counts."""

    def __init__(self, suffixes: Sequence[str]) -> None:
        self._suffixes = suffixes
        self._wanted: Path | None = None
        self._read: queue.SimpleQueue[Listing] = queue.SimpleQueue()

    def ask(self, folder: Path) -> None:
        """Read this one."""
        self._wanted = folder

        def read() -> None:
            self._read.put(read_folder(folder, self._suffixes))

        threading.Thread(target=read, name="draglive-folder", daemon=True).start()

    def take(self) -> Listing | None:
        """What was asked for last, once it is read."""
        while not self._read.empty():
            listing = self._read.get()
            if listing.folder == self._wanted:
                self._wanted = None
                return listing
        return None
