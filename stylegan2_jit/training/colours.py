"""Palettes and colour arithmetic. Colours are linear RGB unless a name says sRGB."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

Knots = Sequence[tuple[float, Sequence[float]]]


def _srgb(text: str) -> tuple[float, float, float]:
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


# place on the ramp; base, light patches, mane and dark (sRGB)
_FUR: Final = (
    (0.00, "4b4a55", "c3c2cd", "23222b"),  # charcoal
    (0.10, "7d4f36", "e8c7a0", "3f2316"),  # chocolate
    (0.24, "d9762f", "ffe6c8", "8c3a14"),  # ginger
    (0.40, "e2a657", "fff1d6", "9a4d1c"),  # tawny lion
    (0.52, "f0cf96", "fffaf0", "c07a35"),  # sand
    (0.64, "f4ebdd", "ffffff", "c9a57c"),  # cream
    (0.76, "98a5b8", "f1f5fa", "536079"),  # silver blue
    (0.86, "a78fd8", "f1e9ff", "573f98"),  # lavender
    (0.94, "ee9aa6", "ffebe8", "b04a6c"),  # rose
    (1.00, "74c8b4", "e9fbf3", "1f7a72"),  # mint
)
FUR_BASE: Final = tuple((k[0], _srgb(k[1])) for k in _FUR)
FUR_LIGHT: Final = tuple((k[0], _srgb(k[2])) for k in _FUR)
FUR_DARK: Final = tuple((k[0], _srgb(k[3])) for k in _FUR)
IRIS: Final = tuple(
    (place, _srgb(colour))
    for place, colour in (
        *((0.0, "5a3316"), (0.25, "d98a1c"), (0.5, "e8c22e")),
        *((0.7, "6fae3c"), (0.85, "2f9fb0"), (1.0, "3f7fe0")),
    )
)
NOSE: Final = (
    (0.0, (0.028, 0.022, 0.025)),
    (0.5, (0.22, 0.085, 0.065)),
    (1.0, (0.80, 0.36, 0.38)),
)


def ramp(place: Tensor, knots: Knots) -> Tensor:
    """A smooth way through colours: place [N, 1] in 0..1 to [N, 3]."""
    colour = torch.tensor(knots[0][1], device=place.device).expand(place.shape[0], 3)
    for (start, before), (end, after) in itertools.pairwise(knots):
        part = ((place - start) / (end - start)).clamp(0, 1)
        change = torch.tensor([b - a for a, b in zip(before, after, strict=True)])
        colour = colour + part * part * (3 - 2 * part) * change.to(place.device)
    return colour


def from_hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Each [N, 1], hue in turns; sRGB [N, 3]."""
    k = torch.cat([hue * 6 + 5, hue * 6 + 3, hue * 6 + 1], 1) % 6
    return value - value * saturation * torch.minimum(k, 4 - k).clamp(0, 1)


def linear(srgb: Tensor) -> Tensor:
    """The sRGB curve, near enough: a power of 2.2."""
    return srgb.clamp(0, 1) ** 2.2
