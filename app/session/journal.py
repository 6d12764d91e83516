"""An edit written down as it happens, so that whatever ends the program ends a second of it.

A `Journal` is an `EditLog` whose thread appends to a session file (`format`). What the engine
tells it is handed to the system at once, so that `kill -9` loses nothing that was told; every
second and at each gesture's end it is forced to the disk (`fsync`), so that a power failure
loses no more than that. A disk that is full or read-only is told once and tried again every
second; until then everything waits in memory.

A lock that the system gives back when a process dies says whether a journal's owner is alive:
neither clocks nor process numbers are asked.
"""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import platformdirs
from filelock import FileLock, Timeout

from ..engine.log import Checkpoint, Event, Origin, Record
from ..engine.types import EndGesture
from .errors import SessionError
from .files import file_sha256
from .format import SUFFIX, EndLine, ModelLine, SavedLine, encode, encode_header
from .locks import lock_path

SYNC_S = 1.0
MOST_WAITING = 64 << 20  # bytes that wait for a disk; beyond, checkpoints that undo nothing go


@dataclass(frozen=True, slots=True)
class _Begin:
    origin: Origin
    past: tuple[Record, ...]
    number: int


@dataclass(frozen=True, slots=True)
class _Model:
    """What the model's file turned out to be, of the edit of that number."""

    sha256: str
    number: int


@dataclass(frozen=True, slots=True)
class _Reach:
    """Everything told before is with the system once this is set."""

    reached: threading.Event
    saved_as: str = ""


_Told: TypeAlias = _Begin | _Model | Event | Checkpoint | _Reach | None


def journals_folder() -> Path:
    """Where this person's journals are."""
    return platformdirs.user_state_path("draglive") / "journals"


class Journal:
    """Writes down one edit after the other; its methods may be called from any thread.

    Args:
        folder: where journals are; made when it is missing.
        tell: told in a line when nothing can be written any more, and when it can again.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self._folder, self._tell = folder, tell
        self._told: queue.SimpleQueue[_Told] = queue.SimpleQueue()
        self._file: _File | None = None
        self._edits = 0
        self._thread = threading.Thread(target=self._run, name="draglive-journal", daemon=True)
        self._thread.start()

    def begin(self, origin: Origin, past: Sequence[Record] = ()) -> None:
        """See `EditLog`; the journal before is closed."""
        self._edits += 1
        self._told.put(_Begin(origin, tuple(past), self._edits))
        looking = threading.Thread(target=self._look, args=[origin.path, self._edits], daemon=True)
        looking.start()  # large files take seconds to read

    def event(self, event: Event) -> None:
        """See `EditLog`."""
        self._told.put(event)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """See `EditLog`."""
        self._told.put(checkpoint)

    @property
    def path(self) -> Path | None:
        """The file of the present edit, once there is one."""
        return self._file.path if self._file else None

    def reach(self, saved_as: str = "", timeout_s: float = 5.0) -> Path:
        """Wait until everything told so far is in the file.

        Args:
            saved_as: note that all of it was saved to a file of that name.
            timeout_s: how long to wait.

        Returns:
            The file.

        Raises:
            SessionError: there is none, or the disk takes nothing.
        """
        reach = _Reach(threading.Event(), saved_as)
        self._told.put(reach)
        if not reach.reached.wait(timeout_s) or self._file is None or self._file.error:
            why = self._file.error if self._file and self._file.error else "nothing was edited yet"
            raise SessionError(f"the edit is not written down: {why}")
        return self._file.path

    def close(self, timeout_s: float = 1.5) -> None:
        """End in order; a second call does nothing."""
        self._told.put(None)
        self._thread.join(timeout_s)

    def _look(self, model: str, number: int) -> None:
        self._told.put(_Model(file_sha256(Path(model)), number))

    def _run(self) -> None:
        going = True
        while going:
            batch = self._gather()
            going = None not in batch
            for told in batch:
                self._take(told)
            if self._file is not None:
                self._file.write(sync=_ends_gesture(batch))
            for told in batch:
                if isinstance(told, _Reach):
                    told.reached.set()
        self._end()

    def _gather(self) -> list[_Told]:
        """Everything told since the last time; waits a second for it at most."""
        batch: list[_Told] = []
        try:
            batch.append(self._told.get(timeout=SYNC_S))
            while True:
                batch.append(self._told.get_nowait())
        except queue.Empty:
            return batch

    def _take(self, told: _Told) -> None:
        match told:
            case _Begin(origin, past, number):
                self._end()
                self._file = _File(self._folder, self._tell, number)
                self._file.note(encode_header(origin))
                for record in past:
                    self._file.add(record)
            case _Model(sha256, number) if self._file is not None and self._file.number == number:
                self._file.note(encode(ModelLine(sha256)))
            case Event() | Checkpoint() if self._file is not None:
                self._file.add(told)
            case _Reach(saved_as=name) if self._file is not None and name:
                self._file.note(encode(SavedLine(name)))
            case _:
                pass

    def _end(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.end()


def _ends_gesture(batch: Sequence[_Told]) -> bool:
    return any(isinstance(t, Event) and isinstance(t.command, EndGesture) for t in batch)


class _File:
    """One journal; the journal's thread owns it."""

    def __init__(self, folder: Path, tell: Callable[[str], None], number: int) -> None:
        self._folder, self._tell = folder, tell
        self.number = number
        self.path = folder / f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(4)}{SUFFIX}"
        self.error = ""
        self._lock = FileLock(lock_path(self.path))
        self._descriptor: int | None = None
        self._waiting: list[bytes] = []
        self._torn = False  # the last write ended within a line
        self._synced_s = 0.0
        self._unsynced = False
        self._events = 0

    def add(self, record: Record) -> None:
        """Append a record with the next `write`."""
        self._events += isinstance(record, Event)
        if isinstance(record, Checkpoint) and not record.left and self._is_choking():
            return
        self.note(encode(record))

    def note(self, line: bytes) -> None:
        """Append a line with the next `write`."""
        self._waiting.append(line)

    def write(self, *, sync: bool) -> None:
        """Hand all that waits to the system; force it to the disk each second, or now."""
        try:
            while self._waiting:
                self._append(self._waiting[0])
                self._waiting.pop(0)
                self._unsynced = True
            now_s = time.monotonic()
            if self._unsynced and (sync or now_s - self._synced_s >= SYNC_S):
                os.fsync(self._opened())
                self._synced_s, self._unsynced = now_s, False
        except (OSError, Timeout) as error:
            self._fail(getattr(error, "strerror", None) or str(error))
            return
        if self.error:
            self.error = ""
            self._tell("The edit is being written down again.")

    def end(self) -> None:
        """Close in order; a journal of nothing is removed."""
        if self._events:
            self.note(encode(EndLine()))
        self.write(sync=True)
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if not self._events:
            for path in (self.path, lock_path(self.path)):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
        self._lock.release()

    def _append(self, line: bytes) -> None:
        if self._torn:
            line = b"\n" + line
        written = os.write(self._opened(), line)
        self._torn = 0 < written < len(line)
        if written < len(line):
            raise OSError(28, os.strerror(28))

    def _opened(self) -> int:
        if self._descriptor is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._descriptor = os.open(self.path, flags, 0o600)
        return self._descriptor

    def _is_choking(self) -> bool:
        return sum(map(len, self._waiting)) > MOST_WAITING

    def _fail(self, why: str) -> None:
        if why != self.error:
            self.error = why
            self._tell(f"The edit cannot be written down in {self._folder}: {why}. It goes on.")
