"""What the surface is made of: colour at a point, part by part.

Everything is arithmetic on tensors or symbols (`distance`). A colour is a list of three.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .anatomy import Creature
from .distance import Scalar, ellipsoid, length2, smooth_step
from .shapes import Parts, ear_solid, to_ear, tufts

Colour = list[Tensor]


class Point(NamedTuple):
    """A point on the surface, in the head's frame, with the distances there."""

    x: Tensor
    y: Tensor
    z: Tensor
    parts: Parts


class Material(NamedTuple):
    """Colour of a point and how far it is nose, tongue, inside of the mouth, eye (0 to 1)."""

    colour: Colour
    nose: Tensor
    tongue: Tensor
    inside: Tensor
    eye: Eye


class Eye(NamedTuple):
    """An eye painted on its ball: where it shows, its colour, coordinates for the catch light."""

    shown: Tensor
    line: Tensor
    colour: Colour
    iris_x: Tensor
    iris_y: Tensor
    side: Tensor


def mix(first: Sequence[Scalar], second: Sequence[Scalar], part: Tensor) -> Colour:
    """From the first colour to the second."""
    return [a + (b - a) * part for a, b in zip(first, second, strict=True)]


def scaled(colour: Sequence[Tensor], factor: Scalar) -> Colour:
    """A colour times a factor."""
    return [channel * factor for channel in colour]


def material(point: Point, c: Creature) -> Material:
    """All that the light needs to know of a point."""
    dark = c.vector("dark")
    pale = _pale(point, c)
    colour = mix(c.vector("base"), c.vector("light"), pale)
    colour = _markings(colour, point, pale, c)
    colour = _ears(colour, point, c)
    colour = _mane(colour, point, c)
    nose = smooth_step(point.parts.nose, 0.012, 0.002)
    colour = _muzzle(colour, point, nose, c)
    colour, inside, tongue = _mouth(colour, point, c)
    colour = mix(colour, c.vector("nose"), nose)
    eye = eye_at(point, c)
    colour = mix(colour, [channel * 0.30 + 0.004 for channel in dark], eye.line * 0.88)
    return Material(mix(colour, eye.colour, eye.shown), nose, tongue, inside, eye)


def _pale(point: Point, c: Creature) -> Tensor:
    """How far the fur is light: muzzle, chin, around the eyes, chest, cheeks."""
    x, y, z, p = point
    lips = smooth_step(p.lips, 0.06, -0.02) * smooth_step(y, -0.02, -0.20)
    chin = smooth_step(p.jaw, 0.10, -0.02) * smooth_step(y, -0.28, -0.42)
    eyes = smooth_step(p.lids, 0.10, 0.015) * smooth_step(y - c["eye_y"], 0.16, -0.10)
    chest = smooth_step(p.body, 0.03, -0.01) * smooth_step(p.head, 0.05, 0.15)
    chest = chest * smooth_step(x.abs(), 0.62, 0.25) * smooth_step(y, -0.45, -0.85)
    cheek = ellipsoid(x.abs() - 0.50 * c["face_width"], y + 0.30, z - 0.25, (0.28, 0.26, 0.5))
    pale = torch.maximum(torch.maximum(lips, chin), 0.80 * eyes)
    return torch.maximum(torch.maximum(pale, 0.85 * chest), 0.55 * smooth_step(cheek, 0.16, -0.05))


def _markings(colour: Colour, point: Point, pale: Tensor, c: Creature) -> Colour:
    """A darker bridge, and stripes on forehead and cheeks."""
    x, y, z, p = point
    ax = x.abs()
    bridge = torch.exp(-(x * x) * 26.0) * smooth_step(y, -0.16, 0.30) * smooth_step(z, 0.2, 0.6)
    colour = mix(colour, c.vector("dark"), bridge * 0.16)
    forehead = torch.sin(ax * 17.0 - 1.6 + 1.5 * (y - 0.5)) * smooth_step(y, 0.34, 0.62)
    forehead = forehead * smooth_step(ax, 0.50, 0.30) * smooth_step(z, -0.1, 0.25)
    cheeks = torch.sin((y + 0.35 * ax) * 19.0 + 0.6) * smooth_step(ax, 0.46, 0.66)
    cheeks = cheeks * smooth_step(z, 0.62, 0.35) * smooth_step(y, 0.5, 0.2)
    stripes = torch.maximum(smooth_step(forehead, 0.15, 0.65), smooth_step(cheeks, 0.25, 0.75))
    stripes = stripes * (1 - pale) * smooth_step(p.head, 0.04, 0.0)
    return mix(colour, c.vector("dark"), stripes * c["stripes"])


def _ears(colour: Colour, point: Point, c: Creature) -> Colour:
    x, y, z, p = point
    along, across, depth = to_ear(x, y, z, c)
    on_ear = smooth_step(p.head - p.ear, 0.0, 0.03)
    tip = smooth_step(along / (c["ear_len"] + c["ear_tip"]), 0.45, 0.95) * on_ear
    colour = mix(colour, c.vector("dark"), tip * c["ear_dark"])
    hollow = ear_solid((along + 0.01, across, depth - 0.11), c, grow=-0.05, flat=0.40)
    inner = on_ear * smooth_step(hollow, 0.035, -0.015) * smooth_step(depth, -0.02, 0.05)
    shade = 0.72 + 0.28 * smooth_step(along, 0.0, 0.4)
    return mix(colour, scaled(c.vector("ear_inner"), shade), inner)


