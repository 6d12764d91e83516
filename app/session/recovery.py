"""The edits of programs that died: found in the journals they left, offered, gone on with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .errors import InUseError, SessionError
from .format import SUFFIX, read_session
from .locks import holding, lock_path

KEPT_ENDED = 20  # journals of programs that ended in order


@dataclass(frozen=True, slots=True)
class Unsaved:
    """The journal of a program that died before its edit was saved."""

    path: Path
    model: str
    seed: int
    actions: int
    changed: datetime


def find_unsaved(folder: Path) -> list[Unsaved]:
    """The journals whose programs died, newest first; empty ones are removed.

    One that another process is writing is not among them.
    """
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True):
        try:
            with holding(path):
                unsaved = _describe(path)
        except (InUseError, SessionError, OSError):
            continue
        if unsaved is not None:
            found.append(unsaved)
    return found


def _describe(path: Path) -> Unsaved | None:
    session = read_session(path)
    if session.ended or not session.unsaved:
        return None
    origin = session.edit.origin
    changed = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    return Unsaved(path, origin.model, origin.seed, session.unsaved, changed)


def discard(path: Path) -> None:
    """Remove a journal that nobody wants any more.

    Raises:
        InUseError: its program is alive.
    """
    with holding(path):
        _remove(path)


def prune(folder: Path) -> None:
    """Remove the oldest journals of programs that ended in order."""
    ended = []
    for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True):
        try:
            with holding(path):
                if read_session(path).ended:
                    ended.append(path)
        except (SessionError, OSError):
            continue
    for path in ended[KEPT_ENDED:]:
        _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    lock_path(path).unlink(missing_ok=True)
