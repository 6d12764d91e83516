"""Components of z that drive no factor, made unheard.

Heard, they stay almost the random weights that they began as (a mapping learns slowly) and moved
the default model's key points by 2.3 px. Without them w varies less, and styles with it; so
each style gets back the mean and the deviation that the convolutions learnt with.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ..layers import FullyConnected
from ..networks import Generator, normalize_second_moment
from .factors import FACTORS
from .trainable import dense

LATENTS = 16384  # for means and deviations


def affines(generator: Generator) -> Iterator[FullyConnected]:
    """The dense layers from w to styles."""
    for i, size in enumerate(generator.config.block_resolutions):
        block = getattr(generator.synthesis, f"b{size}")
        if i:
            yield block.conv0.affine
        yield block.conv1.affine
        yield block.torgb.affine


def first_layer(generator: Generator) -> FullyConnected:
    """The layer that hears z."""
    layer = next(generator.mapping.children())
    assert isinstance(layer, FullyConnected)
    return layer


@torch.no_grad()
def silence(generator: Generator, seed: int = 3) -> None:
    """Let a generator's mapping hear of factors alone, in place; its w_avg is measured anew.

    Args:
        generator: trained on pairs.
        seed: of the latents that means and deviations are measured with.
    """
    stream = torch.Generator().manual_seed(seed)
    z = torch.randn(LATENTS, generator.config.z_dim, generator=stream)
    weight = first_layer(generator).weight.data
    z = z.to(weight.device)
    before = _w(generator, z)
    weight[:, len(FACTORS) :] = 0
    after = _w(generator, z)
    generator.mapping.w_avg.copy_(after.mean(0))
    for layer in affines(generator):
        wanted, given = dense(layer, before), dense(layer, after)
        larger = wanted.std(0) / given.std(0).clamp(min=1e-6)
        layer.weight.data.mul_(larger[:, None])
        shift = wanted.mean(0) - given.mean(0) * larger
        layer.bias.data.mul_(larger).add_(shift / layer.bias_gain)


def _w(generator: Generator, z: torch.Tensor) -> torch.Tensor:
    x = normalize_second_moment(z)
    for layer in generator.mapping.children():
        assert isinstance(layer, FullyConnected)
        x = dense(layer, x)
    return x
