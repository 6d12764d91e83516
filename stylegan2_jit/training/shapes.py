"""The creature as signed distances: its parts, and the one field that a ray marches through.

Coordinates are the head's (`anatomy`). Tensors [N, rays] with parameters [N, 1], or symbols.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .anatomy import Creature
from .distance import (
    capsule,
    ellipsoid,
    length2,
    length3,
    smooth_max,
    smooth_min,
    smooth_step,
)


class Parts(NamedTuple):
    """Distances to the parts; negative inside."""

    head: Tensor
    ear: Tensor
    mane: Tensor
    body: Tensor
    nose: Tensor
    tongue: Tensor
    cavity: Tensor  # of the mouth
    lids: Tensor  # the ball on which an eye is painted
    lips: Tensor  # the two puffs of the upper lip
    jaw: Tensor


def field(x: Tensor, y: Tensor, z: Tensor, packed: Tensor) -> Tensor:
    """Signed distance to the whole creature."""
    p = parts(x, y, z, Creature(packed))
    d = torch.minimum(smooth_min(p.head, p.ear, 0.10), p.tongue)
    d = smooth_min(d, p.nose, 0.025)
    return smooth_min(d, smooth_min(p.body, p.mane, 0.12), 0.05)


def parts(x: Tensor, y: Tensor, z: Tensor, c: Creature) -> Parts:
    """Distances to all parts at a point of the head's frame."""
    ax = x.abs()
    lips = _lips(ax, y, z, c)
    jaw_y, jaw_z = to_jaw(y, z, c)
    jaw = ellipsoid(
        x,
        jaw_y + 0.450,
        jaw_z - (0.50 + 0.76 * c["muzzle_len"]),
        (0.27 * c["muzzle_width"], 0.135, 0.34),
    )
    lids = length3(ax - c["eye_x"], y - c["eye_y"], z - c["eye_z"]) - c["eye_radius"]
    cavity = smooth_max(_cavity(x, y, z, c), 0.012 - lips, 0.03)  # the upper lip stays whole
    head = smooth_min(smooth_min(_skull(x, y, z, c), lips, 0.09), jaw, 0.14)
    head = smooth_min(smooth_min(head, lids, 0.07), _brow(ax, y, z, c), 0.14)
    tongue = ellipsoid(
        x,
        jaw_y + 0.440 - 0.10 * x * x,
        jaw_z - (0.50 + 0.78 * c["muzzle_len"]),
        (0.175 * c["muzzle_width"], 0.065, 0.30),
    )
    return Parts(
        head=smooth_max(head, -cavity, 0.035),
        ear=_ears(x, y, z, c),
        mane=_mane(x, y, z, c),
        body=_body(x, y, z, c),
        nose=_nose(x, y, z, c),
        tongue=torch.maximum(tongue, cavity - 0.02),
        cavity=cavity,
        lids=lids,
        lips=lips,
        jaw=jaw,
    )


def _skull(x: Tensor, y: Tensor, z: Tensor, c: Creature) -> Tensor:
    """Skull, cheeks and the bridge of the nose."""
    width, cheek, muzzle = c["face_width"], c["cheek"], c["muzzle_len"]
    skull = ellipsoid(x, y - 0.12, z, (0.80 * width, 0.78, 0.76))
    cheeks = ellipsoid(
        x.abs() - 0.36 * width, y + 0.22, z - 0.20, (0.44 * cheek, 0.40 * cheek, 0.42)
    )
    bridge = capsule(x, y, z, start=(0.26, 0.56), end=(-0.10, 0.76 + muzzle), radii=(0.20, 0.155))
    return smooth_min(smooth_min(skull, cheeks, 0.22), bridge, 0.20)


def _lips(ax: Tensor, y: Tensor, z: Tensor, c: Creature) -> Tensor:
    width = c["muzzle_width"]
    forward = 0.74 + c["muzzle_len"] * 0.92
    return ellipsoid(ax - 0.155 * width, y + 0.285, z - forward, (0.225 * width, 0.185, 0.25))


def _brow(ax: Tensor, y: Tensor, z: Tensor, c: Creature) -> Tensor:
    bx = ax - c["eye_x"]
    by = y - c["eye_y"] - c["eye_radius"] * 1.12 + 0.22 * c["brow"] * bx
    return ellipsoid(bx, by, z - c["eye_z"] - 0.04, (0.19, 0.055, 0.12))


def to_jaw(y: Tensor, z: Tensor, c: Creature) -> tuple[Tensor, Tensor]:
    """(y, z) of the head's frame in the jaw's, which turns as the mouth opens."""
    yy, zz = y + 0.26, z - 0.12
    cos, sin = c["jaw_cos"], c["jaw_sin"]
    return cos * yy + sin * zz - 0.26, -sin * yy + cos * zz + 0.12


