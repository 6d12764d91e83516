"""Did the picture really move? Looks for the patch that was under a handle at its target.

The tracker looks at features; this looks at the picture's colours, and so does not believe it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..engine.types import Point
from .pictures import Picture

RADIUS = 1 / 20  # of the picture's height: the patch's half side
SEARCH = 1 / 32  # of the picture's height: how far from the target the patch may be found


@dataclass(frozen=True, slots=True)
class PatchMatch:
    """How well the patch of before is found again near the target.

    Attributes:
        similarity: zero-mean normalised cross-correlation of the best place, -1 to 1, colours
            together; 1 is the same patch up to brightness and contrast.
        offset_px: how far the best place is from the target.
        unmoved: the similarity of the patch that lay at the target before: what doing nothing
            would have scored.
    """

    similarity: float
    offset_px: float
    unmoved: float


def match_patch(before: Picture, start: Point, after: Picture, target: Point) -> PatchMatch:
    """Compare the patch around `start` in one picture with those around `target` in another.

    Args:
        before: uint8 [H, W, 4].
        start: where the handle was put.
        after: uint8 [H, W, 4].
        target: where it was pulled to.
    """
    radius = max(round(before.shape[0] * RADIUS), 3)
    reach = max(round(before.shape[0] * SEARCH), 2)
    patch = _around(before, start, radius)
    scores = _similarities(_around(after, target, radius + reach), patch)
    y, x = np.unravel_index(int(scores.argmax()), scores.shape)
    unmoved = _similarities(_around(before, target, radius), patch)
    return PatchMatch(
        similarity=float(scores.max()),
        offset_px=float(np.hypot(x - reach, y - reach)),
        unmoved=float(unmoved[0, 0]),
    )


def patch_apart(one: Picture, other: Picture, place: Point) -> float:
    """How far from its place in one picture the patch around it lies in another, in pixels.

    At most as far as is searched: where nothing is like the patch, that says little.

    Args:
        one: uint8 [H, W, 4].
        other: of the same size.
        place: in both.
    """
    radius = max(round(one.shape[0] * RADIUS), 3)
    reach = max(round(one.shape[0] * SEARCH), 2)
    scores = _similarities(_around(other, place, radius + reach), _around(one, place, radius))
    y, x = (int(i) for i in np.unravel_index(int(scores.argmax()), scores.shape))
    dx = x - reach + _between(scores[y], x)
    dy = y - reach + _between(scores[:, x], y)
    return float(np.hypot(dx, dy))


def _between(scores: np.ndarray, best: int) -> float:
    """Where between whole places the best one is, by a parabola: -0.5 to 0.5."""
    if not 0 < best < len(scores) - 1:
        return 0.0
    before, at, after = (float(score) for score in scores[best - 1 : best + 2])
    curve = before - 2 * at + after
    return 0.5 * (before - after) / curve if curve else 0.0


def _around(picture: Picture, centre: Point, radius: int) -> np.ndarray:
    """The square of half side `radius` around a point, the border repeated: [2r+1, 2r+1, 3]."""
    x, y = round(centre.x), round(centre.y)
    padded = np.pad(picture, ((radius, radius), (radius, radius), (0, 0)), mode="edge")
    return np.ascontiguousarray(padded[y : y + 2 * radius + 1, x : x + 2 * radius + 1, :3])


def _similarities(picture: np.ndarray, patch: np.ndarray) -> np.ndarray:
    return cv2.matchTemplate(picture, patch, cv2.TM_CCOEFF_NORMED)
