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
    EndGesture,
    Frame,
    GoTo,
    MoveHandle,
    MoveTarget,
    Redo,
    Revisit,
    SetClass,
    SetConfig,
    SetMask,
    SetMix,
    SetPaused,
    SetSeed,
    SetStrength,
    SetTruncation,
    Undo,
)

Buffer = TypeVar("Buffer")
FENCES = (Undo, Redo, GoTo, Revisit, EndGesture)


@dataclass(frozen=True, slots=True)
class Batch:
    """Commands drained together, in order.

    Attributes:
        commands: those that no newer one replaced.
        oldest_s: when the first of them was posted.
        posted: so many were posted up to here, replaced ones included.
    """

    commands: tuple[Command, ...]
    oldest_s: float | None
    posted: int = 0


def coalescing_key(command: Command) -> Hashable | None:
    """Commands of one key replace each other; None is kept whatever follows.

    Only absolute settings have a key, so dropping all but the newest leaves the same state.
    """
    match command:
        case MoveTarget(id=point_id) | MoveHandle(id=point_id):
            return type(command), point_id
        case SetStrength(id=slider):
            return type(command), slider
        case SetSeed() | SetClass() | SetTruncation() | SetMix() | SetConfig():
            return (type(command),)
        case SetMask() | SetPaused():
            return (type(command),)
        case _:
            return None


def without(commands: Sequence[Command], key: Hashable) -> list[Command]:
    """The commands less those of a key, as far back as order does not matter."""
    start = 0
    for place, command in enumerate(commands):
        if isinstance(command, FENCES):
            start = place + 1
    return [*commands[:start], *(c for c in commands[start:] if coalescing_key(c) != key)]


class CommandMailbox:
    """Commands on their way to the engine: 200 moves of one target become one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._commands: list[Command] = []
        self._oldest_s: float | None = None
        self._posted = 0
        self._woken = False

    def post(self, command: Command) -> int:
        """Add a command; it replaces an older one of the same key and goes last.

        Nothing replaces a command beyond an undo, a redo, or the end of a gesture.

        Returns:
            How many were posted so far.
        """
        key = coalescing_key(command)
        with self._changed:
            if key is not None:
                self._commands = without(self._commands, key)
            self._commands.append(command)
            self._posted += 1
            if self._oldest_s is None:
                self._oldest_s = time.perf_counter()
            self._changed.notify_all()
            return self._posted

    def drain(self, timeout_s: float = 0.0) -> Batch:
        """Take all commands; when there is none, wait up to `timeout_s` for one."""
        with self._changed:
            if timeout_s > 0:
                self._changed.wait_for(lambda: self._commands or self._woken, timeout_s)
            self._woken = False
            batch = Batch(tuple(self._commands), self._oldest_s, self._posted)
            self._commands, self._oldest_s = [], None
            return batch

    def wake(self) -> None:
        """End a waiting `drain` (or the next one) early, with no command."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()


class FrameMailbox(Generic[Buffer]):
    """One buffer shown, one waiting to be shown, the others being written. Latest wins.

    The writer calls `acquire`, later `publish`; the reader calls `take`.
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
            IndexError: all buffers are shown, waiting or acquired.
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
