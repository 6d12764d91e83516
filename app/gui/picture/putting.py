"""Where new and moving points go: mirrored pairs, straight lines. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...engine import ties
from ...engine.types import AddPoint, AddPoints, DragPoint, Point, PointState, Size

APART_PX = 4.0  # nearer to its mirror image, a point has none


def put(
    first: DragPoint, points: Sequence[PointState], size: Size, *, mirror: bool
) -> AddPoint | AddPoints:
    """What adds a point, or a mirrored pair with the next number for its other half.

    Args:
        first: the point in the hand.
        points: those there are.
        size: of the picture.
        mirror: points come in pairs.
    """
    place = ties.mirrored(first.handle, size)
    if not mirror or place.distance(first.handle) < APART_PX:
        return AddPoint(first)
    group = ties.next_group(points)
    other = replace(first, id=first.id + 1, handle=place, target=place, group=group, flipped=True)
    return AddPoints((replace(first, group=group), other))


def straight(start: Point, place: Point) -> Point:
    """The place straight across or straight down from where the hand began."""
    if abs(place.x - start.x) >= abs(place.y - start.y):
        return Point(place.x, start.y)
    return Point(start.x, place.y)
