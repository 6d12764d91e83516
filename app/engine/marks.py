"""Points and what a person asks of them; users know these as `types.DragPoint` and so on.

Coordinates are image pixels, order (x, y), y down (docs/conventions.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np


class Point(NamedTuple):
    """A position in image pixels."""

    x: float
    y: float

    def distance(self, other: Point) -> float:
        """Euclidean distance in pixels."""
        return float(np.hypot(self.x - other.x, self.y - other.y))


class Size(NamedTuple):
    """A picture's size in pixels."""

    width: int
    height: int

    def contains(self, point: Point) -> bool:
        """Whether the point lies on a pixel of the picture."""
        return (
            -0.5 <= point.x <= self.width - 0.5 and -0.5 <= point.y <= self.height - 0.5
        )  # also False for NaN


@dataclass(frozen=True, slots=True)
class DragPoint:
    """What a person asked for: the patch at `handle` is to go to `target`.

    Attributes:
        id: its own, for good.
        handle: where the patch was taken.
        target: where it is to go.
        pinned: it must stay where it is; `target` is that place.
        group: points of one number (not 0) move their targets together.
        flipped: within its group it moves as in a mirror: left for right.
    """

    id: int
    handle: Point
    target: Point
    pinned: bool = False
    group: int = 0
    flipped: bool = False


@dataclass(frozen=True, slots=True)
class AddPoint:
    """Put a handle on the patch now at `handle` and pull it to `target`."""

    point: DragPoint


@dataclass(frozen=True, slots=True)
class AddPoints:
    """Put several in one action: a mirrored pair, or a script's."""

    points: tuple[DragPoint, ...]


@dataclass(frozen=True, slots=True)
class MoveTarget:
    """Aim a point elsewhere; its group goes with it, as far as the picture reaches."""

    id: int
    target: Point


@dataclass(frozen=True, slots=True)
class MoveHandle:
    """Take hold of another patch: the handle's reference feature is taken anew.

    A pinned point is pinned there from now on.
    """

    id: int
    handle: Point


@dataclass(frozen=True, slots=True)
class RemovePoint:
    """Let a point go; the picture stays as it is."""

    id: int


@dataclass(frozen=True, slots=True)
class ClearPoints:
    """Let all points go; the picture stays as it is."""


@dataclass(frozen=True, slots=True)
class PinPoint:
    """Hold a point's patch at a place, whatever else is pulled."""

    id: int
    place: Point


@dataclass(frozen=True, slots=True)
class UnpinPoint:
    """Let a pinned point be pulled again."""

    id: int


@dataclass(frozen=True, slots=True)
class GroupPoints:
    """Let these points, and the groups they are in, move their targets together."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UngroupPoints:
    """Let the groups of these points move one by one again."""

    ids: tuple[int, ...]


Command: TypeAlias = (
    AddPoint
    | AddPoints
    | MoveTarget
    | MoveHandle
    | RemovePoint
    | ClearPoints
    | PinPoint
    | UnpinPoint
    | GroupPoints
    | UngroupPoints
)
