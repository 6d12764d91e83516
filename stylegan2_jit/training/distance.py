"""Signed distances of simple solids and smooth ways to join them.

Plain arithmetic on tensors of any broadcastable shapes: `tracing` runs the same functions on
symbols and writes them out as C. Solids and joins after Inigo Quilez's published formulas.
"""

from __future__ import annotations

import torch
from torch import Tensor

Scalar = Tensor | float


def length2(x: Tensor, y: Tensor) -> Tensor:
    """√(x² + y²)."""
    return (x * x + y * y).sqrt()


def length3(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """√(x² + y² + z²), with a gradient at zero."""
    return (x * x + y * y + z * z + 1e-12).sqrt()


def ellipsoid(x: Tensor, y: Tensor, z: Tensor, radii: tuple[Scalar, Scalar, Scalar]) -> Tensor:
    """Distance to an ellipsoid at the origin; near enough close to its surface."""
    ax, ay, az = x / radii[0], y / radii[1], z / radii[2]
    k0 = (ax * ax + ay * ay + az * az + 1e-9).sqrt()
    ax, ay, az = ax / radii[0], ay / radii[1], az / radii[2]
    return k0 * (k0 - 1.0) * (ax * ax + ay * ay + az * az + 1e-9).rsqrt()


def capsule(
    x: Tensor,
    y: Tensor,
    z: Tensor,
    *,
    start: tuple[Scalar, Scalar],
    end: tuple[Scalar, Scalar],
    radii: tuple[float, float],
) -> Tensor:
    """A capsule in the plane x = 0 between two (y, z), its radius changing evenly."""
    vy, vz = end[0] - start[0], end[1] - start[1]
    t = (((y - start[0]) * vy + (z - start[1]) * vz) / (vy * vy + vz * vz)).clamp(0, 1)
    thickness = radii[0] + (radii[1] - radii[0]) * t
    return length3(x, y - start[0] - t * vy, z - start[1] - t * vz) - thickness


def smooth_min(a: Tensor, b: Tensor, blend: float) -> Tensor:
    """Union of two solids with a fillet about `blend` wide."""
    h = (blend - (a - b).abs()).clamp(min=0) / blend
    return torch.minimum(a, b) - h * h * (blend * 0.25)


def smooth_max(a: Tensor, b: Tensor, blend: float) -> Tensor:
    """Intersection of two solids with a fillet about `blend` wide."""
    h = (blend - (a - b).abs()).clamp(min=0) / blend
    return torch.maximum(a, b) + h * h * (blend * 0.25)


def smooth_step(x: Tensor, start: Scalar, end: Scalar) -> Tensor:
    """0 at `start`, 1 at `end` (which may be below), smooth between."""
    t = ((x - start) / (end - start)).clamp(0, 1)
    return t * t * (3 - 2 * t)