def _cavity(x: Tensor, y: Tensor, z: Tensor, c: Creature) -> Tensor:
    mouth, muzzle = c["mouth"], c["muzzle_len"]
    yy, zz = y + 0.26, z - 0.12
    cos, sin = 1 - 0.035 * mouth * mouth, 0.26 * mouth
    bent_y = cos * yy + sin * zz - 0.26 + 0.425 - (0.75 - 0.25 * mouth) * x * x
    bent_z = -sin * yy + cos * zz + 0.12 - (0.72 + 0.9 * muzzle)
    wide = (0.215 + 0.075 * (mouth * 3).clamp(max=1)) * c["muzzle_width"]
    return ellipsoid(x, bent_y, bent_z, (wide, 0.011 + 0.170 * mouth, 0.42 + 0.10 * mouth)) * 0.9


def _nose(x: Tensor, y: Tensor, z: Tensor, c: Creature) -> Tensor:
    size = c["nose_size"]
    tapered = x / (1.0 + 0.9 * (y + 0.135)).clamp(0.6, 1.4)
    forward = 0.90 + c["muzzle_len"]
    return ellipsoid(tapered, y + 0.135, z - forward, (0.135 * size, 0.088 * size, 0.095))


def to_ear(x: Tensor, y: Tensor, z: Tensor, c: Creature) -> tuple[Tensor, Tensor, Tensor]:
    """A point in the frame of the ear on its side: along it, across it, depth."""
    left, right = c.vector("ear_l"), c.vector("ear_r")
    sin, cos = (torch.where(x > 0, r, m) for m, r in zip(left, right, strict=True))
    px, py = x.abs() - c["ear_x"], y - c["ear_y"]
    along = px * sin + py * cos
    return along, px * cos - py * sin, (z + 0.06) + 0.10 * along


def ear_solid(
    frame: tuple[Tensor, Tensor, Tensor], c: Creature, *, grow: float, flat: float
) -> Tensor:
    """A round cone flattened to `flat` of its depth; `grow` widens it."""
    along, across, depth = frame
    length = c["ear_len"]
    root, tip = c["ear_width"] + grow, (c["ear_tip"] + grow).clamp(min=0.015)
    b = ((root - tip) / length).clamp(-0.97, 0.97)
    a = (1 - b * b).sqrt()
    q = (across * across + (depth / flat) ** 2 + 1e-9).sqrt()
    k = along * a - q * b
    at_tip = (q * q + (along - length) ** 2 + 1e-9).sqrt() - tip
    side = torch.where(k > a * length, at_tip, q * a + along * b - root)
    return torch.where(k < 0, length2(q, along) - root, side)


def _ears(x: Tensor, y: Tensor, z: Tensor, c: Creature) -> Tensor:
    along, across, depth = to_ear(x, y, z, c)
    outer = ear_solid((along, across, depth), c, grow=0.0, flat=0.42) * 0.62
    hollow = ear_solid((along + 0.02, across, depth - 0.115), c, grow=-0.055, flat=0.36) * 0.62
    return smooth_max(outer, -hollow, 0.05)


def tufts(x: Tensor, y: Tensor, z: Tensor, c: Creature) -> tuple[Tensor, Tensor, Tensor]:
    """Angle around the face (0 at the top, symmetric) and the mane's two rings of petals."""
    angle = torch.atan2(x.abs(), y + 0.05)
    wave = angle * 5.5 + 0.5 * z
    outer = (torch.cos(wave) ** 2 + 0.015).sqrt()
    inner = (torch.sin(wave + 0.25) ** 2 + 0.015).sqrt()
    tuft = c["tuft"]
    return angle, 1.0 + tuft * (1.7 * outer - 1.0), 1.0 + tuft * (1.7 * inner - 1.0)


def _mane(x: Tensor, y: Tensor, z: Tensor, c: Creature) -> Tensor:
    """Two rings of hair, the inner one shorter; without a mane they lie inside the skull."""
    mane = c["mane"]
    _, outer, inner = tufts(x, y, z, c)
    g = 0.55 + 0.45 * mane
    ring = ellipsoid(
        x / outer, (y + 0.06) / outer, z + 0.38, (1.38 * g, 1.42 * g, 0.34 + 0.26 * mane)
    )
    z2 = z + 0.07 - 0.20 * y * smooth_step(y, -0.2, 0.8)
    radii = (1.07 * g * c["face_width"], 1.10 * g, 0.28 + 0.17 * mane)
    frame = ellipsoid(x / inner, (y + 0.01) / inner, z2, radii)
    return smooth_min(ring * 0.70, frame * 0.70, 0.05)


def to_world(x: Tensor, y: Tensor, z: Tensor, c: Creature) -> tuple[Tensor, Tensor, Tensor]:
    """Directions of the head's frame in the world's."""
    t = c.vector("turn")
    return (
        t[0] * x + t[1] * y + t[2] * z,
        t[3] * x + t[4] * y + t[5] * z,
        t[6] * x + t[7] * y + t[8] * z,
    )


def _body(x: Tensor, y: Tensor, z: Tensor, c: Creature) -> Tensor:
    """Neck and shoulders, which do not turn with the head."""
    wx, wy, wz = to_world(x, y, z, c)
    neck = capsule(wx, wy, wz, start=(-0.30, -0.34), end=(-1.50, -0.50), radii=(0.46, 0.66))
    return smooth_min(neck, ellipsoid(wx, wy + 2.02, wz + 0.52, (1.30, 0.92, 0.78)), 0.40)
