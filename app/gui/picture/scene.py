"""What the pointer does, what lies under it, what follows: the values of `input`. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from ...engine.types import Command, Point, PointState
from .viewport import Spot, ViewTransform

FIRST_ID = 1001  # scripts that play beside a window count from 1

Button = Literal["left", "middle", "right"]
Part = Literal["handle", "target"]


@dataclass(frozen=True, slots=True)
class PointerInput:
    """What the pointer does at one moment.

    Attributes:
        spot: where it is in the canvas.
        hovered: it is on the canvas, with no other window or dialog above.
        buttons: those held down.
        wheel: notches turned since the last moment, away from the person positive.
        space: the space bar is down.
        shift: so is shift: a marker goes straight across or straight down.
        control: so is Ctrl: markers are chosen, new points pinned, the wheel zooms.
    """

    spot: Spot
    hovered: bool = False
    buttons: frozenset[Button] = frozenset()
    wheel: float = 0.0
    space: bool = False
    shift: bool = False
    control: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """What lies on the screen.

    Attributes:
        view: where the picture is.
        points: as the person sees them.
        painting: the left button paints the mask instead of pulling points.
        paints_movable: what it paints may move; the right button paints the opposite.
        protects: the brush is the one that protects.
        picking: the buttons take the part under the pointer instead.
        mirrored: new points come in pairs.
        editable: there is a picture.
        reach_px: so near to a marker is on it, in screen pixels.
    """

    view: ViewTransform
    points: tuple[PointState, ...] = ()
    painting: bool = False
    paints_movable: bool = True
    protects: bool = False
    picking: bool = False
    mirrored: bool = False
    editable: bool = True
    reach_px: float = 14.0


class Hit(NamedTuple):
    """A marker under the pointer."""

    point: PointState
    part: Part


@dataclass(frozen=True, slots=True)
class Held:
    """A marker in the hand.

    Attributes:
        grip: where it was taken, from its middle, in image pixels.
        start: where it was then, in image pixels.
        pressed: where the button went down.
        moving: the pointer has moved since.
    """

    point_id: int
    part: Part
    grip: Point
    start: Point
    pressed: Spot
    moving: bool = False


@dataclass(frozen=True, slots=True)
class Panning:
    """The picture itself in the hand."""

    button: Button
    last: Spot


@dataclass(frozen=True, slots=True)
class Painting:
    """The brush on the picture."""

    button: Button
    movable: bool
    last: Point


Grab: TypeAlias = Held | Panning | Painting


@dataclass(frozen=True, slots=True)
class InputState:
    """What the hand was doing."""

    buttons: frozenset[Button] = frozenset()
    grab: Grab | None = None
    next_id: int = FIRST_ID


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stretch of the mask brush, in image pixels; `protects` of the brush that does."""

    start: Point
    end: Point
    movable: bool
    protects: bool = False


@dataclass(frozen=True, slots=True)
class Reaction:
    """What follows from a moment of input."""

    state: InputState
    view: ViewTransform
    commands: tuple[Command, ...] = field(default=())
    strokes: tuple[Stroke, ...] = field(default=())
    brush: float = 1.0  # the brush grows by this factor
    chosen: int | None = None  # this point is to be chosen, or not any more
    picked: bool | None = None  # the part under the pointer may move, or must stay
