"""Factors to pictures, key points and dense maps, by the fastest code that this machine can build.

Generated code (`generated`) where there is a compiler, plain torch elsewhere; both are the same
arithmetic. Anti-aliased by drawing at twice the size and filtering with [1, 3, 3, 1].
"""

from __future__ import annotations

import functools
import warnings
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from .anatomy import Creature, parameters
from .generated import CompilerError, CpuCode, CudaCode
from .keypoints import keypoints_with_torch, to_pixels
from .lighting import T_FAR, T_NEAR, Hit, along_ray, shade
from .shapes import field
from .surface import part_and_place


class Code(Protocol):
    """What draws."""

    def draw(self, packed: Tensor, size: int, kind: int) -> Tensor:
        """Packed parameters to [N, 3, size, size]: colours 0..1 (kind 0) or part, u, v (1)."""

    def points(self, packed: Tensor) -> Tensor:
        """Key points [N, 13, 3]: x, y in -1..1, y up, and 1 where seen."""


class Renderer:
    """Draws creatures on one device.

    Args:
        device: where factors and pictures are.
        code: what draws; None: the fastest that can be built, else plain torch with a warning.
    """

    def __init__(self, device: torch.device | str = "cpu", code: Code | None = None) -> None:
        self.device = torch.device(device)
        self._code = code or _best_code(self.device.type)

    @torch.no_grad()
    def pictures(self, factors: Tensor, resolution: int) -> Tensor:
        """Factors float32 [N, 43] to float32 [N, 3, resolution, resolution] in -1..1."""
        large = self._code.draw(parameters(factors), 2 * resolution, 0)
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0], device=large.device) / 8
        kernel = (taps[:, None] * taps[None]).expand(3, 1, 4, 4).contiguous()
        padded = F.pad(large, (1, 1, 1, 1), mode="replicate")
        return F.conv2d(padded, kernel, stride=2, groups=3) * 2 - 1

    @torch.no_grad()
    def keypoints(self, factors: Tensor, resolution: int) -> tuple[Tensor, Tensor]:
        """Key points in image pixels, float32 [N, 13, 2]; whether each is seen, bool [N, 13]."""
        points = self._code.points(parameters(factors))
        return to_pixels(points[..., :2], resolution), points[..., 2] > 0.5

    @torch.no_grad()
    def maps(self, factors: Tensor, resolution: int) -> Tensor:
        """Part, u, v of each pixel (`surface`): float32 [N, 3, resolution, resolution]."""
        return self._code.draw(parameters(factors), resolution, 1)


@functools.cache
def _best_code(device_type: str) -> Code:
    try:
        return CudaCode() if device_type == "cuda" else CpuCode()
    except CompilerError as error:
        warnings.warn(f"rendering by plain torch, slowly: {error}", RuntimeWarning, stacklevel=3)
        return TorchCode()


class TorchCode:
    """The reference: the same picture as the generated code's, ray by ray in tensors."""

    def draw(self, packed: Tensor, size: int, kind: int) -> Tensor:
        """As `Code.draw`; one creature at a time, to bound memory."""
        return torch.cat([self._one(row[None], size, kind) for row in packed])

    def points(self, packed: Tensor) -> Tensor:
        """As `Code.points`."""
        return keypoints_with_torch(packed)

    def _one(self, packed: Tensor, size: int, kind: int) -> Tensor:
        centres = (torch.arange(size, device=packed.device) + 0.5) / size * 2 - 1
        gy, gx = torch.meshgrid(-centres, centres, indexing="ij")
        gx, gy = gx.reshape(1, -1), gy.reshape(1, -1)
        hit = _march(packed, gx, gy)
        values = (shade if kind == 0 else part_and_place)(hit, gx, gy, packed)
        return torch.stack(values, 1).reshape(len(packed), 3, size, size)


def _march(packed: Tensor, gx: Tensor, gy: Tensor) -> Hit:
    c = Creature(packed)
    t = torch.full((len(packed), gx.shape[1]), T_NEAR, device=packed.device)
    for _ in range(64):
        t = (t + field(*along_ray(t, gx, gy, c), packed) * 0.92).clamp(max=T_FAR)
    x, y, z = along_ray(t, gx, gy, c)
    e = 0.008
    g = [
        field(x + sx * e, y + sy * e, z + sz * e, packed)
        for sx, sy, sz in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1))
    ]
    nx, ny, nz = g[0] - g[1] - g[2] + g[3], g[3] + g[2] - g[0] - g[1], g[1] + g[3] - g[0] - g[2]
    norm = (nx * nx + ny * ny + nz * nz + 1e-16).rsqrt()
    normal = (nx * norm, ny * norm, nz * norm)
    sky = torch.ones_like(t)
    for height, weight in ((0.05, 1.0), (0.14, 0.85), (0.30, 0.60)):
        here = [a + n * height for a, n in zip((x, y, z), normal, strict=True)]
        near = (height - field(here[0], here[1], here[2], packed)).clamp(min=0)
        sky = sky - near * (0.42 * weight / height)
    lit = _shadow((x, y, z), normal, packed)
    return Hit(t, *normal, sum(g[1:], g[0]) * 0.25, sky.clamp(0, 1), lit)


def _shadow(
    place: tuple[Tensor, Tensor, Tensor], normal: tuple[Tensor, Tensor, Tensor], packed: Tensor
) -> Tensor:
    """How much of the key light arrives, 1 = all (below 0 in full shadow)."""
    light = Creature(packed).vector("light_head")
    away, lit = torch.full_like(place[0], 0.06), torch.ones_like(place[0])
    for _ in range(8):
        x, y, z = (
            a + n * 0.03 + towards * away
            for a, n, towards in zip(place, normal, light, strict=True)
        )
        d = field(x, y, z, packed)
        lit = torch.minimum(lit, 0.5 + 0.5 * (d * 7.0 / away))
        away = away + d.clamp(0.05, 0.30)
    return lit
