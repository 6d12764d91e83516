"""Markers as small pictures, made once: on the screen each is one quad, not hundreds of triangles.

Where OpenGL runs on the CPU, twenty points drawn of circles took as long as all the rest of the
window. Colours are those of the picture's markers, which no scheme changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import dearpygui.dearpygui as dpg
import numpy as np
from numpy.typing import NDArray

from ...session.overlay import CORNERS, LOST, UNSURE, Shape
from ..theme import HALO, HANDLE, OUTLINE, TARGET, Colour, Item

HANDLE_PX = 6.5
TARGET_PX = 8.0
ARRIVED_PX = 4.5
GROWN = 1.25  # a marker under the pointer or in the hand

Kind = Shape | Literal["target", "arrived"]
Plane: TypeAlias = NDArray[np.float32]
Form: TypeAlias = Callable[[Plane, Plane], Plane]  # x, y to how far outside its edge


@dataclass(frozen=True, slots=True)
class Stamp:
    """A marker's texture, and how far it reaches from its middle, in screen pixels."""

    texture: Item
    reach: float


class Stamps:
    """All markers that were needed so far, at one scale; needs a Dear PyGui context."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._registry: Item = dpg.add_texture_registry()
        self._made: dict[tuple[Kind, bool], Stamp] = {}

    def get(self, kind: Kind, *, grown: bool) -> Stamp:
        """A marker; grown ones are larger."""
        if (kind, grown) not in self._made:
            picture = painted(layers_of(kind, GROWN if grown else 1.0), self._scale)
            size = len(picture)
            texture = dpg.add_static_texture(
                size, size, picture.ravel().tolist(), parent=self._registry
            )
            self._made[kind, grown] = Stamp(texture, size / 2)
        return self._made[kind, grown]


def painted(layers: Sequence[tuple[Form, Colour]], scale: float) -> NDArray[np.float32]:
    """Forms one over the other, smooth at their edges: float32 [n, n, 4] in 0..1, alpha straight.

    Args:
        layers: from the lowest on; the first is the largest.
        scale: screen pixels for a unit of theirs.
    """
    reach = math.ceil(_reach(layers[0][0]) * scale) + 2
    places = (np.arange(2 * reach, dtype=np.float32) + 0.5 - reach) / np.float32(scale)
    x, y = np.meshgrid(places, places)
    colours = np.full((2 * reach, 2 * reach, 3), layers[0][1][:3], np.float32) / 255
    alpha = np.zeros((2 * reach, 2 * reach, 1), np.float32)
    for form, colour in layers:
        cover = np.clip(0.5 - form(x, y)[..., None] * scale, 0, 1) * (colour[3] / 255)
        above = cover + alpha * (1 - cover)
        part = np.divide(cover, above, out=np.zeros_like(cover), where=above > 0)
        colours += (np.array(colour[:3], np.float32) / 255 - colours) * part
        alpha = above
    return np.concatenate([colours, alpha], 2)


def _reach(form: Form) -> float:
    """How far from the middle a form reaches along either axis."""
    places = np.linspace(-32, 32, 257, dtype=np.float32)
    x, y = np.meshgrid(places, places)
    return float(np.maximum(np.abs(x), np.abs(y))[form(x, y) <= 0].max())


def layers_of(kind: Kind, grown: float = 1.0) -> list[tuple[Form, Colour]]:
    """A marker's forms and their colours, from the lowest on."""
    radius = HANDLE_PX * grown
    match kind:
        case "disc":
            return _handle("disc", HANDLE, OUTLINE, radius)
        case "diamond":
            return _handle("diamond", UNSURE, OUTLINE, radius)
        case "triangle":
            return _handle("triangle", OUTLINE, LOST, radius)
        case "square":
            dot = disc(radius * 0.35 + 0.5), OUTLINE
            return [*_handle("square", HANDLE, OUTLINE, radius), dot]
        case "target":
            return _target(TARGET_PX * grown)
        case "arrived":
            return _arrived(ARRIVED_PX * grown)


def _handle(shape: Shape, colour: Colour, rim: Colour, radius: float) -> list[tuple[Form, Colour]]:
    return [
        (disc(radius + more + 0.5) if shape == "disc" else corners(shape, radius + more), paint)
        for more, paint in ((2.6, (*HALO[:3], 150)), (1.6, rim), (0.0, colour))
    ]


def _target(radius: float) -> list[tuple[Form, Colour]]:
    arm = radius * 0.5
    return [
        (ring(radius, 6.2), (*HALO[:3], 150)),
        (ring(radius, 4.6), OUTLINE),
        (ring(radius, 2.4), TARGET),
        (cross(arm, 3.6), OUTLINE),
        (cross(arm, 1.8), TARGET),
    ]


def _arrived(radius: float) -> list[tuple[Form, Colour]]:
    return [
        (disc(radius + 2.9), (*HALO[:3], 110)),
        (disc(radius + 1.9), (*OUTLINE[:3], 225)),
        (disc(radius + 0.5), TARGET),
        (disc(radius * 0.45 + 0.5), HANDLE),
    ]


def disc(radius: float) -> Form:
    """A full circle."""
    return lambda x, y: np.hypot(x, y) - np.float32(radius)


def ring(radius: float, width: float) -> Form:
    """A circle's line."""
    return lambda x, y: np.abs(np.hypot(x, y) - np.float32(radius)) - np.float32(width / 2)


def cross(arm: float, width: float) -> Form:
    """A plus sign."""

    def bar(along: Plane, across: Plane) -> Plane:
        return np.maximum(np.abs(along) - np.float32(arm), np.abs(across) - np.float32(width / 2))

    return lambda x, y: np.minimum(bar(x, y), bar(y, x))


def corners(shape: Shape, radius: float) -> Form:
    """A convex polygon, half a pixel larger than its corners say."""
    ends = [(radius * x, radius * y) for x, y in CORNERS[shape]]

    def form(x: Plane, y: Plane) -> Plane:
        sides = []
        for (ax, ay), (bx, by) in zip(ends, [*ends[1:], ends[0]], strict=True):
            length = math.hypot(bx - ax, by - ay)
            sides.append(((by - ay) * (x - ax) - (bx - ax) * (y - ay)) / np.float32(length))
        within: Plane = np.maximum.reduce(sides) - np.float32(0.5)
        return within

    return form
