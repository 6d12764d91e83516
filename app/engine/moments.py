"""What one may go back to: states that were left, and moments within them.

A moment is where a drag was on its way. A state has one every so many seconds of dragging; of a
long one every second is forgotten, again and again, so that none has many.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence

from .edit import EditError
from .shelf import Shelf
from .snapshot import Snapshot, SnapshotError, of_latent, pack, unpack
from .types import ModelInfo

MOST = 48  # of one state
GOOD_EVERY = 32  # steps between two w+ that one could fall back to
GOOD_KEPT = 8  # of these: not finite numbers are noticed a frame or two later
Moment = tuple[int, int]  # a state, and a step


class Moments:
    """Which moments there are, in the order of time."""

    def __init__(self) -> None:
        self._steps: dict[int, list[int]] = {}
        self._each: dict[int, int] = {}  # only every so many-th offer is taken
        self._offered: dict[int, int] = {}

    def offer(self, state: int, step: int) -> bool:
        """Whether this one is to be kept."""
        steps = self._steps.setdefault(state, [])
        each = self._each.setdefault(state, 1)
        count = self._offered[state] = self._offered.get(state, 0) + 1
        if step in steps:
            return True
        if count % each:
            return False
        steps.append(step)
        if len(steps) == MOST:
            del steps[::2]
            self._each[state] = 2 * each
        return True

    def all(self) -> Sequence[Moment]:
        """All of them, by state and step."""
        return tuple((state, step) for state, steps in self._steps.items() for step in steps)

    def __contains__(self, moment: Moment) -> bool:
        state, step = moment
        return step in self._steps.get(state, ())


class Kept:
    """The tensors of states that were left, and of moments within them.

    Args:
        model: whose they are.
    """

    def __init__(self, model: ModelInfo) -> None:
        self._model = model
        self.clear()
        self.wanted: frozenset[Moment] = (
            frozenset()
        )  # kept whatever else is: a replay returns there

    def clear(self) -> None:
        """Keep nothing of what was kept; what is wanted stays wanted."""
        self._shelf = Shelf()
        self.moments = Moments()

    def put(self, state: int, content: bytes) -> None:
        """Keep a state's (`snapshot.pack`), in place of what was kept of it before."""
        self._shelf.put(state, content)

    def offer(self, state: int, step: int, content: bytes) -> None:
        """Keep a moment's, if it is one to be kept."""
        if self.moments.offer(state, step) or (state, step) in self.wanted:
            self._shelf.put((state, step), content)

    def get(self, state: int) -> Snapshot:
        """A state's.

        Raises:
            EditError: they are lost.
        """
        return self._get(state, f"state {state}")

    def moment(self, state: int, step: int) -> Snapshot:
        """A moment's: its w+, and no point.

        Raises:
            EditError: there is no such moment, or it is lost.
        """
        there = self._get((state, step), f"state {state} at step {step}")
        return self.unpacked(pack(of_latent(there.ws)))

    def unpacked(self, content: bytes) -> Snapshot:
        """A snapshot of this model.

        Raises:
            EditError: it is none.
        """
        try:
            return unpack(content, self._model.num_ws, self._model.w_dim)
        except SnapshotError as error:
            raise EditError(f"not an edit on model {self._model.name}: {error}") from error

    def _get(self, key: Hashable, name: str) -> Snapshot:
        try:
            return self.unpacked(self._shelf.get(key))
        except (KeyError, OSError, EditError) as error:
            raise EditError(f"{name}: its picture is lost") from error


class GoodOnes:
    """The last tensors that one could fall back to, on the device."""

    def __init__(self) -> None:
        self._snapshots: deque[Snapshot] = deque(maxlen=GOOD_KEPT)

    def wants(self, steps: int) -> bool:
        """Whether it is time for another."""
        return steps % GOOD_EVERY == 0 or not self._snapshots

    def put(self, snapshot: Snapshot) -> None:
        """Keep one, and forget the oldest."""
        self._snapshots.append(snapshot)

    def clear(self) -> None:
        """They are of another picture."""
        self._snapshots.clear()

    def last_finite(self) -> Snapshot | None:
        """The last whose numbers are finite, taken out with all after it; waits for the device."""
        while self._snapshots:
            snapshot = self._snapshots.pop()
            if snapshot.is_finite:
                return snapshot
        return None
