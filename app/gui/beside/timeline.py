"""An edit as a line: its states in order, the moments within them, and where branches leave. Pure.

The line is the path that leads through the present state: from the first one to it, and on to where
redo leads. A place on it is a state as it was left, or a moment within one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ...engine import types as t
from ...engine.history import History

NAMES: dict[type, str] = {
    t.AddPoint: "Pull",
    t.MoveTarget: "Pull",
    t.MoveHandle: "Handle moved",
    t.RemovePoint: "Point removed",
    t.ClearPoints: "Points reset",
    t.ResetPicture: "Picture reset",
    t.SetTruncation: "Truncation",
    t.SetConfig: "Settings",
    t.SetMask: "Mask",
    t.SetMix: "Mix",
    t.AddDirection: "Slider",
    t.SetStrength: "Slider",
    t.RemoveDirection: "Slider removed",
    t.Revisit: "Earlier moment",
}


class Place(NamedTuple):
    """A state as it was left (or is, if it is the present one), or a moment within it."""

    state: int
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Fork:
    """Branches that leave from one state: which one the line takes, from 0, and how many."""

    taken: int
    children: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """What the strip shows.

    Attributes:
        places: from the first to the last.
        forks: by the state from which they leave.
        current: the index of the present state among the places.
    """

    places: tuple[Place, ...] = ()
    forks: tuple[tuple[int, Fork], ...] = ()
    current: int = 0

    @classmethod
    def of(cls, history: History, moments: Sequence[tuple[int, int]]) -> Line:
        """The line through the present state."""
        states = path(history)
        steps: dict[int, list[int]] = {}
        for state, step in moments:
            steps.setdefault(state, []).append(step)
        places = []
        for state in states:
            # The newest moment of a state is the state as it was left.
            places += [Place(state, step) for step in sorted(steps.get(state, ()))[:-1]]
            places.append(Place(state))
        current = places.index(Place(history.current))
        return cls(tuple(places), _forks(history, states), current)

    def fork_before(self, index: int) -> tuple[int, Fork] | None:
        """The nearest fork at or before a place, and the state that it leaves from."""
        known = dict(self.forks)
        for place in reversed(self.places[: index + 1]):
            if place.step is None and place.state in known:
                return place.state, known[place.state]
        return None


def path(history: History) -> tuple[int, ...]:
    """The states from the first one through the present one to where redo ends."""
    states = history.states
    back = [history.current]
    while (parent := states[back[-1]].parent) is not None:
        back.append(parent)
    line = back[::-1]
    while (newest := states[line[-1]].newest) is not None:
        line.append(newest)
    return tuple(line)


def _forks(history: History, line: Sequence[int]) -> tuple[tuple[int, Fork], ...]:
    children: dict[int, list[int]] = {}
    for state in history.states:
        if state.parent is not None:
            children.setdefault(state.parent, []).append(state.number)
    taken = dict(itertools.pairwise(line))
    return tuple(
        (state, Fork(children[state].index(taken[state]), tuple(children[state])))
        for state in line
        if state in taken and len(children[state]) > 1
    )


def beginning(history: History) -> int:
    """The state in which the present picture began: nothing was done to it yet."""
    state = history.present
    while state.parent is not None and not isinstance(state.action, t.SetSeed | t.SetClass):
        state = history.states[state.parent]
    return state.number


def name(history: History, place: Place) -> str:
    """What a person calls a place."""
    state = history.states[place.state]
    match state.action:
        case None:
            words = "Beginning"
        case t.SetSeed(seed):
            words = f"Seed {seed}"
        case t.SetClass(index):
            words = "No class" if index is None else f"Class {index}"
        case action:
            words = NAMES.get(type(action), type(action).__name__)
    return words if place.step is None else f"{words}, step {place.step}"


@dataclass(frozen=True, slots=True)
class Ruler:
    """Where places are along the strip: as thumbnails side by side, or pressed together.

    Attributes:
        count: of places.
        left_px: where the first thumbnail begins.
        pitch_px: from one thumbnail to the next.
        slots: so many fit.
    """

    count: int
    left_px: float
    pitch_px: float
    slots: int

    @property
    def shown(self) -> int:
        """How many thumbnails there are."""
        return min(self.count, self.slots)

    def thumbnail(self, slot: int) -> int:
        """The place whose picture a slot shows."""
        if self.count <= self.slots:
            return slot
        return round(slot * (self.count - 1) / max(self.slots - 1, 1))

    def at(self, x_px: float) -> int:
        """The place that is there; beyond an end, the one at that end."""
        along = (x_px - self.left_px) / self.pitch_px
        if self.count > self.slots:
            along *= self.count / self.slots
        return max(0, min(int(along), self.count - 1))

    def middle_px(self, index: int) -> float:
        """Where a place is."""
        share = 1.0 if self.count <= self.slots else self.slots / self.count
        return self.left_px + (index + 0.5) * share * self.pitch_px


@dataclass(frozen=True, slots=True)
class Scrub:
    """The strip in the hand: where it is, on a line that stays as it was when it was taken."""

    line: Line
    index: int

    @property
    def place(self) -> Place:
        """What is to be seen."""
        return self.line.places[self.index]

    def moved(self, index: int) -> Scrub:
        """Somewhere else on the line."""
        return replace(self, index=max(0, min(index, len(self.line.places) - 1)))

    def command(self) -> t.Command | None:
        """What letting go means: None where one is already."""
        if self.index == self.line.current:
            return None
        place = self.place
        return t.GoTo(place.state) if place.step is None else t.Revisit(place.state, place.step)
