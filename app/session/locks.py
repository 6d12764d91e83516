"""Who has a session file open: a lock beside it that the system gives back when a process dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import InUseError


def lock_path(path: Path) -> Path:
    """The lock of a session file, beside it."""
    return path.with_name(f".{path.name}.lock")


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """Nobody else has the file open inside; a folder that cannot be written to has no locks.

    Raises:
        InUseError: another process, or another window of this one, has it open.
    """
    lock = FileLock(lock_path(path), is_singleton=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InUseError(f"{path}: is open in another window; save under another name") from error
    except OSError:
        yield
        return
    try:
        yield
    finally:
        lock.release()
