"""The edit's files as the window has them: its journal, where it is saved, what dead programs left.

Reading and writing files happens on threads of their own; the window asks for news. No Dear PyGui.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import platformdirs

from ..engine.opening import OpenModel
from ..engine.types import EngineClient
from ..models.library import RecentModels
from ..session.errors import SessionError
from ..session.format import SUFFIX, read_session
from ..session.journal import Journal
from ..session.locks import holding
from ..session.recipe import read_recipe
from ..session.recovery import Unsaved, discard, find_unsaved, prune
from ..session.saving import find_model, save_session

ADOPTED_WITHIN_S = 120.0

News = tuple[str, Literal["info", "error"]]


def recent_edits_file() -> Path:
    """The list of edits opened or saved lately."""
    return platformdirs.user_state_path("draglive") / "recent-edits.json"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the edit's files are.

    Attributes:
        journals: folder of the journals.
        edits: folder where new edits are saved; made when it is missing.
        recent: the list of edits opened or saved lately.
        file: the session that is open, where saving goes; None for a new file.
    """

    journals: Path
    edits: Path
    file: Path | None = None
    recent: Path = field(default_factory=recent_edits_file)


def own_edits() -> Path:
    """Where this person's edits are saved."""
    return platformdirs.user_documents_path() / "draglive"


class Keeping:
    """Saves the edit and offers those of programs that died; GUI thread only.

    Args:
        engine: opens an edit that is gone on with.
        journal: of the engine's edit; None where nothing is written down.
        places: of the files; None where nothing is written down.
        news: where the journal tells what it has to tell.
    """

    def __init__(
        self,
        engine: EngineClient,
        journal: Journal | None = None,
        places: Places | None = None,
        news: queue.SimpleQueue[News] | None = None,
    ) -> None:
        self._engine, self._journal, self._places = engine, journal, places
        self._news: queue.SimpleQueue[News] = news or queue.SimpleQueue()
        self._file = places.file if places else None
        self._held = ExitStack()  # the lock of a session that was opened here
        self._recent = RecentModels(places.recent) if places else None
        self.recent: tuple[Path, ...] = ()  # opened or saved lately, newest first
        self._worked = self._saved = 0  # how much was done, and how much of that is in a file
        self._saving = 0  # files being written
        self._offers: list[Unsaved] = []
        if places is not None:
            self._beside(lambda: self._look_around(places.journals))

    @property
    def offer(self) -> Unsaved | None:
        """An edit that nobody saved, to be gone on with, discarded or left for later."""
        return self._offers[0] if self._offers else None

    def news(self) -> list[News]:
        """What there is to tell since the last call."""
        told = []
        while not self._news.empty():
            told.append(self._news.get())
        return told

    @property
    def is_unsaved(self) -> bool:
        """Whether there is work that no file has."""
        return self._journal is not None and self._worked > self._saved

    @property
    def is_saving(self) -> bool:
        """Whether a file is being written."""
        return self._saving > 0

    def work(self) -> None:
        """Something was done that a person would not want to lose."""
        self._worked += 1

    def begin(self) -> None:
        """Another edit is worked on, which has no file."""
        self._file = None
        self._held.close()
        self._worked = self._saved = 0

    def open(self, path: Path) -> None:
        """Open a session, or the edit in a picture, in place of the edit that is worked on."""
        self._beside(lambda: self._open(path))

    def save(self, seed: int) -> None:
        """Save to the file that is open, or to a new one named by date and seed.

        Raises:
            SessionError: nothing is written down here.
        """
        if self._journal is None or self._places is None:
            raise SessionError("this edit is not written down: it cannot be saved")
        if self._file is None:
            name = f"draglive-{datetime.now().astimezone():%Y-%m-%d-%H%M%S}-seed{seed}{SUFFIX}"
            self._file = self._places.edits / name
        journal, path = self._journal, self._file
        done = self._worked
        self._saving += 1
        self._beside(lambda: self._save(journal, path, done))

    def go_on(self, unsaved: Unsaved) -> None:
        """Open an edit that a program left when it died."""
        self._dismiss(unsaved)
        self._beside(lambda: self._recover(unsaved))

    def discard(self, unsaved: Unsaved) -> None:
        """Remove it."""
        self._dismiss(unsaved)
        self._beside(lambda: discard(unsaved.path))

    def later(self, unsaved: Unsaved) -> None:
        """Offer it at the next start again."""
        self._dismiss(unsaved)

    def _dismiss(self, unsaved: Unsaved) -> None:
        self._offers = [offer for offer in self._offers if offer != unsaved]

    def _look_around(self, journals: Path) -> None:
        self._look_at_recent()
        self._offers = find_unsaved(journals)
        prune(journals)

    def _save(self, journal: Journal, path: Path, done: int) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_session(journal.reach(), path)
            journal.reach(saved_as=path.name)
            self._saved = max(self._saved, done)
        finally:
            self._saving -= 1
        self._remember(path)
        self._news.put((f"Saved the edit to {path}", "info"))

    def _recover(self, unsaved: Unsaved) -> None:
        """Open it, and remove its file once the journal of the edit that goes on has it all."""
        session = read_session(unsaved.path)
        if self._go_on(OpenModel(find_model(session, unsaved.path, own=True), edit=session.edit)):
            self._worked += 1
            discard(unsaved.path)
            self._news.put(("Going on with the edit that was not saved", "info"))

    def _open(self, path: Path) -> None:
        picture = path.suffix.lower() != SUFFIX
        session = read_recipe(path) if picture else read_session(path)
        model = find_model(session, path)
        with ExitStack() as held:
            if not picture:
                held.enter_context(holding(path))
            if not self._go_on(OpenModel(model, edit=session.edit)):
                return
            self.begin()
            self._file = None if picture else path
            self._held = held.pop_all()
        self._remember(path)
        self._news.put((f"Opened {path.name}", "info"))

    def _go_on(self, request: OpenModel) -> bool:
        """Open an edit; whether it came to be the one that is worked on."""
        before = self._journal.path if self._journal else None
        self._engine.open_model(request)
        until_s = time.monotonic() + ADOPTED_WITHIN_S
        while self._journal is not None and time.monotonic() < until_s:
            if self._journal.path not in (None, before):
                self._journal.reach()
                return True
            opening = self._engine.opening()
            if opening is not None and opening.request is request and opening.failure:
                return False
            time.sleep(0.05)
        return False

    def _remember(self, path: Path) -> None:
        if self._recent is not None:
            self._recent.remember(path)
            self._look_at_recent()

    def _look_at_recent(self) -> None:
        if self._recent is not None:
            self.recent = tuple(file.path for file in self._recent.files())

    def _beside(self, work: Callable[[], None]) -> None:
        """Do it on a thread; what goes wrong is told."""

        def run() -> None:
            try:
                work()
            except (SessionError, OSError) as error:
                self._news.put((str(error), "error"))

        threading.Thread(target=run, name="draglive-files", daemon=True).start()
