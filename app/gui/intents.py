"""What the person asked for and no frame shows yet. Pure.

A frame is some milliseconds old. A point just put, a target in the hand, a point just deleted are
drawn as they will be: every posted command is noted here and laid over the frame's points until a
frame agrees. Ids are never reused, so what is gone stays gone, until one goes back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..engine import ties
from ..engine.types import (
    AddPoint,
    AddPoints,
    ClearPoints,
    Command,
    DragPoint,
    GoTo,
    MoveHandle,
    MoveTarget,
    Point,
    PointState,
    Redo,
    RemovePoint,
    ResetPicture,
    Revisit,
    SetClass,
    SetSeed,
    Size,
    Undo,
)

PATIENCE_FRAMES = 12  # a frame so much newer knows the command; if it disagrees, it is right
AGREES_PX = 2.0  # a handle tracked so near to where it was put is the one that was put


@dataclass(frozen=True, slots=True)
class Intent:
    """A point as it is wanted; None leaves that end to the frames."""

    handle: Point | None
    target: Point | None
    until: int  # the frame that overrules it
    new: DragPoint | None = None  # no frame shows it yet

    def over(self, point: PointState) -> PointState:
        """A frame's point with this laid over."""
        moved = self.handle is not None or self.target is not None
        return replace(
            point,
            handle=self.handle or point.handle,
            target=self.target or point.target,
            arrived=point.arrived and not moved,
        )

    def alone(self) -> PointState:
        """The point that no frame shows yet."""
        new = self.new
        assert new is not None
        return PointState(
            new.id,
            self.handle or new.handle,
            self.target or new.target,
            arrived=False,
            pinned=new.pinned,
            group=new.group,
            flipped=new.flipped,
        )

    def remaining(self, shown: PointState, sequence: int) -> Intent | None:
        """What of it the frame does not show yet."""
        if sequence > self.until:
            return None
        handle, target = self.handle, self.target
        if handle is not None and handle.distance(shown.handle) <= AGREES_PX:
            handle = None
        if target is not None and target.distance(shown.target) <= 1e-3:
            target = None
        if self.new:  # the frame shows it now, and knows better where its handle went
            handle = None
        return Intent(handle, target, self.until) if handle or target else None


class Intents:
    """Owned by the window; `note` every posted command, `settle` every taken frame."""

    def __init__(self, size: Size | None = None) -> None:
        self._size = size or Size(1, 1)
        self._intents: dict[int, Intent] = {}
        self._gone: set[int] = set()
        self._shown: tuple[PointState, ...] = ()
        self._sequence = -1

    @property
    def points(self) -> tuple[PointState, ...]:
        """The points as the person should see them, in the order they were put."""
        known = [p for p in self._shown if p.id not in self._gone]
        seen = {p.id for p in known}
        shown = [self._intents[p.id].over(p) if p.id in self._intents else p for p in known]
        unseen = [
            intent.alone()
            for point_id, intent in self._intents.items()
            if point_id not in seen and intent.new is not None
        ]
        return (*shown, *unseen)

    def note(self, command: Command) -> None:
        """A command was posted."""
        match command:
            case AddPoint(point):
                self._add(point)
            case AddPoints(points):
                for point in points:
                    self._add(point)
            case MoveTarget(point_id, target):
                self._aim(point_id, target)
            case MoveHandle(point_id, handle):
                pinned = any(p.id == point_id and p.pinned for p in self.points)
                self._want(point_id, handle=handle, target=handle if pinned else None)
            case RemovePoint(point_id):
                self._forget(point_id)
            case ClearPoints() | ResetPicture() | SetSeed() | SetClass():
                for shown in self.points:
                    self._forget(shown.id)
            case Undo() | Redo() | GoTo() | Revisit():  # what is gone may come back
                self._intents, self._gone = {}, set()
            case _:
                pass

    def settle(self, points: tuple[PointState, ...], sequence: int) -> None:
        """A frame is shown: what it agrees with needs no more reminding."""
        self._shown, self._sequence = points, sequence
        seen = {p.id: p for p in points}
        remaining: dict[int, Intent] = {}
        for point_id, intent in self._intents.items():
            if point_id in seen:
                left = intent.remaining(seen[point_id], sequence)
            else:  # not there yet; or refused, or gone by another hand
                left = intent if intent.new and sequence <= intent.until else None
            if left is not None:
                remaining[point_id] = left
        self._intents = remaining

    @property
    def _until(self) -> int:
        return self._sequence + PATIENCE_FRAMES

    def _add(self, point: DragPoint) -> None:
        self._intents[point.id] = Intent(point.handle, point.target, self._until, point)

    def _aim(self, point_id: int, target: Point) -> None:
        """A target moves, and its group with it, as the engine will have it."""
        points = self.points
        if all(point.id != point_id for point in points):
            return
        for each, place in ties.led(points, point_id, target, self._size).items():
            self._want(each, target=place)

    def _want(
        self, point_id: int, *, handle: Point | None = None, target: Point | None = None
    ) -> None:
        old = self._intents.get(point_id, Intent(None, None, 0))
        self._intents[point_id] = replace(
            old, handle=handle or old.handle, target=target or old.target, until=self._until
        )

    def _forget(self, point_id: int) -> None:
        self._gone.add(point_id)
        self._intents.pop(point_id, None)
