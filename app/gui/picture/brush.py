"""The movable region as the person paints it. Pure numpy and OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...engine.types import Point, Size
from .input import Stroke

SHIFT = 4  # cv2 takes positions in 1/16 pixel
FULL = 255


class MaskPaint:
    """A mask under the brush; owned by the window.

    Nothing painted means no mask: everything may move. What is painted may move, and nothing else
    may; who paints what must stay (`protect`) begins with everything free.
    """

    def __init__(self, size: Size) -> None:
        self.size = size
        self._levels = np.zeros((size.height, size.width), dtype=np.uint8)
        self._bare = True  # there is no mask

    @property
    def is_empty(self) -> bool:
        """Whether there is no mask."""
        return self._bare

    def clear(self) -> None:
        """Wipe it all."""
        self._levels[:] = 0
        self._bare = True

    def protect(self) -> None:
        """Where there is no mask, begin one that frees everything."""
        if self._bare:
            self._levels[:] = FULL
            self._bare = False

    def invert(self) -> None:
        """What could move must stay, and the other way round; without a mask nothing changes."""
        if not self._bare:
            np.subtract(FULL, self._levels, out=self._levels)

    def paint(self, stroke: Stroke, radius_px: float, softness: float = 0.0) -> None:
        """Draw a stroke: round, as wide as the brush all along, so that fast moves leave no gaps.

        Erasing the last of what may move ends the mask; protecting everything does not.

        Args:
            stroke: in image pixels; what lies beside the picture is clipped.
            radius_px: of the brush, in image pixels.
            softness: how much of the radius is a soft edge, 0 to 1.
        """
        was_bare, here = self._bare, self._near(stroke, radius_px)
        levels = self._levels[here]
        dab = _dab(stroke, radius_px, softness, (here[1].start, here[0].start), levels.shape)
        if stroke.movable:
            np.maximum(levels, dab, out=levels)
            self._bare = was_bare and not dab.any()
        else:
            np.minimum(levels, FULL - dab, out=levels)
            self._bare = was_bare or (not stroke.protects and not self._levels.any())

    def add(self, part: NDArray[np.float32], *, movable: bool) -> None:
        """Free a part of the picture, or protect it.

        Args:
            part: float32 [H, W], 1 = all of it.
            movable: free it.
        """
        levels = np.rint(part * FULL).astype(np.uint8)
        if movable:
            np.maximum(self._levels, levels, out=self._levels)
        else:
            np.minimum(self._levels, FULL - levels, out=self._levels)
        self._bare = not self._levels.any() and (movable or self._bare)

    def become(self, mask: NDArray[np.float32] | None) -> None:
        """Show a mask of the engine's, float32 [H, W] in 0..1."""
        self._bare = mask is None
        self._levels[:] = 0 if mask is None else np.rint(mask * FULL)

    def mask(self) -> NDArray[np.float32] | None:
        """A copy for the engine: float32 [H, W] in 0..1, 1 = movable; None when there is none."""
        if self._bare:
            return None
        return np.multiply(self._levels, 1 / FULL, dtype=np.float32)

    def _near(self, stroke: Stroke, radius_px: float) -> tuple[slice, slice]:
        """The part of the picture that a stroke can change: rows, columns."""
        reach = 2 * radius_px + 2
        height, width = self._levels.shape
        xs, ys = zip(stroke.start, stroke.end, strict=True)
        left, right = _clip(min(xs) - reach, width), _clip(max(xs) + reach + 1, width)
        top, bottom = _clip(min(ys) - reach, height), _clip(max(ys) + reach + 1, height)
        return slice(top, bottom), slice(left, right)


def _dab(
    stroke: Stroke,
    radius_px: float,
    softness: float,
    corner: tuple[int, int],
    shape: tuple[int, ...],
) -> NDArray[np.uint8]:
    """The stroke alone, uint8 [h, w], of which `corner` (x, y) is the first pixel."""
    dab = np.zeros(shape, np.uint8)
    if dab.size == 0:
        return dab
    radius_px = radius_px * (1 - 0.5 * softness)
    width = max(round(2 * radius_px), 1)
    ends = _fixed(stroke.start, corner), _fixed(stroke.end, corner)
    if ends[0] != ends[1]:  # a line without length is drawn too large
        cv2.line(dab, *ends, FULL, width, cv2.LINE_AA, SHIFT)
    for end in ends:
        radius = round(radius_px * (1 << SHIFT))
        cv2.circle(dab, end, radius, FULL, cv2.FILLED, cv2.LINE_AA, SHIFT)
    spread = radius_px * softness * 0.45
    if spread >= 0.3:
        cv2.GaussianBlur(dab, (0, 0), spread, dst=dab, borderType=cv2.BORDER_REPLICATE)
    return dab


def _clip(value: float, limit: int) -> int:
    return int(max(0, min(value, limit)))


def _fixed(point: Point, corner: tuple[int, int]) -> tuple[int, int]:
    return round((point.x - corner[0]) * (1 << SHIFT)), round((point.y - corner[1]) * (1 << SHIFT))
