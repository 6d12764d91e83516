"""Points, brush and notes drawn over the picture, into one Dear PyGui layer.

`markers` draws the points (as `session.overlay` draws them into videos).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import dearpygui.dearpygui as dpg

from ..theme import (
    ACCENT,
    CLEAR,
    HALO,
    MUTED,
    ON_PICTURE,
    Colour,
    Item,
    Look,
)
from .markers import Markers, Marks
from .viewport import Spot, ViewTransform
from .wrapping import wrapped

NOTE_PLATE: Colour = (12, 13, 15, 205)
NOTE_PADDING_PX = 14
NOTE_LIFT_PX = 34  # a note's distance from the canvas's lower edge


@dataclass(frozen=True, slots=True)
class Overlay:
    """All that is drawn over the picture; equal ones look the same.

    Attributes:
        view: where the picture is.
        marks: points and how they are shown.
        brush: the brush's middle and radius, in screen pixels.
        note: a line at the lower edge of the canvas.
        banner: a line in the middle of an empty canvas.
    """

    view: ViewTransform | None = None
    marks: Marks = field(default_factory=Marks)
    brush: tuple[Spot, float] | None = None
    note: str = ""
    banner: str = ""


class OverlayLayer:
    """Redraws the layer when what it shows has changed."""

    def __init__(self, look: Look, parent: Item) -> None:
        self._look = look
        self._layer = dpg.add_draw_layer(parent=parent)
        self._markers = Markers(look, self._layer)
        self._drawn: tuple[Overlay, tuple[int, int]] | None = None

    def draw(self, overlay: Overlay, area: tuple[int, int]) -> None:
        """Show this overlay in a canvas of that size."""
        if (overlay, area) == self._drawn:
            return
        self._drawn = (overlay, area)
        dpg.delete_item(self._layer, children_only=True)
        if overlay.view is not None:
            self._markers.draw(overlay.marks, overlay.view)
        if overlay.brush is not None:
            self._draw_brush(*overlay.brush)
        if overlay.banner:
            self._draw_note(overlay.banner, area, area[1] // 2, CLEAR, MUTED)
        if overlay.note:
            y = area[1] - self._look.px(NOTE_LIFT_PX + NOTE_PADDING_PX)
            self._draw_note(overlay.note, area, y, NOTE_PLATE, ON_PICTURE)

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
        """Centred on a plate, in as many lines as it needs; `y` is the last one's middle."""
        size = dpg.get_text_size(text, font=self._look.body)
        if not size:  # fonts are measurable from the second frame on
            self._drawn = None
            return
        height, pad = size[1], self._look.px(NOTE_PADDING_PX)
        lines = wrapped(text, area[0] - 4 * pad, self._width)
        width = max(map(self._width, lines))
        left, top = (area[0] - width) / 2, y + height / 2 - height * len(lines)
        dpg.draw_rectangle(
            (left - pad, top - pad / 2),
            (left + width + pad, top + height * len(lines) + pad / 2),
            color=plate,
            fill=plate,
            rounding=(height + pad) / 2,
            parent=self._layer,
        )
        for number, line in enumerate(lines):
            place = (area[0] - self._width(line)) / 2, top + number * height
            dpg.draw_text(place, line, color=colour, size=height, parent=self._layer)

    def _width(self, text: str) -> float:
        size = dpg.get_text_size(text, font=self._look.body)
        return float(size[0]) if size else 0.0

    def _len(self, length: float) -> float:
        return length * self._look.scale
