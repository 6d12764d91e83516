"""The dense map: which part a pixel shows, and where on that part.

The two coordinates are fixed to the part (the jaw's turn with the jaw, an ear's with that ear), so
equal values in two pictures of one creature are the same place on it: exact correspondences.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from .anatomy import Creature
from .distance import smooth_step
from .lighting import T_FAR, Hit, along_ray
from .materials import Point, eye_at
from .shapes import parts, to_ear, to_jaw, to_world

PARTS: Final = (
    *("background", "head", "jaw", "ear_l", "ear_r", "mane", "body", "nose", "mouth"),
    *("eye_l", "eye_r"),
)


def part_and_place(hit: Hit, gx: Tensor, gy: Tensor, packed: Tensor) -> tuple[Tensor, ...]:
    """A pixel's part (an index of PARTS, as a number), u and v (units of `anatomy`).

    u, v are: of ears, along and across; of the body, the world's x and y; of the jaw, x and
    y in its turning frame; of an eye, x and y across the ball; elsewhere the head's x and y.
    """
    c = Creature(packed)
    x, y, z = along_ray(hit.t, gx, gy, c)
    p = parts(x, y, z, c)
    along, across, _ = to_ear(x, y, z, c)
    jaw_y, _ = to_jaw(y, z, c)
    world_x, world_y, _ = to_world(x, y, z, c)
    right = torch.where(x > 0, torch.ones_like(x), torch.zeros_like(x))
    face = torch.minimum(p.head, p.ear)
    layers = (  # later ones cover earlier ones
        (face - p.mane, 5 + 0 * x, x, y),
        (torch.minimum(face, p.mane) - p.body, 6 + 0 * x, world_x, world_y),
        (torch.minimum(torch.minimum(p.head, p.mane), p.body) - p.ear, 3 + right, along, across),
        (0.02 - torch.maximum(p.jaw, p.head), 2 + 0 * x, x, jaw_y),
        (0.01 - p.cavity, 8 + 0 * x, x, jaw_y),
        (0.006 - p.nose, 7 + 0 * x, x, y),
        (eye_at(Point(x, y, z, p), c).shown - 0.5, 9 + right, x.abs() - c["eye_x"], y - c["eye_y"]),
    )
    part, u, v = torch.ones_like(x), x, y
    for covers, index, at_u, at_v in layers:
        part = torch.where(covers > 0, index, part)
        u = torch.where(covers > 0, at_u, u)
        v = torch.where(covers > 0, at_v, v)
    shown = smooth_step(hit.residue, 0.12, 0.05) * smooth_step(hit.t, T_FAR - 0.05, T_FAR - 0.4)
    zero = torch.zeros_like(x)
    return tuple(torch.where(shown > 0.5, value, zero) for value in (part, u, v))