def _mane(colour: Colour, point: Point, c: Creature) -> Colour:
    """Hair with strands."""
    x, y, z, p = point
    shown = smooth_step(torch.minimum(p.head, p.ear) - p.mane, -0.015, 0.03)
    shown = shown * smooth_step(c["mane"], 0.02, 0.12) * smooth_step(p.body - p.mane, -0.05, 0.04)
    angle = tufts(x, y, z, c)[0]
    radius = length2(x, y)
    strand = torch.sin(angle * 31.0 + 1.4 * torch.sin(radius * 5.0 + angle * 3.0)) * 0.6
    fine = torch.sin(angle * 53.0 + 2.0 * torch.sin(radius * 7.0 - angle * 5.0)) * 0.4
    shade = 1.02 - 0.30 * smooth_step(radius, 0.65, 1.35) + 0.20 * (strand + fine)
    hair = mix(c.vector("mane_colour"), c.vector("base"), torch.full_like(x, 0.22))
    return mix(colour, scaled(hair, shade), shown)


def _muzzle(colour: Colour, point: Point, nose: Tensor, c: Creature) -> Colour:
    """The line below the nose and the whisker dots."""
    x, y, z, p = point
    dark = c.vector("dark")
    line = torch.exp(-(x * x) / 0.00035) * smooth_step(y, -0.20, -0.23)
    line = line * smooth_step(y, -0.46, -0.40) * smooth_step(z, 0.6, 0.75) * (1 - nose)
    colour = mix(colour, scaled(dark, 0.35), line * 0.75)
    forward = z - (0.74 + c["muzzle_len"] * 0.92)
    dots = torch.zeros_like(x)
    for at_y, at_z in ((-0.245, 0.13), (-0.275, 0.03), (-0.315, 0.11)):
        away = (y - at_y) ** 2 + (forward - at_z) ** 2
        dots = torch.maximum(dots, smooth_step(away, 0.00060, 0.00022))
    dots = dots * smooth_step(x.abs(), 0.16, 0.21) * smooth_step(p.lips, 0.03, 0.0)
    return mix(colour, scaled(dark, 0.4), dots * 0.65)


def _mouth(colour: Colour, point: Point, c: Creature) -> tuple[Colour, Tensor, Tensor]:
    """Colour, how far inside the mouth, how far on the tongue."""
    x, _, z, p = point
    inside = smooth_step(p.cavity, 0.016, 0.004) * smooth_step(z, 0.15, 0.3)
    depth = smooth_step(z - (0.72 + 0.9 * c["muzzle_len"]), 0.34, -0.10)
    flesh = [0.42 - 0.34 * depth, 0.085 - 0.072 * depth, 0.095 - 0.078 * depth]
    tongue = smooth_step(p.tongue, 0.008, 0.0)
    groove = 1 - 0.25 * torch.exp(-(x * x) / 0.0006)
    pink = [0.86 * groove, 0.30 * groove, 0.33 * groove]
    colour = mix(mix(colour, flesh, inside), pink, tongue * (1 - 0.55 * depth))
    return colour, inside, tongue


def eye_at(point: Point, c: Creature) -> Eye:
    """The eye on the ball's front, turned outwards by 15°, cut by the lids' two parabolas."""
    x, y, z, p = point
    side = torch.where(x > 0, torch.ones_like(x), -torch.ones_like(x))
    radius = c["eye_radius"]
    dx, dz = x.abs() - c["eye_x"], z - c["eye_z"]
    vx, vz = (dx * 0.966 - dz * 0.259) / radius, (dx * 0.259 + dz * 0.966) / radius
    vy = (y - c["eye_y"]) / radius
    opening, tilt = c["eye_open"], -0.02 - 0.13 * c["brow"]
    upper = -0.24 + 1.04 * opening - 0.72 * vx * vx + tilt * vx
    lower = -0.24 - 0.50 * opening + 0.62 * vx * vx + 0.08 * vx
    gap = torch.minimum(upper - vy, vy - lower)
    near = smooth_step(p.lids / radius, 0.22, 0.12) * smooth_step(vz, 0.05, 0.20)
    ix = vx - (c["gaze_x"] * side - 0.10)
    iy = vy - c["gaze_y"] - 0.06 * (opening - 0.6)
    shadow = 0.42 + 0.58 * smooth_step(upper - vy, 0.0, 0.34)
    return Eye(
        shown=smooth_step(gap, -0.01, 0.05) * near * smooth_step(vx.abs(), 0.97, 0.90),
        line=smooth_step(gap, -0.14, -0.05) * near * smooth_step(vx.abs(), 1.10, 0.95),
        colour=scaled(_iris(ix, iy, c), shadow),
        iris_x=ix,
        iris_y=iy,
        side=side,
    )


def _iris(ix: Tensor, iy: Tensor, c: Creature) -> Colour:
    """White, iris with a dark rim, pupil."""
    r = length2(ix, iy)
    bright = (0.55 + 0.75 * smooth_step(iy, 0.35, -0.45)) * (1 - 0.72 * smooth_step(r, 0.60, 0.78))
    colour = mix([0.92, 0.90, 0.86], scaled(c.vector("iris"), bright), smooth_step(r, 0.815, 0.745))
    pupil = smooth_step(r, c["pupil"] + 0.04, c["pupil"] - 0.04)
    return mix(colour, [0.006, 0.006, 0.006], pupil)
