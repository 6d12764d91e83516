"""Pictures that are saved: asked of the engine with all that makes them again, written to files.

Files are written on threads. No Dear PyGui.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import platformdirs

from ...engine.asking import Answer, Print, Question
from ...session.errors import SessionError
from ...session.files import file_sha256
from ...session.recipe import recipe_of, write_picture

Say = Callable[[str, Literal["info", "error"]], None]


def own_pictures() -> Path:
    """Where this person's pictures are saved."""
    return platformdirs.user_pictures_path() / "draglive"


class Prints:
    """Saves the present picture, with its recipe in it; GUI thread only.

    Args:
        say: tells the person something.
        folder: of the pictures; None for the person's own.
    """

    def __init__(self, say: Say, folder: Path | None = None) -> None:
        self._say, self._folder = say, folder or own_pictures()
        self._asked = 0
        self._waiting: dict[Print, Path] = {}  # what is asked, and the files it is for
        self._news: queue.SimpleQueue[tuple[str, Literal["info", "error"]]] = queue.SimpleQueue()

    def keep(self, seed: int, suffix: str) -> None:
        """Save the picture as it is now.

        Args:
            seed: goes into the file's name.
            suffix: of the file: `.png`, `.jpg` or `.webp`.
        """
        self._asked += 1
        name = f"draglive-{datetime.now().astimezone():%Y-%m-%d-%H%M%S}-seed{seed}"
        taken = set(self._waiting.values())
        numbers = (f"-{n}" if n > 1 else "" for n in range(1, 1000))
        paths = (self._folder / f"{name}{number}{suffix}" for number in numbers)
        free = (path for path in paths if path not in taken and not path.exists())
        self._waiting[Print(self._asked)] = next(free)

    def wanted(self) -> list[Question]:
        """What the engine is to tell."""
        return list(self._waiting)

    def hear(self, answer: Answer) -> None:
        """A picture is there: it is written."""
        question = answer.question
        if not isinstance(question, Print) or question not in self._waiting:
            return
        path = self._waiting.pop(question)
        if answer.content is None or answer.made is None:
            self._say(f"The picture was not saved: {answer.error}", "error")
            return
        threading.Thread(
            target=self._write, args=(path, answer), name="draglive-picture", daemon=False
        ).start()

    def forget(self) -> None:
        """Another model: nothing comes any more."""
        self._waiting = {}

    def refresh(self) -> None:
        """Tell what became of the files."""
        while not self._news.empty():
            self._say(*self._news.get())

    def _write(self, path: Path, answer: Answer) -> None:
        made, picture = answer.made, answer.content
        assert made is not None
        assert picture is not None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            recipe = recipe_of(made.origin, file_sha256(Path(made.origin.path)), made.tensors)
            write_picture(path, picture.astype(np.uint8, copy=False), recipe)
        except (SessionError, OSError) as error:
            self._news.put((f"The picture was not saved: {error}", "error"))
        else:
            self._news.put((f"Saved the picture to {path}", "info"))
