"""What the person does with points besides pulling: choose, pin, group, mirror, take hold anew.

Acts on the point under the pointer, or on those chosen. Pure but for the commands it posts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from ...engine.types import (
    ClearPoints,
    Command,
    EndGesture,
    GoTo,
    GroupPoints,
    MoveHandle,
    PinPoint,
    PointState,
    Redo,
    Revisit,
    SetClass,
    SetSeed,
    Undo,
    UngroupPoints,
    UnpinPoint,
)
from .input import KEYS, Action
from .scene import FIRST_ID, Hit
from .trails import Trails

JUMPS = (Undo, Redo, GoTo, Revisit, SetSeed, SetClass, ClearPoints)


class Poster(Protocol):
    """What is needed of the desk."""

    def post(self, command: Command) -> None:
        """Hand a command to the engine."""

    def say(self, text: str, tone: Literal["info", "error"] = "info") -> None:
        """Tell the person something."""


class Marking:
    """Chosen points and how points are shown; GUI thread only.

    Args:
        desk: where commands go.
        points: as the person sees them.

    Attributes:
        mirror: new points come in mirrored pairs.
        numbers: points show their numbers.
        trails: where handles went.
        show_trails: whether that is drawn.
    """

    def __init__(self, desk: Poster, points: Callable[[], tuple[PointState, ...]]) -> None:
        self._desk, self._points = desk, points
        self._hover: Hit | None = None
        self._chosen: frozenset[int] = frozenset()
        self.mirror = False
        self.numbers = True
        self.show_trails = True
        self.trails = Trails()

    @property
    def actions(self) -> Mapping[Action, Callable[[], None]]:
        """What the keys do."""
        return {
            "pin": self.pin,
            "group": self.group,
            "mirror": self._toggle_mirror,
            "anchor": self.anchor,
            "numbers": lambda: self.show(numbers=not self.numbers),
            "trails": lambda: self.show(trails=not self.show_trails),
        }

    @property
    def chosen(self) -> frozenset[int]:
        """The points that were chosen, as far as they are still there."""
        return self._chosen & {point.id for point in self._points()}

    @property
    def lost(self) -> tuple[PointState, ...]:
        """The points under whose handles something else is than was taken."""
        return tuple(point for point in self._points() if point.lost)

    @property
    def note(self) -> str:
        """What there is to say of lost points."""
        lost = self.lost
        if not lost:
            return ""
        names = " and ".join(", ".join(map(number, lost)).rsplit(", ", 1))
        who, its = ("Point", "its patch") if len(lost) == 1 else ("Points", "their patches")
        return f"{who} {names} lost {its}. {KEYS['anchor']} takes hold of what is there now."

    def point_at(self, hover: Hit | None) -> None:
        """The marker under the pointer, which a key may mean."""
        self._hover = hover

    def choose(self, point_id: int) -> None:
        """Choose a point, or choose it no more."""
        self._chosen = self.chosen ^ {point_id}

    def note_command(self, command: Command) -> None:
        """A command was posted: handles that jump leave no trail."""
        if isinstance(command, JUMPS):
            self.trails.forget()
        elif isinstance(command, MoveHandle):
            self.trails.forget(command.id)

    def show(self, *, numbers: bool | None = None, trails: bool | None = None) -> None:
        """Show numbers and trails, or not."""
        self.numbers = self.numbers if numbers is None else numbers
        self.show_trails = self.show_trails if trails is None else trails

    def pin(self) -> None:
        """Hold the meant points where their patches are now; let go of them if all are pinned."""
        meant = self._meant("pin")
        unpin = all(point.pinned for point in meant)
        for point in meant:
            if unpin:
                self._desk.post(UnpinPoint(point.id))
            elif not point.pinned:
                self._desk.post(PinPoint(point.id, point.handle))
        self._close(meant)

    def group(self) -> None:
        """Let the chosen points move together; let them go if they are one group already."""
        meant = self._meant("group")
        if not meant:
            return
        ids = tuple(point.id for point in meant)
        groups = {point.group for point in meant}
        if len(groups) == 1 and groups != {0}:
            self._desk.post(UngroupPoints(ids))
        elif len(meant) < 2:
            self._desk.say("A group needs two points: choose them with Ctrl and a click.")
            return
        else:
            self._desk.post(GroupPoints(ids))
        self._chosen = frozenset()
        self._close(meant)

    def anchor(self) -> None:
        """Take hold of what is under the meant handles now, or under those that are lost."""
        meant = self._named() or self.lost
        if not meant:
            self._desk.say("No point has lost its patch. Point at one to take hold anew.")
        for point in meant:
            self._desk.post(MoveHandle(point.id, point.handle))
        self._close(meant)

    def _named(self) -> tuple[PointState, ...]:
        """The chosen points, or the one under the pointer."""
        ids = self.chosen
        if not ids and self._hover is not None:
            ids = frozenset([self._hover.point.id])
        return tuple(point for point in self._points() if point.id in ids)

    def _meant(self, what: str) -> tuple[PointState, ...]:
        """As `_named`, or all of them; where there are none, that is said."""
        meant = self._named() or self._points()
        if not meant:
            self._desk.say(f"There is no point to {what} yet: press on the picture to put one.")
        return meant

    def _close(self, meant: tuple[PointState, ...]) -> None:
        if meant:
            self._desk.post(EndGesture())

    def _toggle_mirror(self) -> None:
        self.mirror = not self.mirror
        about = "New points come in mirrored pairs." if self.mirror else "New points come alone."
        self._desk.say(about)


def number(point: PointState) -> str:
    """A point's number for the person: those of the window count from 1."""
    return str(point.id - FIRST_ID + 1 if point.id >= FIRST_ID else point.id)
