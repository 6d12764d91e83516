"""The edit's files as the window has them: its journal, where it is saved, what dead programs left.

Reading and writing files happens on threads of their own; the window asks for news. No Dear PyGui.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import platformdirs

from ..engine.opening import OpenModel
from ..engine.types import EngineClient
from ..session.errors import SessionError
from ..session.format import SUFFIX, read_session
from ..session.journal import Journal
from ..session.recovery import Unsaved, discard, find_unsaved, prune
from ..session.saving import find_model, save_session

ADOPTED_WITHIN_S = 120.0

News = tuple[str, Literal["info", "error"]]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the edit's files are.

    Attributes:
        journals: folder of the journals.
        edits: folder where new edits are saved; made when it is missing.
        file: the session that is open, where saving goes; None for a new file.
    """

    journals: Path
    edits: Path
    file: Path | None = None


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
        self._beside(lambda: self._save(journal, path))

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
        self._offers = find_unsaved(journals)
        prune(journals)

    def _save(self, journal: Journal, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_session(journal.reach(), path)
        journal.reach(saved_as=path.name)
        self._news.put((f"Saved the edit to {path}", "info"))

    def _recover(self, unsaved: Unsaved) -> None:
        """Open it, and remove its file once the journal of the edit that goes on has it all."""
        session = read_session(unsaved.path)
        model = find_model(session, unsaved.path, own=True)
        before = self._journal.path if self._journal else None
        self._engine.open_model(OpenModel(model, edit=session.edit))
        until_s = time.monotonic() + ADOPTED_WITHIN_S
        while self._journal is not None and time.monotonic() < until_s:
            if self._journal.path not in (None, before):
                self._journal.reach()
                discard(unsaved.path)
                self._news.put(("Going on with the edit that was not saved", "info"))
                return
            time.sleep(0.05)

    def _beside(self, work: Callable[[], None]) -> None:
        """Do it on a thread; what goes wrong is told."""

        def run() -> None:
            try:
                work()
            except (SessionError, OSError) as error:
                self._news.put((str(error), "error"))

        threading.Thread(target=run, name="draglive-files", daemon=True).start()
