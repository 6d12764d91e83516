"""Points, brush and notes drawn over the picture, into one Dear PyGui layer.

Handle and target differ in shape as well as colour: a disc and a ringed cross (as `session.overlay`
draws them into videos). A point that has arrived becomes one small quiet mark. Everything has a
white outline and a dark halo, to be seen on any picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from ..engine.types import PointState
from .input import Hit
from .theme import (
    ACCENT,
    CLEAR,
    HALO,
    HANDLE,
    MUTED,
    ON_PICTURE,
    OUTLINE,
    TARGET,
    Colour,
    Item,
    Look,
)
from .viewport import Spot, ViewTransform

HANDLE_PX = 6.5
TARGET_PX = 8.0
ARRIVED_PX = 4.5
GROWN = 1.25  # a marker under the pointer or in the hand
NOTE_PLATE: Colour = (12, 13, 15, 205)
NOTE_PADDING_PX = 14
NOTE_LIFT_PX = 34  # a note's distance from the canvas's lower edge


@dataclass(frozen=True, slots=True)
class Overlay:
    """All that is drawn over the picture; equal ones look the same.

    Attributes:
        view: where the picture is.
        points: in image pixels.
        marked: the marker under the pointer or in the hand.
        brush: the brush's middle and radius, in screen pixels.
        note: a line at the lower edge of the canvas.
        banner: a line in the middle of an empty canvas.
    """

    view: ViewTransform | None = None
    points: tuple[PointState, ...] = ()
    marked: Hit | None = None
    brush: tuple[Spot, float] | None = None
    note: str = ""
    banner: str = ""


class OverlayLayer:
    """Redraws the layer when what it shows has changed."""

    def __init__(self, look: Look, parent: Item) -> None:
        self._look = look
        self._layer = dpg.add_draw_layer(parent=parent)
        self._drawn: tuple[Overlay, tuple[int, int]] | None = None

    def draw(self, overlay: Overlay, area: tuple[int, int]) -> None:
        """Show this overlay in a canvas of that size."""
        if (overlay, area) == self._drawn:
            return
        self._drawn = (overlay, area)
        dpg.delete_item(self._layer, children_only=True)
        if overlay.view is not None:
            self._draw_points(overlay, overlay.view)
        if overlay.brush is not None:
            self._draw_brush(*overlay.brush)
        if overlay.banner:
            self._draw_note(overlay.banner, area, area[1] // 2, CLEAR, MUTED)
        if overlay.note:
            y = area[1] - self._look.px(NOTE_LIFT_PX + NOTE_PADDING_PX)
            self._draw_note(overlay.note, area, y, NOTE_PLATE, ON_PICTURE)

    def _draw_points(self, overlay: Overlay, view: ViewTransform) -> None:
        for point in overlay.points:
            if not point.arrived:
                self._draw_line(view.to_screen(point.handle), view.to_screen(point.target))
        for point in overlay.points:
            marked = overlay.marked
            part = marked.part if marked and marked.point.id == point.id else None
            if point.arrived:
                self._draw_arrived(view.to_screen(point.target), part is not None)
                continue
            self._draw_target(view.to_screen(point.target), part == "target")
            self._draw_handle(view.to_screen(point.handle), part == "handle")

    def _draw_line(self, start: Spot, end: Spot) -> None:
        if start.distance(end) < 1:
            return
        for colour, width in (((*HALO[:3], 150), 4.0), ((*OUTLINE[:3], 235), 1.8)):
            dpg.draw_line(start, end, color=colour, thickness=self._len(width), parent=self._layer)

    def _draw_handle(self, centre: Spot, grown: bool) -> None:
        radius = HANDLE_PX * (GROWN if grown else 1)
        self._disc(centre, radius + 2.6, (*HALO[:3], 150))
        self._disc(centre, radius + 1.6, OUTLINE)
        self._disc(centre, radius, HANDLE)

    def _draw_target(self, centre: Spot, grown: bool) -> None:
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

    def _draw_arrived(self, centre: Spot, grown: bool) -> None:
        radius = ARRIVED_PX * (GROWN if grown else 1)
        self._disc(centre, radius + 2.4, (*HALO[:3], 110))
        self._disc(centre, radius + 1.4, (*OUTLINE[:3], 225))
        self._disc(centre, radius, TARGET)
        self._disc(centre, radius * 0.45, HANDLE)

    def _draw_brush(self, centre: Spot, radius: float) -> None:
        for colour, width in (((*HALO[:3], 160), 3.2), (ACCENT, 1.6)):
            dpg.draw_circle(
                centre,
                radius,
                color=colour,
                thickness=self._len(width),
                segments=64,
                parent=self._layer,
            )

    def _draw_note(
        self, text: str, area: tuple[int, int], y: int, plate: Colour, colour: Colour
    ) -> None:
        """One centred line on a plate; `y` is its middle."""
        size = dpg.get_text_size(text, font=self._look.body)
        if not size:  # fonts are measurable from the second frame on
            self._drawn = None
            return
        width, height = size
        pad = self._look.px(NOTE_PADDING_PX)
        left, top = (area[0] - width) / 2, y - height / 2
        dpg.draw_rectangle(
            (left - pad, top - pad / 2),
            (left + width + pad, top + height + pad / 2),
            color=plate,
            fill=plate,
            rounding=(height + pad) / 2,
            parent=self._layer,
        )
        dpg.draw_text((left, top), text, color=colour, size=height, parent=self._layer)

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
