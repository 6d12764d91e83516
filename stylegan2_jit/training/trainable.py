"""The generator with gradients to its parameters: for training only.

`networks.Generator` holds the parameters (so what is trained is what is saved) but runs frozen
constants; here the same network is computed from the stored parameters, batch by batch.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..config import GeneratorConfig
from ..layers import FullyConnected, SynthesisLayer, ToRGB, upsample_2x
from ..networks import Generator, normalize_second_moment


class Trainable(nn.Module):
    """A skip generator whose parameters learn.

    Args:
        config: architecture 'skip', square, without classes.
        noisy: whether layers add random noise, the strengths of which are learnt. Pairs leave
            noise nothing to explain.
        dtype: of the convolutions.
    """

    def __init__(
        self, config: GeneratorConfig, *, noisy: bool, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        self.network, self.noisy, self.dtype = Generator(config), noisy, dtype
        self.network.requires_grad_(True)
        for name, parameter in self.network.named_parameters():
            if name.endswith("noise_strength"):
                parameter.requires_grad_(noisy)

    def styles(self, z: Tensor) -> Tensor:
        """Z float32 [N, z_dim] to w float32 [N, w_dim]."""
        x = normalize_second_moment(z.float())
        for layer in self.network.mapping.children():
            assert isinstance(layer, FullyConnected)
            x = _dense(layer, x)
        return x

    def forward(
        self, ws: Tensor, resolution: int | None = None, *, dtype: torch.dtype | None = None
    ) -> Tensor:
        """w+ float32 [N, num_ws, w_dim] to pictures float32 [N, 3, R, R]; R at most full size."""
        config = self.network.config
        resolution = resolution or config.img_resolution
        x = image = torch.empty(0, device=ws.device)
        for i, size in enumerate(r for r in config.block_resolutions if r <= resolution):
            block = getattr(self.network.synthesis, f"b{size}")
            if i == 0:
                x = block.const.to(dtype or self.dtype).expand(len(ws), -1, -1, -1)
            else:
                x = self._layer(block.conv0, x, ws[:, 2 * i - 1])
            x = self._layer(block.conv1, x, ws[:, 2 * i])
            colours = _colours(block.torgb, x, ws[:, 2 * i + 1])
            image = colours if i == 0 else upsample_2x(image, block.resample_filter) + colours
        return image

    def _layer(self, layer: SynthesisLayer, x: Tensor, w: Tensor) -> Tensor:
        """A modulated convolution: scaled inputs, shared weights, scaled outputs."""
        style = _dense(layer.affine, w)
        weight = layer.weight * layer.gain
        energy = F.linear(style.square(), weight.square().sum([2, 3]))
        x = x * style.to(x.dtype)[:, :, None, None]
        if layer.up:
            x = F.pixel_shuffle(F.conv2d(x, _doubling(weight, layer).to(x.dtype), padding=1), 2)
        else:
            x = F.conv2d(x, weight.to(x.dtype), padding=1)
        x = x * (energy + 1e-8).rsqrt().to(x.dtype)[:, :, None, None]
        if self.noisy:
            fresh = torch.randn(len(x), 1, *x.shape[2:], device=x.device)
            x = x + (fresh * layer.noise_strength).to(x.dtype)
        x = x + layer.bias.to(x.dtype)[:, None, None]
        return F.leaky_relu(x, 0.2) * math.sqrt(2.0)


def _dense(layer: FullyConnected, x: Tensor) -> Tensor:
    y = F.linear(x, layer.weight * layer.weight_gain, layer.bias * layer.bias_gain)
    return F.leaky_relu(y, 0.2) * math.sqrt(2.0) if layer.activate else y


def _colours(layer: ToRGB, x: Tensor, w: Tensor) -> Tensor:
    style = _dense(layer.affine, w) * layer.gain
    y = F.conv2d(x * style.to(x.dtype)[:, :, None, None], layer.weight.to(x.dtype))
    return y.float() + layer.bias[:, None, None]


def widened(weight: Tensor, fir: Tensor) -> Tensor:
    """3x3 kernels [out, in, 3, 3] with a filter [4, 4] folded in: [out, in, 6, 6].

    As a product with a constant 9x36 matrix, whose gradients of any order are products too.
    """
    units = torch.eye(9, device=weight.device).reshape(9, 1, 3, 3)
    matrix = F.conv2d(units, fir[None, None], padding=3).reshape(9, 36).to(weight.dtype)
    return (weight.reshape(-1, 9) @ matrix).reshape(*weight.shape[:2], 6, 6)


def _doubling(weight: Tensor, layer: SynthesisLayer) -> Tensor:
    """Stride-2 transposed convolution and low-pass as one 3x3 convolution to four phases.

    The result goes through `pixel_shuffle(2)`: [4·out, in, 3, 3].
    """
    out, inner = weight.shape[:2]
    wide = widened(weight, layer.resample_filter * 4)
    phases = wide.reshape(out, inner, 3, 2, 3, 2).flip([2, 4])
    return phases.permute(0, 3, 5, 1, 2, 4).reshape(out * 4, inner, 3, 3)
