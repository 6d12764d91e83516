"""Thumbnails of model files, and what was found out about them: kept on disk, made by a child.

A thumbnail belongs to a path, size and time of change: another file under the same name gets
another. The child (`thumbnailer`) starts with the first file that has none, works beside the
window at the lowest priority, and imports torch, which nothing here does.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import queue
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from ..session.files import write_json
from .library import ModelFile

VERSION = 1  # of what is kept; older entries are made anew
SIDE_PX = 256  # the longer one of a thumbnail


@dataclass(frozen=True, slots=True)
class Facts:
    """What a model file holds, or in `error` why it cannot be opened."""

    name: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    classes: int = 0
    error: str = ""


class ThumbnailShelf:
    """The thumbnails on disk.

    Args:
        folder: where they are; made when there is something to keep.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def picture_path(self, file: ModelFile) -> Path:
        """Where a file's thumbnail is, or will be: a PNG, at most `SIDE_PX` a side."""
        return self.folder / f"{_key(file)}.png"

    def facts(self, file: ModelFile) -> Facts | None:
        """What is known of a file; None if nothing is."""
        try:
            entry = json.loads(self._facts_path(file).read_text(encoding="utf-8"))
            return Facts(**entry)
        except (OSError, ValueError, TypeError):
            return None

    def keep(self, file: ModelFile, facts: Facts) -> None:
        """Keep what was found out; after the picture, if there is one.

        Raises:
            FileError: it cannot be written.
        """
        write_json(self._facts_path(file), asdict(facts), make_folder=True)

    def _facts_path(self, file: ModelFile) -> Path:
        return self.folder / f"{_key(file)}.json"


def _key(file: ModelFile) -> str:
    what = f"{VERSION}\n{file.path.resolve()}\n{file.size_bytes}\n{file.modified_ns}"
    return hashlib.sha256(what.encode()).hexdigest()[:32]


class Thumbnailer:
    """Has thumbnails made; asked and polled from one thread, waits for nobody.

    Args:
        shelf: where they are kept.
    """

    def __init__(self, shelf: ThumbnailShelf) -> None:
        self.shelf = shelf
        self._facts: dict[ModelFile, Facts] = {}
        self._asked: list[ModelFile] = []  # in the child's order
        self._child: subprocess.Popen[str] | None = None
        self._listener = threading.Thread()
        self._news: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def facts(self, file: ModelFile) -> Facts | None:
        """What is known of a file; asks the child to find out where nothing is."""
        if file not in self._facts and file not in self._asked:
            known = self.shelf.facts(file)
            if known is None:
                self._ask(file)
            else:
                self._facts[file] = known
        return self._facts.get(file)

    def poll(self) -> bool:
        """Whether there is news since the last call."""
        news = False
        with contextlib.suppress(queue.Empty):
            while True:
                self._take(self._news.get_nowait())
                news = True
        return news

    def close(self) -> None:
        """End the child; what it was at is made another time."""
        if self._child is not None:
            self._child.kill()
            self._listener.join()
            self._child = None

    def _take(self, error: str | None) -> None:
        """The child is through with the first file; None: it ended."""
        if error is None:
            self._child = None
            error = "no thumbnail: the process that makes them ended"
        if not self._asked:
            return
        file = self._asked.pop(0)
        self._facts[file] = self.shelf.facts(file) or Facts(error=error)
        if self._child is None:
            waiting, self._asked = self._asked, []
            for other in waiting:  # only the one that it was at is to blame
                self._ask(other)

    def _ask(self, file: ModelFile) -> None:
        self._asked.append(file)
        if self._child is None:
            self._child = self._start()
        assert self._child.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it is dead, which the listener tells
            self._child.stdin.write(json.dumps(str(file.path)) + "\n")
            self._child.stdin.flush()

    def _start(self) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-m", "draglive.app.models.thumbnailer", str(self.shelf.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen, args=[child], daemon=True)
        self._listener.start()
        return child

    def _listen(self, child: subprocess.Popen[str]) -> None:
        """A line is a file done, with what went wrong; the end of them is the child's."""
        assert child.stdout is not None
        for line in child.stdout:
            self._news.put(str(json.loads(line)))
        child.wait()
        for pipe in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):  # what was not written yet has no reader
                if pipe is not None:
                    pipe.close()
        self._news.put(None)
