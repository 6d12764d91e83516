"""Where the picture lies in the canvas: screen pixels ↔ image pixels. Pure.

A `Spot` is a position in the canvas in screen pixels, (0, 0) its top-left corner; a `Point` is a
position in the picture, (0, 0) the centre of its top-left pixel (docs/conventions.md), so the
picture spans -0.5 … W - 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from ...engine.types import Point, Size

LARGEST_ZOOM = 64.0  # screen pixels per image pixel
SMALLEST_OF_FIT = 0.5  # zooming out ends at half the fitted size


class Spot(NamedTuple):
    """A position in the canvas, in screen pixels."""

    x: float
    y: float

    def distance(self, other: Spot) -> float:
        """Euclidean distance in screen pixels."""
        return float(((self.x - other.x) ** 2 + (self.y - other.y) ** 2) ** 0.5)


def clamp(value: float, low: float, high: float) -> float:
    """The value nearest to `value` from `low` to `high`."""
    return max(low, min(value, high))


@dataclass(frozen=True, slots=True)
class ViewTransform:
    """How a picture is shown in a canvas.

    Attributes:
        picture: its size in image pixels.
        area: the canvas, in screen pixels.
        margin_px: left free around a fitted picture, in screen pixels.
        zoom: screen pixels per image pixel.
        centre: what the middle of the canvas shows; always on the picture, so that it cannot
            get lost.
        fitted: follows the canvas when that is resized.
    """

    picture: Size
    area: Size
    margin_px: int
    zoom: float
    centre: Point
    fitted: bool

    @classmethod
    def fit(cls, picture: Size, area: Size, margin_px: int = 0) -> ViewTransform:
        """The whole picture, as large as the canvas allows, in the middle."""
        middle = Point((picture.width - 1) / 2, (picture.height - 1) / 2)
        zoom = _fit_zoom(picture, area, margin_px)
        return cls(picture, area, margin_px, zoom, middle, fitted=True)

    def refit(self) -> ViewTransform:
        """The whole picture again."""
        return self.fit(self.picture, self.area, self.margin_px)

    def resized(self, area: Size) -> ViewTransform:
        """The same in a canvas of another size: a fitted picture stays fitted."""
        moved = replace(self, area=area)
        return moved.refit() if self.fitted else moved

    def to_image(self, spot: Spot) -> Point:
        """What lies there, in image pixels; may be beside the picture."""
        return Point(
            self.centre.x + (spot.x - self.area.width / 2) / self.zoom,
            self.centre.y + (spot.y - self.area.height / 2) / self.zoom,
        )

    def to_screen(self, point: Point) -> Spot:
        """Where an image position is shown."""
        return Spot(
            self.area.width / 2 + (point.x - self.centre.x) * self.zoom,
            self.area.height / 2 + (point.y - self.centre.y) * self.zoom,
        )

    def corners(self) -> tuple[Spot, Spot]:
        """Where the picture's top-left and bottom-right corners are shown."""
        width, height = self.picture
        return (
            self.to_screen(Point(-0.5, -0.5)),
            self.to_screen(Point(width - 0.5, height - 0.5)),
        )

    def clamped(self, point: Point) -> Point:
        """The nearest pixel centre or place between, so that it is on the picture."""
        width, height = self.picture
        return Point(clamp(point.x, 0, width - 1), clamp(point.y, 0, height - 1))

    def zoomed(self, factor: float, at: Spot) -> ViewTransform:
        """Larger or smaller by a factor; what is under `at` stays there."""
        fit = _fit_zoom(self.picture, self.area, self.margin_px)
        zoom = clamp(self.zoom * factor, fit * SMALLEST_OF_FIT, max(LARGEST_ZOOM, fit))
        fixed = self.to_image(at)
        centre = Point(
            fixed.x - (at.x - self.area.width / 2) / zoom,
            fixed.y - (at.y - self.area.height / 2) / zoom,
        )
        return replace(self, zoom=zoom, centre=self._on_picture(centre), fitted=False)

    def panned(self, dx: float, dy: float) -> ViewTransform:
        """The picture moved by so many screen pixels."""
        centre = Point(self.centre.x - dx / self.zoom, self.centre.y - dy / self.zoom)
        return replace(self, centre=self._on_picture(centre), fitted=False)

    def _on_picture(self, centre: Point) -> Point:
        width, height = self.picture
        return Point(clamp(centre.x, -0.5, width - 0.5), clamp(centre.y, -0.5, height - 0.5))


def _fit_zoom(picture: Size, area: Size, margin_px: int) -> float:
    free = [max(side - 2 * margin_px, 16) for side in area]  # a tiny canvas still has a scale
    return min(free[0] / picture.width, free[1] / picture.height)
