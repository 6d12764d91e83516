"""Handles, targets, pins, trails and numbers, drawn over the picture.

A handle says by shape and colour how sure its tracking is: a coral disc follows its patch, an amber
diamond is unsure, a white triangle with a red rim has lost it. A pin is a square. A point that has
arrived is one small quiet mark. All have a white outline and a dark halo, to be seen on any
picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from ...engine.types import Point, PointState
from ...session.overlay import CORNERS, LOST, Shape, shape_of
from ..theme import ACCENT, HALO, HANDLE, ON_PICTURE, OUTLINE, TARGET, Colour, Item, Look
from .marking import number
from .scene import Hit
from .viewport import Spot, ViewTransform

HANDLE_PX = 6.5
TARGET_PX = 8.0
ARRIVED_PX = 4.5
GROWN = 1.25  # a marker under the pointer or in the hand
CHOSEN_PX = 13.0
NUMBER_PX = 13
NUMBER_AWAY_PX = 9.0
NUMBER_PLATE: Colour = (12, 13, 15, 170)


@dataclass(frozen=True, slots=True)
class Marks:
    """The points and how they are shown; equal ones look the same.

    Attributes:
        points: in image pixels.
        marked: the marker under the pointer or in the hand.
        chosen: points that were chosen.
        numbers: whether they have their numbers.
        trails: where handles went, in image pixels.
    """

    points: tuple[PointState, ...] = ()
    marked: Hit | None = None
    chosen: frozenset[int] = frozenset()
    numbers: bool = False
    trails: tuple[tuple[Point, ...], ...] = ()


class Markers:
    """Draws marks into a layer.

    Args:
        look: lengths.
        layer: where.
    """

    def __init__(self, look: Look, layer: Item) -> None:
        self._look, self._layer = look, layer

    def draw(self, marks: Marks, view: ViewTransform) -> None:
        """Draw all of them; the layer is empty."""
        for trail in marks.trails:
            self._trail([view.to_screen(place) for place in trail])
        self._groups(marks.points, view)
        for point in marks.points:
            if not point.arrived and not point.pinned:
                self._line(view.to_screen(point.handle), view.to_screen(point.target))
        for point in marks.points:
            part = marks.marked.part if marks.marked and marks.marked.point.id == point.id else None
            self._point(point, view, part)
            place = view.to_screen(point.target if point.arrived else point.handle)
            if point.id in marks.chosen:
                self._ring(place, CHOSEN_PX, 2.0, ACCENT)
            if marks.numbers:
                self._number(place, number(point))

    def _point(self, point: PointState, view: ViewTransform, part: str | None) -> None:
        handle, target = view.to_screen(point.handle), view.to_screen(point.target)
        shape, colour = shape_of(point)
        if point.arrived and shape == "disc":
            self._arrived(target, part is not None)
            return
        if not point.pinned and not point.arrived:
            self._target(target, part == "target")
        self._handle(target if point.pinned else handle, shape, colour, part == "handle")
        if point.lost:
            self._centred(target if point.pinned else handle, "!")

    def _handle(self, centre: Spot, shape: Shape, colour: Colour, grown: bool) -> None:
        radius = HANDLE_PX * (GROWN if grown else 1)
        rim = LOST if shape == "triangle" else OUTLINE
        for more, paint in ((2.6, (*HALO[:3], 150)), (1.6, rim), (0.0, colour)):
            if shape == "disc":
                self._disc(centre, radius + more, paint)
            else:
                self._polygon(centre, shape, radius + more, paint)
        if shape == "square":
            self._disc(centre, radius * 0.35, OUTLINE)

    def _polygon(self, centre: Spot, shape: Shape, radius: float, colour: Colour) -> None:
        r = self._len(radius)
        corners = [(centre.x + r * x, centre.y + r * y) for x, y in CORNERS[shape]]
        corners.append(corners[0])
        dpg.draw_polygon(corners, color=colour, fill=colour, thickness=1, parent=self._layer)

    def _target(self, centre: Spot, grown: bool) -> None:
        radius = TARGET_PX * (GROWN if grown else 1)
        self._ring(centre, radius, 6.2, (*HALO[:3], 150))
        self._ring(centre, radius, 4.6, OUTLINE)
        self._ring(centre, radius, 2.4, TARGET)
        arm = self._len(radius * 0.5)
        for colour, width in ((OUTLINE, 3.6), (TARGET, 1.8)):
            thickness = self._len(width)
            for dx, dy in ((arm, 0.0), (0.0, arm)):
                start, end = (centre.x - dx, centre.y - dy), (centre.x + dx, centre.y + dy)
                dpg.draw_line(start, end, color=colour, thickness=thickness, parent=self._layer)

    def _arrived(self, centre: Spot, grown: bool) -> None:
        radius = ARRIVED_PX * (GROWN if grown else 1)
        self._disc(centre, radius + 2.4, (*HALO[:3], 110))
        self._disc(centre, radius + 1.4, (*OUTLINE[:3], 225))
        self._disc(centre, radius, TARGET)
        self._disc(centre, radius * 0.45, HANDLE)

    def _line(self, start: Spot, end: Spot) -> None:
        if start.distance(end) < 1:
            return
        for colour, width in (((*HALO[:3], 150), 4.0), ((*OUTLINE[:3], 235), 1.8)):
            dpg.draw_line(start, end, color=colour, thickness=self._len(width), parent=self._layer)

    def _groups(self, points: Sequence[PointState], view: ViewTransform) -> None:
        """A thin line from each group's first point to the others."""
        first: dict[int, Spot] = {}
        for point in points:
            place = view.to_screen(point.target)
            start = first.setdefault(point.group, place)
            if point.group and place != start:
                colour = (*ACCENT[:3], 170)
                width = self._len(1.2)
                dpg.draw_line(start, place, color=colour, thickness=width, parent=self._layer)

    def _trail(self, spots: Sequence[Spot]) -> None:
        for colour, width in (((*HALO[:3], 110), 3.0), ((*HANDLE[:3], 200), 1.4)):
            dpg.draw_polyline(
                list(spots), color=colour, thickness=self._len(width), parent=self._layer
            )

    def _number(self, centre: Spot, text: str) -> None:
        away, size = self._len(NUMBER_AWAY_PX), self._len(NUMBER_PX)
        x, y = centre.x + away, centre.y - away - size
        wide = 0.62 * size * len(text)
        dpg.draw_rectangle(
            (x - self._len(3), y),
            (x + wide + self._len(3), y + size),
            color=NUMBER_PLATE,
            fill=NUMBER_PLATE,
            rounding=self._len(4),
            parent=self._layer,
        )
        self._text(x, y, text, ON_PICTURE)

    def _centred(self, centre: Spot, text: str) -> None:
        size = self._len(NUMBER_PX)
        self._text(centre.x - 0.14 * size, centre.y - 0.55 * size, text, LOST)

    def _text(self, x: float, y: float, text: str, colour: Colour) -> None:
        size = self._len(NUMBER_PX)
        dpg.draw_text((x, y), text, color=colour, size=size, parent=self._layer)

    def _disc(self, centre: Spot, radius: float, colour: Colour) -> None:
        # The outline's colour is the fill's, because a transparent one still dims the edge.
        dpg.draw_circle(
            centre, self._len(radius), color=colour, fill=colour, thickness=1, parent=self._layer
        )

    def _ring(self, centre: Spot, radius: float, width: float, colour: Colour) -> None:
        dpg.draw_circle(
            centre,
            self._len(radius),
            color=colour,
            thickness=self._len(width),
            parent=self._layer,
        )

    def _len(self, length: float) -> float:
        return length * self._look.scale
