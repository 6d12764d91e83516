"""The two mailboxes between a window and its engine: newest wins, nobody waits for anybody.

They know nothing of pictures, points or devices beyond the values of `types`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .types import (
    Command,
    Frame,
    MoveHandle,
    MoveTarget,
    SetClass,
    SetConfig,
    SetMask,
    SetPaused,
    SetSeed,
    SetTruncation,
)

Buffer = TypeVar("Buffer")


@dataclass(frozen=True, slots=True)
class Batch:
    """Commands drained together, in order; `oldest_s` is when the first of them was posted."""

    commands: tuple[Command, ...]
    oldest_s: float | None


def coalescing_key(command: Command) -> Hashable | None:
    """Commands of one key replace each other; None is kept whatever follows.

    Only absolute settings have a key, so dropping all but the newest leaves the same state.
    """
    match command:
        case MoveTarget(id=point_id) | MoveHandle(id=point_id):
            return type(command), point_id
        case SetSeed() | SetClass() | SetTruncation() | SetConfig() | SetMask() | SetPaused():
            return (type(command),)
        case _:
            return None


class CommandMailbox:
    """Commands on their way to the engine: 200 moves of one target become one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._commands: list[Command] = []
        self._oldest_s: float | None = None
        self._woken = False

    def post(self, command: Command) -> None:
        """Add a command; it replaces an older one of the same key and goes last."""
        key = coalescing_key(command)
        with self._changed:
            if key is not None:
                self._commands = [c for c in self._commands if coalescing_key(c) != key]
            self._commands.append(command)
            if self._oldest_s is None:
                self._oldest_s = time.perf_counter()
            self._changed.notify_all()

    def drain(self, timeout_s: float = 0.0) -> Batch:
        """Take all commands; when there is none, wait up to `timeout_s` for one."""
        with self._changed:
            if timeout_s > 0:
                self._changed.wait_for(lambda: self._commands or self._woken, timeout_s)
            self._woken = False
            batch = Batch(tuple(self._commands), self._oldest_s)
            self._commands, self._oldest_s = [], None
            return batch

    def wake(self) -> None:
        """End a waiting `drain` (or the next one) early, with no command."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()


class FrameMailbox(Generic[Buffer]):
    """Three buffers: one shown, one waiting to be shown, one being written. Latest wins.

    The writer calls `acquire` and `publish` in turn; the reader calls `take`.
    """

    def __init__(self, buffers: Sequence[Buffer] = ()) -> None:
        self._lock = threading.Lock()
        self._ready: tuple[Frame, Buffer] | None = None
        self._shown: tuple[Frame, Buffer] | None = None
        self.replace_buffers(buffers)

    def replace_buffers(self, buffers: Sequence[Buffer]) -> None:
        """Start over with other buffers (another model): frames in old ones are no more offered.

        The one taken last stays valid until the next is taken.
        """
        with self._lock:
            self._ready = None
            self._pool = list(buffers)
            self._free = list(buffers)

    def acquire(self) -> Buffer:
        """A buffer that nobody reads.

        Raises:
            IndexError: acquired more than once without a publish in between.
        """
        with self._lock:
            return self._free.pop()

    def publish(self, frame: Frame, buffer: Buffer) -> None:
        """Make the written buffer the newest frame; one that was never taken is dropped."""
        with self._lock:
            if self._ready is not None:
                self._release(self._ready[1])
            self._ready = (frame, buffer)

    def give_back(self, buffer: Buffer) -> None:
        """Return an acquired buffer unwritten."""
        with self._lock:
            self._release(buffer)

    def take(self) -> Frame | None:
        """The newest frame if there is one not taken yet; the frame taken before is given up."""
        with self._lock:
            if self._ready is None:
                return None
            if self._shown is not None:
                self._release(self._shown[1])
            self._shown, self._ready = self._ready, None
            return self._shown[0]

    def _release(self, buffer: Buffer) -> None:
        if any(buffer is known for known in self._pool):
            self._free.append(buffer)
