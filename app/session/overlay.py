"""Points drawn into a picture, with the looks of the window: for videos and pictures to show.

Knows nothing of windows or files.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2

from ..engine.types import Point, PointState
from .pictures import Picture

Colour = tuple[int, int, int, int]

HANDLE: Colour = (255, 92, 92, 255)
TARGET: Colour = (90, 160, 255, 255)
OUTLINE: Colour = (255, 255, 255, 255)
HALO: Colour = (16, 16, 20, 255)
SHIFT = 4  # cv2 takes positions in 1/16 pixel
RADIUS = 1 / 60  # of the picture's shorter side


def draw_points(picture: Picture, points: Sequence[PointState]) -> None:
    """Draw handles (discs), targets (ringed crosses) and the lines between, in place.

    Args:
        picture: uint8 [H, W, 4] RGBA or [H, W, 3] RGB, C-contiguous; it is changed.
        points: in the picture's pixels; those outside are clipped.
    """
    radius_px = max(min(picture.shape[:2]) * RADIUS, 3.0)
    for point in points:
        _draw_line(picture, point, radius_px)
    for point in points:
        _draw_target(picture, point.target, radius_px)
    for point in points:
        _draw_handle(picture, point.handle, radius_px)


def _draw_line(picture: Picture, point: PointState, radius_px: float) -> None:
    width_px = max(round(radius_px / 3), 1)
    ends = _fixed(point.handle), _fixed(point.target)
    for colour, wider_px in ((HALO, 2), (OUTLINE, 0)):
        cv2.line(picture, *ends, colour, width_px + wider_px, cv2.LINE_AA, SHIFT)


def _draw_target(picture: Picture, centre: Point, radius_px: float) -> None:
    width_px = max(round(radius_px / 2.5), 1)
    for colour, wider_px in ((HALO, 4), (OUTLINE, 2), (TARGET, 0)):
        _circle(picture, centre, radius_px, colour, width_px + wider_px)
    arm_px = radius_px * 0.45
    x, y = centre
    for start, end in (
        (Point(x - arm_px, y), Point(x + arm_px, y)),
        (Point(x, y - arm_px), Point(x, y + arm_px)),
    ):
        cv2.line(
            picture, _fixed(start), _fixed(end), TARGET, max(width_px - 1, 1), cv2.LINE_AA, SHIFT
        )


def _draw_handle(picture: Picture, centre: Point, radius_px: float) -> None:
    ring_px = max(radius_px / 4, 1.0)
    _circle(picture, centre, radius_px + 2 * ring_px, HALO, cv2.FILLED)
    _circle(picture, centre, radius_px + ring_px, OUTLINE, cv2.FILLED)
    _circle(picture, centre, radius_px, HANDLE, cv2.FILLED)


def _circle(
    picture: Picture, centre: Point, radius_px: float, colour: Colour, width_px: int
) -> None:
    radius = round(radius_px * (1 << SHIFT))
    cv2.circle(picture, _fixed(centre), radius, colour, width_px, cv2.LINE_AA, SHIFT)


def _fixed(point: Point) -> tuple[int, int]:
    """A position in cv2's fixed-point numbers."""
    return round(point.x * (1 << SHIFT)), round(point.y * (1 << SHIFT))
