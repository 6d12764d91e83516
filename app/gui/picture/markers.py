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
from ...session.overlay import LOST, shape_of
from ..theme import ACCENT, HALO, HANDLE, ON_PICTURE, OUTLINE, Colour, Item, Look
from .marking import number
from .scene import Hit, Part
from .stamps import Kind, Stamps
from .viewport import Spot, ViewTransform

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
        self._stamps = Stamps(look.scale)

    def draw(self, marks: Marks, view: ViewTransform) -> None:
        """Draw all of them, kind by kind, which is quicker; the layer is empty."""
        for trail in marks.trails:
            self._trail([view.to_screen(place) for place in trail])
        self._groups(marks.points, view)
        for point in marks.points:
            if not point.arrived and not point.pinned:
                self._line(view.to_screen(point.handle), view.to_screen(point.target))
        for point in marks.points:
            if not point.pinned and not point.arrived:
                grown = _part(marks, point) == "target"
                self._stamp("target", view.to_screen(point.target), grown=grown)
        for point in marks.points:
            self._handle(point, view, _part(marks, point))
        for point in marks.points:
            place = view.to_screen(point.target if point.arrived else point.handle)
            if point.id in marks.chosen:
                self._ring(place, CHOSEN_PX, 2.0, ACCENT)
            if marks.numbers:
                self._number(place, number(point))

    def _handle(self, point: PointState, view: ViewTransform, part: Part | None) -> None:
        kind, _ = shape_of(point)
        if point.arrived and kind == "disc":
            self._stamp("arrived", view.to_screen(point.target), grown=part is not None)
            return
        place = view.to_screen(point.target if point.pinned else point.handle)
        self._stamp(kind, place, grown=part == "handle")
        if point.lost:
            self._centred(place, "!")

    def _stamp(self, kind: Kind, centre: Spot, *, grown: bool) -> None:
        stamp = self._stamps.get(kind, grown=grown)
        x, y, reach = centre.x, centre.y, stamp.reach
        dpg.draw_image(
            stamp.texture, (x - reach, y - reach), (x + reach, y + reach), parent=self._layer
        )

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


def _part(marks: Marks, point: PointState) -> Part | None:
    """What of a point is under the pointer or in the hand."""
    marked = marks.marked
    return marked.part if marked and marked.point.id == point.id else None
