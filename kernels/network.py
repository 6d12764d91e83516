"""The synthesis network as plain numbers: what the fused kernels run on.

The sibling package owns the modules and their checkpoints; this one takes their constants, all
float32 with every gain of the equalised learning rate multiplied in, so that a kernel sees what
StyleGAN2's equations (Karras et al. 2020, section 2.2) see. Layer i is modulated by w+ vector i;
the colours of block b by vector 2b + 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class ConvLayer:
    """A modulated 3x3 convolution with demodulation, noise, bias and leaky ReLU (0.2, gain √2)."""

    weight: Tensor  # [out, in, 3, 3]; of an up-convolution: the transposed convolution's, [out, in]
    affine_weight: Tensor  # [in, w_dim]
    affine_bias: Tensor  # [in]
    bias: Tensor  # [out]
    noise: Tensor | None  # [height, width], strength included
    up: bool  # doubles the size: transposed convolution of stride 2, then the [1, 3, 3, 1] filter
    height: int  # of its output
    width: int
    clamp: float  # on the output, after the gain; inf = none


@dataclass(frozen=True, slots=True)
class Colours:
    """A block's to-RGB: a modulated 1x1 convolution without demodulation."""

    weight: Tensor  # [3, in]
    affine_weight: Tensor  # [in, w_dim]
    affine_bias: Tensor  # [in]
    bias: Tensor  # [3]
    clamp: float


@dataclass(frozen=True, slots=True)
class Network:
    """A 'skip' synthesis network: 4x4 has one layer, every other block two."""

    start: Tensor  # [C, 4, width of the 4x4 block]
    layers: tuple[ConvLayer, ...]
    colours: tuple[Colours, ...]

    def layer_count(self, blocks: int) -> int:
        """How many convolutions the first `blocks` blocks have."""
        return 2 * blocks - 1


def style(affine_weight: Tensor, affine_bias: Tensor, w: Tensor) -> Tensor:
    """The affine map A: w [w_dim] to a factor for each input channel, [in]."""
    return torch.addmv(affine_bias, affine_weight, w)


def demodulation(layer: ConvLayer, factors: Tensor) -> Tensor:
    """One over the expected norm of each output (equation 3): styles [in] to [out]."""
    energy = layer.weight.square().sum(dim=[2, 3])
    return (energy @ factors.square() + 1e-8).rsqrt()
