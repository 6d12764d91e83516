"""From a seed to a latent, by the rule that makes seeds mean the same picture in every tool."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .networks import Generator


def seed_to_z(seed: int, z_dim: int) -> Tensor:
    """NVIDIA's rule: z = RandomState(seed).randn(1, z_dim).

    Args:
        seed: 0 to 2³² − 1.
        z_dim: the latent's width.

    Returns:
        float32 [1, z_dim].
    """
    return torch.from_numpy(np.random.RandomState(seed).randn(1, z_dim).astype(np.float32))


def class_vector(class_index: int | None, c_dim: int) -> Tensor | None:
    """One-hot float32 [1, c_dim]; zeros for no class; None for an unconditional model.

    Raises:
        ValueError: the model has no class of that number.
    """
    if class_index is not None and not 0 <= class_index < c_dim:
        rule = f"from 0 to {c_dim - 1}" if c_dim else "left out (this model has no classes)"
        raise ValueError(f"class must be {rule}, not {class_index}")
    if c_dim == 0:
        return None
    vector = torch.zeros(1, c_dim)
    if class_index is not None:
        vector[0, class_index] = 1.0
    return vector


@torch.no_grad()
def seed_to_ws(
    generator: Generator, seed: int, psi: float = 1.0, class_index: int | None = None
) -> Tensor:
    """The w+ of a seed's picture: float32 [1, num_ws, w_dim], on the generator's device.

    Args:
        generator: prepared.
        seed: 0 to 2³² − 1.
        psi: truncation psi, 1 = none.
        class_index: of a conditional model.
    """
    device = generator.mapping.w_avg.device
    c = class_vector(class_index, generator.config.c_dim)
    z = seed_to_z(seed, generator.config.z_dim).to(device)
    ws: Tensor = generator.mapping(z, None if c is None else c.to(device), psi)
    return ws


@torch.no_grad()
def sample_ws(generator: Generator, count: int) -> Tensor:
    """So many w of a generator, without truncation, the same ones every time.

    Args:
        generator: prepared.
        count: how many; of conditional models, of all classes in turn.

    Returns:
        float32 [count, w_dim], on the generator's device.
    """
    config, device = generator.config, generator.mapping.w_avg.device
    z = np.random.RandomState(0).randn(count, config.z_dim).astype(np.float32)
    c = None
    if config.c_dim > 0:
        c = torch.eye(config.c_dim, device=device)[torch.arange(count) % config.c_dim]
    ws: Tensor = generator.mapping(torch.from_numpy(z).to(device), c)[:, 0]
    return ws
