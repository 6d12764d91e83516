"""What is written down of an edit as it happens: enough to have it again, bit by bit.

An `EditLog` is told of everything in order: where the edit began, every command as it was drained,
what the engine did of its own accord, and now and then all its tensors. It knows no file; the
journal that writes it all down is `app.session`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from . import types as t
from .edit import EditState


@dataclass(frozen=True, slots=True)
class SwitchRunner:
    """From here on another back-end runs the generator."""

    name: str


@dataclass(frozen=True, slots=True)
class FallBack:
    """Numbers were no longer finite: back to the last w+ whose were."""


@dataclass(frozen=True, slots=True)
class Move:
    """Memory was scarce: from here on the edit is computed elsewhere."""

    device: str  # 'cpu', 'cuda' or 'mps'
    dtype: str


@dataclass(frozen=True, slots=True)
class Resume:
    """The edit was opened again here.

    It went on from the checkpoint of that time, and the events since then were carried out anew:
    who replays makes the features anew at that checkpoint (`Editor.settle`), as happened then.
    """

    checkpoint_s: float | None  # None: from the beginning


Happening: TypeAlias = SwitchRunner | FallBack | Move | Resume


@dataclass(frozen=True, slots=True)
class Event:
    """One command as the engine drained it, or something that the engine did of its own accord.

    Attributes:
        step: so many steps were done before.
        time_s: since the edit began.
        command: what it was.
        looked: the engine saw the picture since the event before. Who replays looks as well: what
            is seen depends on how many points there are by then.
        state: of the tree, the one it led to; -1 where that is not known.
    """

    step: int
    time_s: float
    command: t.Command | Happening
    looked: bool = False
    state: int = -1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All tensors of an edit at one moment.

    Attributes:
        state: of the tree, the one they belong to.
        step: so many steps were done before.
        time_s: since the edit began.
        left: the state was left with them: undo leads back to them.
        content: see `snapshot.pack`.
        looked: as of an `Event`.
    """

    state: int
    step: int
    time_s: float
    left: bool
    content: bytes
    looked: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an edit began, and on what.

    Attributes:
        model: the model's name.
        path: its file.
        size: of the picture.
        num_ws: vectors of w+.
        seed: of the first picture.
        psi: its truncation.
        class_index: of a conditional model.
        config: the drag settings at the start.
        device: 'cpu', 'cuda' or 'mps'.
        hardware: its name.
        dtype: of the convolutions.
        backend: what ran the generator first.
        threads: of the CPU that torch used.
        torch: its version.
    """

    model: str
    path: str
    size: t.Size
    num_ws: int
    seed: int
    psi: float
    class_index: int | None
    config: t.DragConfig
    device: str
    hardware: str
    dtype: str
    backend: str
    threads: int
    torch: str


Record: TypeAlias = Event | Checkpoint


@dataclass(frozen=True, slots=True, eq=False)
class SavedEdit:
    """An edit as it was written down, in order."""

    origin: Origin
    records: tuple[Record, ...]

    @property
    def start(self) -> EditState:
        """The state before the first event."""
        begin = self.origin
        return EditState(
            begin.size, begin.config, seed=begin.seed, class_index=begin.class_index, psi=begin.psi
        )


class EditLog(Protocol):
    """Told of an edit on the engine's thread: it must be quick and must not raise."""

    def begin(self, origin: Origin, past: Sequence[Record] = ()) -> None:
        """A model was loaded; what follows is an edit on it, which goes on after its past."""

    def event(self, event: Event) -> None:
        """Something happened."""

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """The tensors as they are now."""


class EventList:
    """A log in memory, for scripts and tests."""

    def __init__(self) -> None:
        self.origin: Origin | None = None
        self.records: list[Record] = []

    @property
    def events(self) -> list[Event]:
        """What happened."""
        return [record for record in self.records if isinstance(record, Event)]

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """All tensors, now and then."""
        return [record for record in self.records if isinstance(record, Checkpoint)]

    def begin(self, origin: Origin, past: Sequence[Record] = ()) -> None:
        """Start over."""
        self.origin, self.records = origin, list(past)

    def event(self, event: Event) -> None:
        """Keep it."""
        self.records.append(event)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep it."""
        self.records.append(checkpoint)


class NoLog:
    """Writes nothing down."""

    def begin(self, origin: Origin, past: Sequence[Record] = ()) -> None:
        """Nothing."""

    def event(self, event: Event) -> None:
        """Nothing."""

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Nothing."""
