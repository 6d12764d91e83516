"""The line between original and present picture: drawn over the canvas, taken by the pointer."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ..theme import HALO, ON_PICTURE, OUTLINE, Colour, Item, Look
from .compare import GRIP_PX, Compare
from .input import PointerInput
from .viewport import ViewTransform

PLATE: Colour = (12, 13, 15, 205)
KNOB_PX = 9.0
WORDS = {
    "split": ("Original", "Now"),
    "difference": ("Difference", ""),
    "features": ("Features", ""),
}


class SplitLine:
    """Draws into a layer of the canvas's drawlist.

    Args:
        look: lengths.
        drawlist: the canvas's.
        compare: what is chosen.
    """

    def __init__(self, look: Look, drawlist: Item, compare: Compare) -> None:
        self._look, self._compare = look, compare
        self._layer = dpg.add_draw_layer(parent=drawlist)
        self._drawn: object = None
        self._left_down = False

    def read(self, pointer: PointerInput, view: ViewTransform, *, busy: bool) -> bool:
        """Whether the pointer is the line's; `busy`: it has something else in hand."""
        compare = self._compare
        down = "left" in pointer.buttons
        pressed, self._left_down = down and not self._left_down, down
        if compare.grabbed:
            compare.move_split(compare.share_at(view, pointer.spot.x))
            compare.grabbed = down
            return True
        reach = GRIP_PX * self._look.scale
        if pressed and pointer.hovered and not busy and compare.is_at(view, pointer.spot, reach):
            compare.grabbed = True
        return compare.grabbed

    def draw(self, view: ViewTransform | None, *, past: bool) -> None:
        """Show it where the view says; `past`: another state's picture is shown now."""
        compare = self._compare
        wanted = view, compare.mode, compare.split, compare.holding, past
        if wanted == self._drawn:
            return
        self._drawn = wanted
        dpg.delete_item(self._layer, children_only=True)
        if view is None:
            return
        if compare.holding:
            self._tell("Original", view, right=False)
        elif compare.mode != "off":
            left, right = WORDS[compare.mode]
            self._tell(left, view, right=False)
            self._tell(right, view, right=True)
        if compare.mode == "split" and not compare.holding:
            self._draw_line(view)

    def _draw_line(self, view: ViewTransform) -> None:
        look, x = self._look, self._compare.line_px(view)
        (_, top), (_, bottom) = view.corners()
        top, bottom = max(top, 0.0), min(bottom, float(view.area.height))
        for colour, width in (((*HALO[:3], 150), 4.0), (OUTLINE, 2.0)):
            ends = (x, top), (x, bottom)
            dpg.draw_line(*ends, color=colour, thickness=width * look.scale, parent=self._layer)
        middle = (x, (top + bottom) / 2)
        for colour, radius in (((*HALO[:3], 150), KNOB_PX + 1), (OUTLINE, KNOB_PX)):
            dpg.draw_circle(
                middle, radius * look.scale, color=colour, fill=colour, parent=self._layer
            )
        for side in (-1, 1):
            tip, wing = x + side * look.px(6), x + side * look.px(2)
            y, half = middle[1], look.px(3)
            dpg.draw_triangle(
                (tip, y), (wing, y - half), (wing, y + half),
                color=PLATE, fill=PLATE, parent=self._layer,
            )  # fmt: skip

    def _tell(self, words: str, view: ViewTransform, *, right: bool) -> None:
        """A word on a plate in an upper corner of the picture."""
        size = dpg.get_text_size(words, font=self._look.small) if words else None
        if not words:
            return
        if not size:  # fonts are measurable from the second frame on
            self._drawn = None
            return
        look = self._look
        (left, top), (end, _) = view.corners()
        left, top, end = max(left, 0.0), max(top, 0.0), min(end, float(view.area.width))
        pad, gap = look.px(8), look.px(10)
        x = end - gap - size[0] - 2 * pad if right else left + gap
        low, high = (x, top + gap), (x + size[0] + 2 * pad, top + gap + size[1] + pad)
        dpg.draw_rectangle(
            low, high, color=PLATE, fill=PLATE, rounding=look.px(6), parent=self._layer
        )
        spot = (x + pad, top + gap + pad / 2)
        dpg.draw_text(spot, words, color=ON_PICTURE, size=size[1], parent=self._layer)
