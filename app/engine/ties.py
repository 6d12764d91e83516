"""Which points move with which: groups, mirrored pairs, pins. Pure; used by engine and window.

A group keeps its shape: a target that is moved takes those of its group along by the same way, the
flipped ones as in a mirror. It moves as far as all of them stay in the picture, so that the shape
holds and the order of moves does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .marks import Point, Size


class Tied(Protocol):
    """A point as far as ties go: a `DragPoint`, or a `PointState`."""

    @property
    def id(self) -> int:
        """Its own."""

    @property
    def target(self) -> Point:
        """Where it is to go."""

    @property
    def pinned(self) -> bool:
        """Whether it stays."""

    @property
    def group(self) -> int:
        """Its group; 0 for none."""

    @property
    def flipped(self) -> bool:
        """Whether it moves as in a mirror."""


def led(points: Sequence[Tied], point_id: int, target: Point, size: Size) -> dict[int, Point]:
    """The targets that change when one is moved, by id.

    Args:
        points: all of them; the one of that id is among them.
        point_id: the one that is moved.
        target: where to, on the picture.
        size: of the picture.
    """
    leader = next(point for point in points if point.id == point_id)
    if not leader.group:
        return {point_id: target}
    members = [p for p in points if p.group == leader.group and not p.pinned]
    signs = {p.id: -1 if p.flipped != leader.flipped else 1 for p in members}
    xs = [(p.target.x, signs[p.id]) for p in members]
    dx = _within(target.x - leader.target.x, xs, size.width - 1)
    dy = _within(target.y - leader.target.y, [(p.target.y, 1) for p in members], size.height - 1)
    return {p.id: Point(p.target.x + signs[p.id] * dx, p.target.y + dy) for p in members}


def mirrored(point: Point, size: Size) -> Point:
    """The same place on the picture's other half."""
    return Point(size.width - 1 - point.x, point.y)


def partners(points: Sequence[Tied], ids: Sequence[int]) -> frozenset[int]:
    """Those points, and all that are in a group with one of them."""
    wanted = set(ids)
    groups = {p.group for p in points if p.id in wanted and p.group}
    return frozenset(p.id for p in points if p.id in wanted or p.group in groups)


def next_group(points: Sequence[Tied]) -> int:
    """A number that no group has."""
    return max((p.group for p in points), default=0) + 1


def _within(move: float, places: Sequence[tuple[float, int]], last: float) -> float:
    """As much of a move as keeps every place (and its direction, ±1) from 0 to `last`."""
    for place, sign in places:
        room = max(last - place if sign * move > 0 else place, 0.0)
        move = max(min(move, room), -room)
    return move
