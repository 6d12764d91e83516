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
from ..layers import FullyConnected, SynthesisLayer, ToRGB
from ..networks import Generator, normalize_second_moment
from .epilogue import Move, epilogue

ROOT_2 = math.sqrt(2.0)


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
            x = dense(layer, x)
        return x

    def forward(
        self, ws: Tensor, resolution: int | None = None, *, dtype: torch.dtype | None = None
    ) -> Tensor:
        """w+ float32 [N, num_ws, w_dim] to pictures float32 [N, 3, R, R]; R at most full size.

        Maps are [N, H, W, C]. In float32 the result is differentiable twice, also on a card.
        """
        config = self.network.config
        resolution = resolution or config.img_resolution
        x = image = torch.empty(0, device=ws.device)
        for i, size in enumerate(r for r in config.block_resolutions if r <= resolution):
            block = getattr(self.network.synthesis, f"b{size}")
            style = dense(block.conv1.affine, ws[:, 2 * i])
            if i == 0:
                const = block.const.to(dtype or self.dtype).permute(1, 2, 0)
                x = const * style.to(const.dtype)[:, None, None]
            else:
                before = dense(block.conv0.affine, ws[:, 2 * i - 1])
                x = epilogue(x, scale=before, active=False)
                x = self._layer(block.conv0, x, before, after=style)
            x = self._layer(block.conv1, x, style)
            colours = _colours(block.torgb, x, ws[:, 2 * i + 1])
            image = colours if i == 0 else _doubled(image) + colours
        return image

    def _layer(
        self, layer: SynthesisLayer, x: Tensor, style: Tensor, after: Tensor | None = None
    ) -> Tensor:
        """A modulated convolution of inputs that are scaled already; the results are scaled back.

        Args:
            layer: with its parameters.
            x: [N, H, W, in], times the style.
            style: float32 [N, in].
            after: the next layer's style, float32 [N, out].
        """
        weight = layer.weight * layer.gain
        energy = F.linear(style.square(), weight.square().sum([2, 3]))
        scale, bias = (energy + 1e-8).rsqrt() * ROOT_2, layer.bias * ROOT_2
        move: Move = "up" if layer.up else "stay"
        x = convolved(x, _doubling(weight, layer) if layer.up else weight)
        if not self.noisy:
            return epilogue(x, scale=scale, bias=bias, after=after, move=move)
        x = epilogue(x, scale=scale, active=False, move=move)
        fresh = torch.randn(*x.shape[:3], 1, device=x.device)
        x = x + (fresh * layer.noise_strength * ROOT_2).to(x.dtype)
        return epilogue(x, bias=bias, after=after)


def dense(layer: FullyConnected, x: Tensor) -> Tensor:
    """A dense layer by its stored parameters, with their gradient."""
    y = F.linear(x, layer.weight * layer.weight_gain, layer.bias * layer.bias_gain)
    return F.leaky_relu(y, 0.2) * ROOT_2 if layer.activate else y


def _colours(layer: ToRGB, x: Tensor, w: Tensor) -> Tensor:
    """Float32 [N, 3, H, W] of maps [N, H, W, C]; eight columns, because products like that."""
    style = dense(layer.affine, w) * layer.gain
    weight = layer.weight[:, :, 0, 0].t()[None] * style[:, :, None]  # [N, C, 3]
    count = weight.shape[2]
    weight = F.pad(weight, (0, -count % 8)).to(x.dtype)
    y = (x.flatten(1, 2) @ weight)[..., :count].float() + layer.bias
    return y.transpose(1, 2).reshape(len(x), count, *x.shape[1:3])


def _doubled(image: Tensor) -> Tensor:
    """Float32 [N, C, H, W] doubled as `layers.upsample_2x` does it, by what cards are good at."""
    wide = F.interpolate(F.pad(image, (1, 1, 1, 1)), scale_factor=2.0, mode="bilinear")
    return wide[..., 2:-2, 2:-2]


def convolved(x: Tensor, weight: Tensor) -> Tensor:
    """Maps [N, H, W, in] with kernels [out, in, k, k] in the maps' dtype, same size."""
    if short := -weight.shape[1] % 8:  # cards are slow at odd numbers of channels
        x, weight = F.pad(x, (0, short)), F.pad(weight, (0, 0, 0, 0, 0, short))
    kernel = weight.to(x.dtype).contiguous(memory_format=torch.channels_last)
    y = F.conv2d(x.permute(0, 3, 1, 2), kernel, padding=weight.shape[-1] // 2)
    return y.permute(0, 2, 3, 1)


def widened(weight: Tensor, fir: Tensor) -> Tensor:
    """3x3 kernels [out, in, 3, 3] with a filter [4, 4] folded in: [out, in, 6, 6].

    As a product with a constant 9x36 matrix, whose gradients of any order are products too.
    """
    units = torch.eye(9, device=weight.device).reshape(9, 1, 3, 3)
    matrix = F.conv2d(units, fir[None, None], padding=3).reshape(9, 36).to(weight.dtype)
    return (weight.reshape(-1, 9) @ matrix).reshape(*weight.shape[:2], 6, 6)


def _doubling(weight: Tensor, layer: SynthesisLayer) -> Tensor:
    """Stride-2 transposed convolution and low-pass as one 3x3 convolution to four phases.

    [4·out, in, 3, 3], to be spread by `epilogue(move="up")`.
    """
    out, inner = weight.shape[:2]
    wide = widened(weight, layer.resample_filter * 4)
    phases = wide.reshape(out, inner, 3, 2, 3, 2).flip([2, 4])
    return phases.permute(3, 5, 0, 1, 2, 4).reshape(out * 4, inner, 3, 3)
