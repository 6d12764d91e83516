"""What may vary from one creature to the next: 43 numbers from 0 to 1.

The first 27 decide where things are, the other 16 their colours and the light. A latent's
components drive them one by one, so that every seed of a generator trained on pairs has a rendered
truth.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

GEOMETRY: Final = (
    *("yaw", "pitch", "roll", "scale", "posx", "posy", "mouth"),
    *("ear_len", "ear_width", "ear_point", "ear_place", "ear_tilt_l", "ear_tilt_r"),
    *("eye_open", "eye_size", "eye_space", "gaze_x", "gaze_y"),
    *("muzzle_len", "muzzle_width", "face_width", "cheek", "mane", "mane_tuft"),
    *("nose_size", "pupil", "brow"),
)
APPEARANCE: Final = (
    *("fur", "fur_bright", "light_patch", "mane_col", "iris", "nose_col", "stripes", "ear_dark"),
    *("bg_hue", "bg_sat", "bg_val", "bg_shift", "bg_glow", "light_az", "light_el", "light_warm"),
)
FACTORS: Final = GEOMETRY + APPEARANCE


def random_factors(
    count: int,
    *,
    device: torch.device | str = "cpu",
    generator: torch.Generator | None = None,
) -> Tensor:
    """Independent uniform factors, float32 [count, 43]."""
    return torch.rand(count, len(FACTORS), device=device, generator=generator)


def factors_from_z(z: Tensor) -> Tensor:
    """Factors that a latent drives: component i of the normalised z drives factor i.

    Args:
        z: float32 [N, z_dim], z_dim at least 43; standard normal.

    Returns:
        float32 [N, 43], uniform from 0 to 1.

    Raises:
        ValueError: z is too narrow.
    """
    return truncated_factors(z, 1.0)


def truncated_factors(z: Tensor, psi: float) -> Tensor:
    """As `factors_from_z`, nearer to the average creature by psi, as truncation of w shows it."""
    if z.shape[1] < len(FACTORS):
        raise ValueError(f"z must have at least {len(FACTORS)} components, not {z.shape[1]}")
    z = z.float()
    unit = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
    factors: Tensor = torch.special.ndtr(psi * unit[:, : len(FACTORS)])
    return factors


def mixed_factors(geometry_z: Tensor, appearance_z: Tensor) -> Tensor:
    """Geometry of one latent and appearance of another, float32 [N, 43]."""
    first, second = factors_from_z(geometry_z), factors_from_z(appearance_z)
    return torch.cat([first[:, : len(GEOMETRY)], second[:, len(GEOMETRY) :]], 1)
