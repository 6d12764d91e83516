"""From material to the colour of a pixel: key, sky and rim light, catch lights, background."""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor

from .anatomy import FOCAL_LENGTH, Creature
from .distance import length2, smooth_step
from .materials import Colour, Material, Point, material
from .shapes import parts

T_NEAR: Final = 4.2
T_FAR: Final = 10.5


class Hit(NamedTuple):
    """Where a ray ended: distance, normal, residue of the field, occlusion, light (0..1)."""

    t: Tensor
    nx: Tensor
    ny: Tensor
    nz: Tensor
    residue: Tensor
    open_sky: Tensor  # 1 = nothing near
    lit: Tensor  # 1 = no shadow


def directions(gx: Tensor, gy: Tensor, c: Creature) -> tuple[Tensor, Tensor, Tensor]:
    """Unit directions in the head's frame; gx, gy in -1..1, x right and y up in the picture."""
    inverse = (gx * gx + gy * gy + FOCAL_LENGTH * FOCAL_LENGTH).rsqrt()
    dx, dy, dz = gx * inverse, gy * inverse, -FOCAL_LENGTH * inverse
    t = c.vector("turn")
    return (
        t[0] * dx + t[3] * dy + t[6] * dz,
        t[1] * dx + t[4] * dy + t[7] * dz,
        t[2] * dx + t[5] * dy + t[8] * dz,
    )


def along_ray(t: Tensor, gx: Tensor, gy: Tensor, c: Creature) -> tuple[Tensor, Tensor, Tensor]:
    """The point at distance t of a pixel's ray, in the head's frame."""
    ox, oy, oz = c.vector("camera")
    dx, dy, dz = directions(gx, gy, c)
    return ox + t * dx, oy + t * dy, oz + t * dz


def shade(hit: Hit, gx: Tensor, gy: Tensor, packed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A pixel's red, green, blue (sRGB, 0 to 1)."""
    c = Creature(packed)
    x, y, z = along_ray(hit.t, gx, gy, c)
    surface = material(Point(x, y, z, parts(x, y, z, c)), c)
    lit = _catch_lights(_lit(surface, hit, directions(gx, gy, c), c), surface, c)
    behind = _background(gx, gy, c)
    shown = smooth_step(hit.residue, 0.12, 0.05) * smooth_step(hit.t, T_FAR - 0.05, T_FAR - 0.4)
    red, green, blue = (_developed(b + (a - b) * shown) for a, b in zip(lit, behind, strict=True))
    return red, green, blue


def _developed(value: Tensor) -> Tensor:
    """A gentle shoulder, then the sRGB curve."""
    value = value * (1 + value * 0.16) / (1 + value * 0.42) * 1.20
    return value.clamp(1e-4, 1.0) ** (1 / 2.2)


def _lit(surface: Material, hit: Hit, ray: tuple[Tensor, Tensor, Tensor], c: Creature) -> Colour:
    normal = (hit.nx, hit.ny, hit.nz)
    light = c.vector("light_head")
    facing = _dot(normal, light)
    lit = hit.lit.clamp(0, 1)
    lit = lit * lit * (3 - 2 * lit)
    wrapped = ((facing + 0.28) / 1.28).clamp(min=0)
    key = wrapped * (0.30 + 0.70 * lit) * (0.55 + 0.45 * hit.open_sky) * 1.02
    eye, sky = surface.eye.shown, hit.open_sky
    open_sky = sky * (1 - eye) + eye * (0.6 + 0.4 * sky)
    glint = _glint(surface, normal, light, ray)
    edge = _edge(normal, ray, c) * sky * (1 - 0.7 * surface.inside)
    turn = c.vector("turn")
    upward = 0.5 + 0.5 * (turn[3] * hit.nx + turn[4] * hit.ny + turn[5] * hit.nz)
    fringe = torch.exp(-((facing - 0.02) ** 2) * 9.0) * lit  # light through skin
    colours = zip(
        *(surface.colour, c.vector("key_colour"), c.vector("above_colour")),
        *(c.vector("below_colour"), (0.10, 0.02, 0.0)),
        strict=True,
    )
    return [
        own * (lamp * key + (below + (above - below) * upward) * 0.62 * open_sky + skin * fringe)
        + glint * lamp
        + (0.30 * above + 0.06) * edge
        for own, lamp, above, below, skin in colours
    ]


def _dot(a: tuple[Tensor, Tensor, Tensor], b: list[Tensor]) -> Tensor:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _glint(
    surface: Material,
    normal: tuple[Tensor, Tensor, Tensor],
    light: list[Tensor],
    ray: tuple[Tensor, Tensor, Tensor],
) -> Tensor:
    """Highlights: sharp on nose and tongue, faint on fur (Blinn)."""
    half = [towards - away for towards, away in zip(light, ray, strict=True)]
    norm = (half[0] * half[0] + half[1] * half[1] + half[2] * half[2] + 1e-9).rsqrt()
    cosine = (_dot(normal, half) * norm).clamp(min=0)
    wet = torch.maximum(surface.nose * 0.55, surface.tongue * 0.35)
    return wet * cosine**38 * 1.1 + 0.05 * cosine**12


def _edge(
    normal: tuple[Tensor, Tensor, Tensor], ray: tuple[Tensor, Tensor, Tensor], c: Creature
) -> Tensor:
    """The bright edge: seen from the side, and more so from where the rim light comes."""
    grazing = (1 - (-_dot(normal, list(ray))).clamp(0, 1)) ** 3
    rim = (_dot(normal, c.vector("rim_head")) + 0.25).clamp(min=0)
    return grazing * (0.18 + 0.82 * rim)


def _catch_lights(colour: Colour, surface: Material, c: Creature) -> Colour:
    """One large and one small spot in each eye, on the light's side."""
    eye = surface.eye
    side = (c.vector("light_world")[0] * 3).clamp(-1, 1) * eye.side
    for x, y, radius, amount in ((0.22, 0.26, 0.155, 1.0), (-0.20, -0.22, 0.075, 0.5)):
        away = length2(eye.iris_x - x * side, eye.iris_y - y)
        spot = smooth_step(away, radius + 0.05, radius - 0.03) * eye.shown * amount
        spot = spot * smooth_step(c["eye_open"], 0.12, 0.35)
        colour = [channel + (0.98 - channel) * spot for channel in colour]
    return colour


def _background(gx: Tensor, gy: Tensor, c: Creature) -> Colour:
    """A studio wall: two colours, a glow, the head's soft shadow, darker corners."""
    light, centre = c.vector("light_world"), c.vector("centre")
    glow = torch.exp(-(gx * gx + (gy - 0.15) ** 2) * 1.6)
    sx = gx - centre[0] / 1.75 + light[0] * 0.30
    sy = gy - centre[1] / 1.75 + 0.20 * light[1] + 0.08
    shadow = torch.exp(-(sx * sx * 3.2 + sy * sy * 2.4))
    bright = (1 + c["glow"] * glow) * (1 - 0.30 * shadow) * (1 - 0.08 * (gx * gx + gy * gy))
    upward = smooth_step(0.5 + 0.5 * gy, -0.1, 1.05)
    return [
        (below + (above - below) * upward) * bright
        for above, below in zip(c.vector("sky_top"), c.vector("sky_bottom"), strict=True)
    ]
