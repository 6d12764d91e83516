"""What comes in and goes out through the window: files that are opened, the end; asks before.

Needs a Dear PyGui context; owned by the window.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ...engine.opening import OpenModel
from ...session.format import SUFFIX
from ...session.recipe import SUFFIXES as PICTURES
from ..desk import Desk
from ..parts import Parts
from ..shell import Shell
from .leaving import Leaving
from .models import Models

TURNS = 2  # of the loop, from a dialog that goes to one that comes
CLOSING = "The window is to be closed."


class Doors:
    """Carries out the wishes of the shell.

    Args:
        desk: whose edit is left behind.
        models: opens models.
        shell: whose wishes they are.
        stop: ends the window.
    """

    def __init__(self, desk: Desk, models: Models, shell: Shell, stop: Callable[[], None]) -> None:
        self._desk, self._models, self._shell, self._stop = desk, models, shell, stop
        self._parts: Parts | None = None
        self._waiting: list[Path | None] = []  # to be opened
        self._turns = 0  # of the loop until then
        save = partial(desk.perform, "save")
        self._leaving = Leaving(desk.keeping, save, self._ask)

    def serve(self, parts: Parts) -> None:
        """Do what the person wants by now."""
        self._parts = parts
        self._leaving.poll()
        if self._desk.wanted is not None:
            wanted, self._desk.wanted = self._desk.wanted, None
            self.open(wanted)
        self._turns -= 1
        if self._waiting and self._turns < 0 and not parts.is_asking:
            self._leave_for(self._waiting.pop())
        if self._desk.region.asks_file and not parts.is_asking:
            self._desk.region.asks_file = False
            parts.mask_picker.show()
        wish = self._shell.take()
        if wish is None or parts.question.is_open:
            return
        if parts.is_asking:
            parts.clear()
            self._shell.wish(wish)  # in the next turn: a modal made now would go as well
        elif wish == "keys":
            parts.keys.show()
        elif wish == "open":
            parts.picker.show()
        else:
            self._leaving.before(CLOSING, self._stop)

    def open(self, path: Path | None) -> None:
        """Open a model or an edit; None is the model that comes with the program.

        Not at once: a question that is made in the turn in which a dialog goes would go as well.
        """
        self._waiting, self._turns = [path], TURNS

    def _leave_for(self, path: Path | None) -> None:
        name = path.name if path else "The model that comes with draglive"
        self._leaving.before(f"{name} takes its place.", partial(self._open, path))

    def _open(self, path: Path | None) -> None:
        if path is not None and path.suffix.lower() in (SUFFIX, *PICTURES):
            self._desk.keeping.open(path)
            return
        desk = self._desk
        self._models.open(OpenModel(path, desk.seed, desk.psi, settings=desk.memory.settings))

    def _ask(self, what: str, save: Callable[[], None], leave: Callable[[], None]) -> None:
        if self._parts is not None:
            self._parts.question.ask(what, save, leave)
