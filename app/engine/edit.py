"""What an edit is: the state that a list of commands folds into. Pure; no torch, no device.

The engine logs every command it drained (`log.Event`); `apply`, one after the other, leads to the
state that it is in. `history` adds the way back. Undo, sessions and replay stand on these two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from . import blends, marks, ties
from . import types as t
from .blends import LARGEST_STRENGTH, LONGEST_NAME, MOST_SLIDERS
from .masks import PackedMask

Points: TypeAlias = tuple[t.DragPoint, ...]

MAX_SEED = 2**32 - 1  # numpy's RandomState takes no more
MAX_POINTS = 10_000
MAX_ONE_BY_ONE = 1_000  # each is an action, which keeps all references to undo to
MAX_ID = 2**53 - 1  # what every reader of JSON takes for the same number


class EditError(ValueError):
    """A command that makes no sense in the state it met; the state is left as it was."""


@dataclass(frozen=True, slots=True, eq=False)
class EditState:
    """Everything a person decided about one picture; w+ follows from it step by step."""

    size: t.Size
    config: t.DragConfig
    seed: int = 0
    class_index: int | None = None
    psi: float = 1.0
    points: tuple[t.DragPoint, ...] = ()
    mask: NDArray[np.float32] | None = None
    paused: bool = False
    mix: t.Mix | None = None
    sliders: tuple[t.Slider, ...] = ()

    def point(self, point_id: int) -> t.DragPoint:
        """The point of that id.

        Raises:
            EditError: there is none.
        """
        for point in self.points:
            if point.id == point_id:
                return point
        raise EditError(f"point {point_id}: there is no such point")


def fold(start: EditState, commands: Iterable[t.EditCommand]) -> EditState:
    """Apply the commands in order."""
    return reduce(apply, commands, start)


def apply(state: EditState, command: t.EditCommand) -> EditState:
    """The state after one command.

    Raises:
        EditError: a point outside the picture or unknown, an id taken, too many points, a pinned
            one that is aimed, a mask of the wrong size, a seed or psi out of range.
    """
    match command:
        case (
            t.AddPoint()
            | t.AddPoints()
            | t.MoveTarget()
            | t.MoveHandle()
            | t.RemovePoint()
            | t.ClearPoints()
            | t.PinPoint()
            | t.UnpinPoint()
            | t.GroupPoints()
            | t.UngroupPoints()
        ):
            return replace(state, points=_point(state, command))
        case t.Revisit():
            return replace(state, points=())
        case t.ResetPicture():
            still = tuple(replace(slider, strength=0.0) for slider in state.sliders)
            return replace(state, points=(), mix=None, sliders=still)
        case t.SetSeed() | t.SetClass():
            return _another_picture(state, command)
        case t.SetMix() | t.AddDirection() | t.SetStrength() | t.RemoveDirection():
            return _blend(state, command)
        case t.SetTruncation() | t.SetConfig() | t.SetMask() | t.SetPaused():
            return _set(state, command)
        case _:
            assert_never(command)


def taken_hold(command: t.Command) -> frozenset[int]:
    """The points whose handles a command puts on another patch."""
    match command:
        case t.AddPoint(point):
            return frozenset([point.id])
        case t.AddPoints(points):
            return frozenset(point.id for point in points)
        case t.MoveHandle(point_id):
            return frozenset([point_id])
        case _:
            return frozenset()


def _point(state: EditState, command: marks.Command) -> Points:
    """The points after a command."""
    match command:
        case t.AddPoint(point):
            if len(state.points) >= MAX_ONE_BY_ONE:
                raise EditError(
                    f"point {point.id}: at most {MAX_ONE_BY_ONE} points one by one, and there are "
                    f"so many; up to {MAX_POINTS} in one action (AddPoints)"
                )
            return _add(state, (point,))
        case t.AddPoints(points):
            return _add(state, points)
        case t.MoveTarget(point_id, target):
            return _aim(state, point_id, target)
        case t.MoveHandle(point_id, handle):
            handle = _inside(state, "handle", handle)
            old = state.point(point_id)
            target = handle if old.pinned else old.target
            return _exchange(state, replace(old, handle=handle, target=target))
        case t.RemovePoint(point_id):
            gone = state.point(point_id)
            return tuple(p for p in state.points if p is not gone)
        case t.ClearPoints():
            return ()
        case t.PinPoint(point_id, place):
            place = _inside(state, "place", place)
            return _exchange(state, replace(state.point(point_id), target=place, pinned=True))
        case t.UnpinPoint(point_id):
            return _exchange(state, replace(state.point(point_id), pinned=False))
        case t.GroupPoints(ids):
            return _group(state, ids, ties.next_group(state.points))
        case t.UngroupPoints(ids):
            return _group(state, ids, 0)


def _add(state: EditState, points: Points) -> Points:
    ids = {p.id for p in state.points}
    room = MAX_POINTS - len(ids)
    for point in points:
        if point.id in ids:
            raise EditError(f"point {point.id}: the id is taken")
        ids.add(point.id)
        if room <= 0:
            raise EditError(f"point {point.id}: at most {MAX_POINTS} points, and there are so many")
        room -= 1
        if not -MAX_ID <= point.id <= MAX_ID:
            raise EditError(f"point id must be from -{MAX_ID} to {MAX_ID}, not {point.id}")
        if not 0 <= point.group <= MAX_ID:
            raise EditError(f"group must be from 0 to {MAX_ID}, not {point.group}")
        _inside(state, "handle", point.handle)
        _inside(state, "target", point.target)
    return (*state.points, *points)


def _aim(state: EditState, point_id: int, target: t.Point) -> Points:
    if state.point(point_id).pinned:
        raise EditError(f"point {point_id}: it is pinned, so it has no target: unpin it first")
    target = _inside(state, "target", target)
    targets = ties.led(state.points, point_id, target, state.size)
    return tuple(replace(p, target=targets[p.id]) if p.id in targets else p for p in state.points)


def _group(state: EditState, ids: tuple[int, ...], number: int) -> Points:
    """With these points, and those tied to them, in a group of that number; 0 for none."""
    for point_id in ids:
        state.point(point_id)
    members = ties.partners(state.points, ids)
    if number and len(members) < 2:
        raise EditError(f"a group has at least 2 points, not {len(members)}")
    return tuple(
        replace(p, group=number, flipped=p.flipped and number > 0) if p.id in members else p
        for p in state.points
    )


def _exchange(state: EditState, new: t.DragPoint) -> Points:
    return tuple(new if p.id == new.id else p for p in state.points)


def _inside(state: EditState, what: str, point: t.Point) -> t.Point:
    if not state.size.contains(point):
        width, height = state.size
        raise EditError(
            f"{what} ({point.x:g}, {point.y:g}) is outside the picture: "
            f"x must be 0 to {width - 1}, y 0 to {height - 1}"
        )
    return point


def _seed(seed: int) -> int:
    if not 0 <= seed <= MAX_SEED:
        raise EditError(f"seed must be from 0 to {MAX_SEED}, not {seed}")
    return seed


def _psi(psi: float) -> float:
    if not -2.0 <= psi <= 2.0:
        raise EditError(f"truncation psi must be from -2 to 2, not {psi:g}")
    return psi


def _another_picture(state: EditState, command: t.SetSeed | t.SetClass) -> EditState:
    bare = replace(state, points=(), mask=None, mix=None)
    if isinstance(command, t.SetSeed):
        return replace(bare, seed=_seed(command.seed))
    return replace(bare, class_index=command.index)


def _set(
    state: EditState, command: t.SetTruncation | t.SetConfig | t.SetMask | t.SetPaused
) -> EditState:
    match command:
        case t.SetTruncation(psi):
            return replace(state, psi=_psi(psi))
        case t.SetConfig(config):
            return replace(state, config=config)
        case t.SetMask(mask):
            return replace(state, mask=_mask(state.size, mask))
        case t.SetPaused(paused):
            return replace(state, paused=paused)


def _blend(state: EditState, command: blends.Command) -> EditState:
    if isinstance(command, t.SetMix):
        return replace(state, mix=_mix(command.mix))
    return replace(state, sliders=_sliders(state.sliders, command))


def _mix(mix: t.Mix | None) -> t.Mix | None:
    if mix is None:
        return None
    if not 0 <= mix.first_layer <= mix.last_layer:
        raise EditError(f"layers must go up from 0, not from {mix.first_layer} to {mix.last_layer}")
    return replace(mix, seed=_seed(mix.seed))


def _sliders(
    sliders: tuple[t.Slider, ...], command: t.AddDirection | t.SetStrength | t.RemoveDirection
) -> tuple[t.Slider, ...]:
    """The sliders after a command.

    Raises:
        EditError: no such slider, one of that id already, too many, a strength out of range.
    """
    if isinstance(command, t.AddDirection):
        return (*sliders, _new_slider(sliders, command))
    if all(slider.direction.id != command.id for slider in sliders):
        raise EditError(f"slider {command.id}: there is no such slider")
    if isinstance(command, t.RemoveDirection):
        return tuple(s for s in sliders if s.direction.id != command.id)
    strength = _strength(command.strength)
    return tuple(
        replace(s, strength=strength) if s.direction.id == command.id else s for s in sliders
    )


def _new_slider(sliders: tuple[t.Slider, ...], command: t.AddDirection) -> t.Slider:
    direction = command.direction
    if any(slider.direction.id == direction.id for slider in sliders):
        raise EditError(f"slider {direction.name!r}: the edit has it already")
    if len(sliders) == MOST_SLIDERS:
        raise EditError(f"slider {direction.name!r}: at most {MOST_SLIDERS} sliders")
    if not 0 < len(direction.name) <= LONGEST_NAME or not direction.id:
        raise EditError(f"a slider's name must have 1 to {LONGEST_NAME} letters")
    try:
        direction.offset()
    except ValueError as error:
        raise EditError(str(error)) from error
    return t.Slider(direction, _strength(command.strength))


def _strength(strength: float) -> float:
    if not -LARGEST_STRENGTH <= strength <= LARGEST_STRENGTH:
        limit = LARGEST_STRENGTH
        raise EditError(f"strength must be from -{limit:g} to {limit:g}, not {strength:g}")
    return strength


def _mask(
    size: t.Size, mask: NDArray[np.float32] | PackedMask | None
) -> NDArray[np.float32] | None:
    if mask is None:
        return None
    if isinstance(mask, PackedMask):
        mask = mask.mask()
    if mask.shape != (size.height, size.width):
        height, width = mask.shape[:2] if mask.ndim >= 2 else (0, 0)
        raise EditError(
            f"mask is {width}x{height}, the picture {size.width}x{size.height}: they must agree"
        )
    return mask
