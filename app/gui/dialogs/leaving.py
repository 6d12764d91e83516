"""What would leave an edit behind waits until it is saved, or until nobody wants that. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Do = Callable[[], None]


class Work(Protocol):
    """The edit's files (`keeping.Keeping`)."""

    @property
    def is_unsaved(self) -> bool:
        """Whether something would be lost."""

    @property
    def is_saving(self) -> bool:
        """Whether it is being written."""


class Leaving:
    """Asks before an edit is left; GUI thread only.

    Args:
        work: which may be lost.
        save: begins to save it.
        ask: asks the person: is given what will happen, what saves first, and what does not.
    """

    def __init__(self, work: Work, save: Do, ask: Callable[[str, Do, Do], None]) -> None:
        self._work, self._save, self._ask = work, save, ask
        self._then: Do | None = None

    def before(self, what: str, then: Do) -> None:
        """Do it, once the edit is saved or may be lost.

        Args:
            what: will happen to the edit, in a sentence.
            then: what leaves it.
        """
        if not self._work.is_unsaved:
            then()
            return

        def save() -> None:
            self._then = then
            self._save()

        self._ask(what, save, then)

    def poll(self) -> None:
        """Go on where saving has ended; where it failed, one stays."""
        if self._then is None or self._work.is_saving:
            return
        then, self._then = self._then, None
        if not self._work.is_unsaved:
            then()
