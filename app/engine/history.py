"""The states of an edit and the way between them: a tree. Pure; no torch, no device.

Every action (a pull from press to release, a stroke of the brush, another seed) makes a state. A
state that was left stays: an action after an undo opens a branch beside what was undone. `History`
is what a list of events folds into; the tensors that belong to a state are kept elsewhere
(`shelf`), by the state's number.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from . import types as t
from .edit import EditError, EditState, apply
from .log import Event, FallBack, Move, Resume, SwitchRunner
from .masks import PackedMask

MOST_MISSING = 10_000  # states that are made up where a log has lost events
SLIDER_PAUSE_S = 1.0  # a slider that rests so long is let go: it tells no end of its gesture


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """One state of the tree.

    Attributes:
        number: its own; a state's parent has a smaller one.
        parent: the state before; None for the first.
        edit: as the state was left, without its mask; of the present state, as it was entered.
        mask: the movable region, as the state was left.
        action: what led here, a mask without its content; None for the first.
        step: of the engine, when it began.
        newest: the child that was visited last, where redo leads.
    """

    number: int
    parent: int | None
    edit: EditState
    mask: PackedMask | None = None
    action: t.EditCommand | None = None
    step: int = 0
    newest: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """All states, and where one is.

    Attributes:
        states: by number.
        current: the number of the present state.
        edit: the present state of the edit.
    """

    states: tuple[State, ...]
    current: int
    edit: EditState
    _open: Hashable = field(default=None, repr=False)  # the action that the next may go on with
    _time_s: float = 0.0  # of the last command

    @classmethod
    def begin(cls, edit: EditState) -> History:
        """One state, with nothing to undo."""
        return cls((State(0, None, edit),), 0, edit)

    @property
    def present(self) -> State:
        """The state one is in."""
        return self.states[self.current]

    @property
    def can_undo(self) -> bool:
        """Whether there is a state before."""
        return self.present.parent is not None

    @property
    def can_redo(self) -> bool:
        """Whether a state was left by an undo."""
        return self.present.newest is not None

    def after(self, event: Event) -> History:
        """The history after one event.

        Raises:
            EditError: it makes no sense here (`edit.apply`), or there is no such state.
        """
        match event.command:
            case t.Undo():
                if self.present.parent is None:
                    raise EditError("nothing to undo: this is the first state")
                return self._go(self.present.parent)
            case t.Redo():
                if self.present.newest is None:
                    raise EditError("nothing to redo: no later state was left")
                return self._go(self.present.newest)
            case t.GoTo(state):
                return self._entered(state)
            case t.Revisit(state):
                return self._entered(state)._edit(event.command, event)
            case t.EndGesture():
                return replace(self, _open=None)
            case SwitchRunner() | FallBack() | Move() | Resume():
                return self
            case command:
                return self._edit(command, event)

    def aligned(self, number: int) -> History:
        """The same, in the state of that number: some events before may have been lost.

        Args:
            number: as it was written down; what cannot be a state's changes nothing.
        """
        missing = number - len(self.states) + 1
        if number < 0 or number == self.current or missing > MOST_MISSING:
            return self
        if missing <= 0:
            return replace(self._go(number), edit=self.edit)
        bare = replace(self.edit, mask=None)
        first = len(self.states)
        fillers = [State(n, self.current, bare) for n in range(first, number + 1)]
        return History((*self.states, *fillers), number, self.edit)

    def _edit(self, command: t.EditCommand, event: Event) -> History:
        edit = apply(self.edit, command)
        if isinstance(command, t.SetPaused):
            return replace(self, edit=edit)
        action = _action(command, edit)
        if self._goes_on(action, event.time_s):
            return replace(self, edit=edit, _open=action, _time_s=event.time_s)
        number = len(self.states)
        left = replace(self._left(), newest=number)
        if isinstance(command, t.SetMask):
            command = t.SetMask(None)
        came = State(number, self.current, replace(edit, mask=None), None, command, event.step)
        states = (*self.states[: self.current], left, *self.states[self.current + 1 :], came)
        return History(states, number, edit, action, event.time_s)

    def _goes_on(self, action: Hashable, time_s: float) -> bool:
        """Whether the command is one more moment of the action before."""
        if action is None or action != self._open:
            return False
        kind = action[0] if isinstance(action, tuple) else action
        return kind not in SLIDERS or time_s - self._time_s <= SLIDER_PAUSE_S

    def _entered(self, number: int) -> History:
        if not 0 <= number < len(self.states):
            last = len(self.states) - 1
            raise EditError(f"state must be from 0 to {last}, not {number}")
        return self._go(number)

    def _go(self, number: int) -> History:
        """Enter a state; what one is told to redo from then on leads back along the same path."""
        states = list(self.states)
        states[self.current] = self._left()
        child = number
        while (parent := states[child].parent) is not None:
            states[parent] = replace(states[parent], newest=child)
            child = parent
        there = states[number]
        mask = there.mask.mask() if there.mask else None
        edit = replace(there.edit, mask=mask, paused=self.edit.paused)
        return History(tuple(states), number, edit)

    def _left(self) -> State:
        """The present state as it is now; an unchanged mask is not packed again."""
        mask = self.edit.mask
        packed = None if mask is None else self._packed(mask)
        return replace(self.present, edit=replace(self.edit, mask=None), mask=packed)

    def _packed(self, mask: NDArray[np.float32]) -> PackedMask:
        for known in (self.present, self.states[self.present.parent or 0]):
            if known.mask is not None and np.array_equal(known.mask.mask(), mask):
                return known.mask
        return PackedMask.of(mask)


SLIDERS = ("SetTruncation", "SetConfig", "SetMix", "SetStrength")


def fold(start: EditState, events: Iterable[Event]) -> History:
    """The history that a list of events makes."""
    return reduce(History.after, events, History.begin(start))


def fold_damaged(start: EditState, events: Iterable[Event]) -> History:
    """The history that a list of events makes of which some may be lost or wrong.

    What makes no sense where it stands is left out; states keep the numbers they had.
    """
    history = History.begin(start)
    for event in events:
        try:
            history = history.after(event)
        except EditError:
            continue
        history = history.aligned(event.state)
    return history


def _action(command: t.EditCommand, edit: EditState) -> Hashable:
    """Commands of one action that follow each other make one state; None stands alone.

    Args:
        command: the newest.
        edit: as it left it.
    """
    match command:
        case t.AddPoint(point) | t.AddPoints((point, *_)):
            return _hand(point)
        case t.MoveTarget(point_id) | t.MoveHandle(point_id):
            return _hand(edit.point(point_id))
        case t.AddDirection(direction):
            return "SetStrength", direction.id
        case t.SetStrength(slider):
            return "SetStrength", slider
        case t.SetTruncation() | t.SetConfig() | t.SetMask() | t.SetMix():
            return type(command).__name__
        case _:
            return None


def _hand(point: t.DragPoint) -> Hashable:
    """What moves at once when this point is in the hand."""
    return ("group", point.group) if point.group else ("point", point.id)
