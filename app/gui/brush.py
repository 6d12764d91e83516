"""The movable region as the person paints it. Pure numpy and OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..engine.types import Point, Size
from .input import Stroke

SHIFT = 4  # cv2 takes positions in 1/16 pixel


class MaskPaint:
    """A mask under the brush; owned by the window.

    Nothing painted means no mask: everything may move.
    """

    def __init__(self, size: Size) -> None:
        self._levels = np.zeros((size.height, size.width), dtype=np.uint8)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is painted."""
        return not self._levels.any()

    def clear(self) -> None:
        """Wipe it all."""
        self._levels[:] = 0

    def paint(self, stroke: Stroke, radius_px: float) -> None:
        """Draw a stroke: round, as wide as the brush all along, so that fast moves leave no gaps.

        Args:
            stroke: in image pixels; what lies beside the picture is clipped.
            radius_px: of the brush, in image pixels.
        """
        level = 255 if stroke.movable else 0
        width = max(round(2 * radius_px), 1)
        ends = _fixed(stroke.start), _fixed(stroke.end)
        if ends[0] != ends[1]:  # a line without length is drawn too large
            cv2.line(self._levels, *ends, level, width, cv2.LINE_AA, SHIFT)
        for end in ends:
            radius = round(radius_px * (1 << SHIFT))
            cv2.circle(self._levels, end, radius, level, cv2.FILLED, cv2.LINE_AA, SHIFT)

    def become(self, mask: NDArray[np.float32] | None) -> None:
        """Show a mask of the engine's, float32 [H, W] in 0..1."""
        self._levels[:] = 0 if mask is None else np.rint(mask * 255)

    def mask(self) -> NDArray[np.float32] | None:
        """A copy for the engine: float32 [H, W] in 0..1, 1 = movable; None when empty."""
        if self.is_empty:
            return None
        return np.multiply(self._levels, 1 / 255, dtype=np.float32)


def _fixed(point: Point) -> tuple[int, int]:
    return round(point.x * (1 << SHIFT)), round(point.y * (1 << SHIFT))
