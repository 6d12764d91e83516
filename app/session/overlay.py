"""Points drawn into a picture, with the looks of the window: for videos and pictures to show.

A handle says by shape and colour how sure its tracking is: a coral disc follows its patch, an amber
diamond is unsure, a white triangle with a red rim has lost it. A pin is a square. Knows nothing of
windows or files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np

from ..engine.types import UNSURE_BELOW, Point, PointState
from .pictures import Picture

Colour = tuple[int, int, int, int]

HANDLE: Colour = (255, 92, 92, 255)
TARGET: Colour = (90, 160, 255, 255)
OUTLINE: Colour = (255, 255, 255, 255)
HALO: Colour = (16, 16, 20, 255)
UNSURE: Colour = (255, 190, 60, 255)
LOST: Colour = (214, 40, 40, 255)
Shape = Literal["disc", "diamond", "triangle", "square"]
CORNERS: dict[Shape, tuple[tuple[float, float], ...]] = {  # for a radius of 1
    "diamond": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    "triangle": ((0, -1.45), (1.35, 0.95), (-1.35, 0.95)),
    "square": ((-0.95, -0.95), (0.95, -0.95), (0.95, 0.95), (-0.95, 0.95)),
}
RADIUS = 1 / 60  # of the picture's shorter side
FINE_PX = 512  # smaller pictures are drawn on enlarged: cv2's lines are whole pixels wide
MAX_ENLARGED = 4
SHIFT = 4  # cv2 takes positions in 1/16 pixel


def shape_of(point: PointState) -> tuple[Shape, Colour]:
    """How a handle is drawn: what it says of the tracking does not hang on colour alone."""
    if point.lost:
        return "triangle", OUTLINE
    if point.trust < UNSURE_BELOW:
        return "diamond", UNSURE
    return ("square" if point.pinned else "disc"), HANDLE


def draw_points(picture: Picture, points: Sequence[PointState]) -> None:
    """Draw handles, targets (ringed crosses) and the lines between, in place.

    Args:
        picture: uint8 [H, W, 4] RGBA or [H, W, 3] RGB, C-contiguous; only pixels under the
            drawing change.
        points: in the picture's pixels; what lies outside is clipped.
    """
    if not points:
        return
    height, width = picture.shape[:2]
    times = min(max(FINE_PX // min(height, width), 1), MAX_ENLARGED)
    if times == 1:
        _Brush(picture, times).draw(points)
        return
    # Nearest up and area down by the same whole number give untouched pixels back exactly.
    size = (width * times, height * times)
    canvas = cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST)
    _Brush(canvas, times).draw(points)
    np.copyto(picture, cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA))


class _Brush:
    """Draws on a canvas `times` as large as the picture whose pixels the points are in."""

    def __init__(self, canvas: cv2.typing.MatLike, times: int) -> None:
        self._canvas = canvas
        self._times = times
        self._radius_px = max(min(canvas.shape[:2]) * RADIUS, 3.0 * times)
        self._edge_px = self._radius_px / 5

    def draw(self, points: Sequence[PointState]) -> None:
        """Lines below targets below handles."""
        going = [point for point in points if not point.pinned]
        for point in going:
            for colour, width in ((HALO, 3.4), (OUTLINE, 1.6)):
                self._line(point.handle, point.target, colour, width)
        for point in going:
            self._target(point.target)
        for point in points:
            self._handle(point.target if point.pinned else point.handle, *shape_of(point))

    def _handle(self, centre: Point, shape: Shape, colour: Colour) -> None:
        rim = LOST if shape == "triangle" else OUTLINE
        for paint, edges in ((HALO, 2), (rim, 1), (colour, 0)):
            radius_px = self._radius_px + edges * self._edge_px
            if shape == "disc":
                self._circle(centre, radius_px, paint, cv2.FILLED)
            else:
                self._polygon(centre, shape, radius_px, paint)
        if shape == "square":
            self._circle(centre, 0.35 * self._radius_px, OUTLINE, cv2.FILLED)

    def _polygon(self, centre: Point, shape: Shape, radius_px: float, colour: Colour) -> None:
        reach = radius_px / self._times
        corners = [Point(centre.x + reach * x, centre.y + reach * y) for x, y in CORNERS[shape]]
        fixed = np.array([self._fixed(corner) for corner in corners], np.int32)
        cv2.fillPoly(self._canvas, [fixed], colour, cv2.LINE_AA, SHIFT)

    def _target(self, centre: Point) -> None:
        arm = 0.55 * self._radius_px / self._times
        for colour, width in ((HALO, 4.4), (OUTLINE, 3.0), (TARGET, 1.6)):
            self._circle(centre, 1.2 * self._radius_px, colour, self._whole(width))
        for colour, width in ((OUTLINE, 2.2), (TARGET, 1.2)):
            for dx, dy in ((arm, 0.0), (0.0, arm)):
                start = Point(centre.x - dx, centre.y - dy)
                self._line(start, Point(centre.x + dx, centre.y + dy), colour, width)

    def _line(self, start: Point, end: Point, colour: Colour, width: float) -> None:
        ends = self._fixed(start), self._fixed(end)
        cv2.line(self._canvas, *ends, colour, self._whole(width), cv2.LINE_AA, SHIFT)

    def _circle(self, centre: Point, radius_px: float, colour: Colour, width_px: int) -> None:
        radius = round(radius_px * (1 << SHIFT))
        cv2.circle(self._canvas, self._fixed(centre), radius, colour, width_px, cv2.LINE_AA, SHIFT)

    def _whole(self, edges: float) -> int:
        """A width in outlines as cv2 wants it: whole canvas pixels, one or more."""
        return max(round(float(edges * self._edge_px)), 1)

    def _fixed(self, point: Point) -> tuple[int, int]:
        """A position on the canvas in cv2's fixed-point numbers."""
        x, y = ((v + 0.5) * self._times - 0.5 for v in point)
        return round(x * (1 << SHIFT)), round(y * (1 << SHIFT))
