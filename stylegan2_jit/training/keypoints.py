"""Thirteen exact key points of a creature: where they are, and whether one sees them.

A point is put where the anatomy says, moved onto the surface where it should lie on one, and
projected; it is seen if a ray to it ends there.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from .anatomy import CAMERA_DISTANCE, FOCAL_LENGTH, Creature
from .distance import length3
from .lighting import T_FAR, T_NEAR, along_ray
from .shapes import field, to_world

KEYPOINTS: Final = (
    *("nose", "mouth_l", "mouth_r", "lower_lip", "chin", "eye_l", "eye_r"),
    *("ear_tip_l", "ear_tip_r", "ear_base_l", "ear_base_r", "mane_top", "brow"),
)
ON_SURFACE: Final = tuple(
    name not in ("eye_l", "eye_r", "ear_tip_l", "ear_tip_r", "mane_top") for name in KEYPOINTS
)
MARCHING_STEPS: Final = 60
_Place = tuple[Tensor, Tensor, Tensor]


def places(packed: Tensor) -> Tensor:
    """Where the anatomy puts the key points: float32 [N, 13, 3], the head's frame."""
    c = Creature(packed)
    zero = torch.zeros_like(c["mouth"])
    points: list[_Place] = [(zero, zero - 0.135, 0.995 + c["muzzle_len"])]
    points += _mouth_corners(c)
    points += [_on_jaw(-0.355, 0.90, c), _on_jaw(-0.60, 0.78, c)]
    radius = c["eye_radius"]
    for side in (-1, 1):
        points.append(
            (side * (c["eye_x"] + radius * 0.259), c["eye_y"], c["eye_z"] + radius * 0.966)
        )
    points += _ears(c, c["ear_len"] + c["ear_tip"], tip=True)
    points += _ears(c, zero + 0.1, tip=False)
    points += [_mane_top(c), (zero, zero + 0.62, zero + 0.62)]
    return torch.stack([torch.cat(p, 1) for p in points], 1)


def _on_jaw(y: float, z: float, c: Creature) -> _Place:
    """A place on the jaw, z of which goes with the muzzle's length, in the head's frame."""
    a, b = y + 0.26, z + 0.8 * c["muzzle_len"] - 0.12
    cos, sin = c["jaw_cos"], c["jaw_sin"]
    return torch.zeros_like(cos), cos * a - sin * b - 0.26, sin * a + cos * b + 0.12


def _mouth_corners(c: Creature) -> list[_Place]:
    """The ends of the cavity's bent ellipsoid."""
    mouth = c["mouth"]
    cos, sin = 1 - 0.035 * mouth * mouth, 0.26 * mouth
    out = (0.185 + 0.055 * (mouth * 3).clamp(max=1)) * c["muzzle_width"]
    y = -0.425 + 0.26 + (0.75 - 0.25 * mouth) * out * out
    z = 0.66 + 0.9 * c["muzzle_len"] - 0.12
    return [(side * out, cos * y - sin * z - 0.26, sin * y + cos * z + 0.12) for side in (-1, 1)]


def _ears(c: Creature, along: Tensor, *, tip: bool) -> list[_Place]:
    found = []
    for side, name in ((-1, "ear_l"), (1, "ear_r")):
        sin, cos = c.vector(name)
        z = -0.06 - 0.10 * along if tip else torch.full_like(along, 0.12)
        found.append((side * (c["ear_x"] + along * sin), c["ear_y"] + along * cos, z))
    return found


def _mane_top(c: Creature) -> _Place:
    """Top of the mane, or of the skull where the mane does not show."""
    zero = torch.zeros_like(c["mane"])
    tuft = 1 + c["tuft"] * (0.75 + 0.55 * math.cos(1.1))
    top = (0.55 + 0.45 * c["mane"]) * 1.42 * tuft - 0.06
    return zero, torch.maximum(top, zero + 0.90), torch.where(top > 0.90, zero - 0.38, zero)


def settled(x: Tensor, y: Tensor, z: Tensor, packed: Tensor, snap: Tensor) -> _Place:
    """Points moved onto the surface by Newton steps where `snap` is 1 (0: left alone)."""
    step = 0.004
    for _ in range(4):
        here = field(x, y, z, packed)
        gx = (field(x + step, y, z, packed) - here) / step
        gy = (field(x, y + step, z, packed) - here) / step
        gz = (field(x, y, z + step, packed) - here) / step
        slope = (gx * gx + gy * gy + gz * gz).clamp(min=0.1)
        move = (here / slope).clamp(-0.08, 0.08) * snap
        x, y, z = x - move * gx, y - move * gy, z - move * gz
    return x, y, z


def projected(x: Tensor, y: Tensor, z: Tensor, c: Creature) -> tuple[Tensor, Tensor]:
    """Points of the head's frame on the picture: -1..1, x right, y up."""
    wx, wy, wz = to_world(x, y, z, c)
    size, centre = c["size"], c.vector("centre")
    scale = FOCAL_LENGTH / (CAMERA_DISTANCE - (wz * size + centre[2]))
    return (wx * size + centre[0]) * scale, (wy * size + centre[1]) * scale


def keypoints_with_torch(packed: Tensor) -> Tensor:
    """Key points float32 [N, 13, 3]: x and y in -1..1 (y up), and 1 where seen (the reference)."""
    c = Creature(packed)
    snap = torch.tensor(ON_SURFACE, dtype=torch.float32, device=packed.device)
    start_x, start_y, start_z = places(packed).unbind(2)
    x, y, z = settled(start_x, start_y, start_z, packed, snap)
    gx, gy = projected(x, y, z, c)
    t = torch.full_like(gx, T_NEAR)
    for _ in range(MARCHING_STEPS):
        t = (t + field(*along_ray(t, gx, gy, c), packed) * 0.92).clamp(max=T_FAR)
    ox, oy, oz = c.vector("camera")
    seen = (t > length3(x - ox, y - oy, z - oz) - 0.09) & (gx.abs() < 1) & (gy.abs() < 1)
    return torch.stack([gx, gy, seen.float()], 2)


def to_pixels(points: Tensor, resolution: int) -> Tensor:
    """Key points [..., 2] of -1..1 (y up) in image pixels (docs/conventions.md)."""
    half = resolution / 2
    return torch.stack([points[..., 0] + 1, 1 - points[..., 1]], -1) * half - 0.5
