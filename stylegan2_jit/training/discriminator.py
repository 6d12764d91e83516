"""The discriminator of StyleGAN2 (Karras et al. 2020): residual blocks, deviation of a minibatch.

Its blocks' activations are handed out too: rendered pairs are compared by them.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..layers import binomial_filter
from .trainable import widened


class Convolution(nn.Module):
    """A convolution with equalised learning rate; `down` low-passes and halves the size."""

    fir: Tensor

    def __init__(
        self, inner: int, out: int, *, size: int = 3, down: bool = False, activate: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out, inner, size, size))
        self.bias = nn.Parameter(torch.zeros(out)) if activate else None
        self.gain, self.down = 1 / math.sqrt(inner * size * size), down
        self.register_buffer("fir", binomial_filter(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """[N, in, H, W] to [N, out, H, W], or half of it."""
        weight = (self.weight * self.gain).to(x.dtype)
        if self.down:
            x = F.conv2d(x, widened(weight, self.fir), stride=2, padding=2)
        else:
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        if self.bias is None:
            return x
        x = x + self.bias.to(x.dtype)[:, None, None]
        return F.leaky_relu(x, 0.2) * math.sqrt(2.0)


class ResidualBlock(nn.Module):
    """Two convolutions beside a 1x1 one; halves the size."""

    def __init__(self, inner: int, out: int) -> None:
        super().__init__()
        self.conv0 = Convolution(inner, inner)
        self.conv1 = Convolution(inner, out, down=True)
        self.skip = Convolution(inner, out, size=1, activate=False)

    def forward(self, x: Tensor) -> Tensor:
        """[N, in, H, W] to [N, out, H/2, W/2]."""
        y: Tensor = self.conv1(self.conv0(x)) + self.skip(F.avg_pool2d(x, 2))
        return y * math.sqrt(0.5)


class Dense(nn.Module):
    """A dense layer with equalised learning rate."""

    def __init__(self, inner: int, out: int, *, activate: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out, inner))
        self.bias = nn.Parameter(torch.zeros(out))
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        """[N, in] to [N, out]."""
        x = F.linear(x, self.weight / math.sqrt(self.weight.shape[1]), self.bias)
        return F.leaky_relu(x, 0.2) * math.sqrt(2.0) if self.activate else x


class Discriminator(nn.Module):
    """Judges pictures.

    Args:
        resolution: of the pictures, a power of two.
        channel_base: channels times resolution of a block.
        channel_max: at most so many.
        group: pictures whose deviation is compared; batches are multiples of it.
        dtype: of the convolutions.
    """

    def __init__(
        self,
        resolution: int,
        *,
        channel_base: int,
        channel_max: int,
        group: int = 4,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.group, self.dtype = group, dtype
        self.resolutions = [2**i for i in range(resolution.bit_length() - 1, 2, -1)]
        width = {r: min(channel_base // r, channel_max) for r in [*self.resolutions, 4]}
        self.fromrgb = Convolution(3, width[resolution], size=1)
        for r in self.resolutions:
            self.add_module(f"b{r}", ResidualBlock(width[r], width[r // 2]))
        self.conv = Convolution(width[4] + 1, width[4])
        self.fc = Dense(width[4] * 16, width[4], activate=True)
        self.out = Dense(width[4], 1, activate=False)

    def forward(
        self, pictures: Tensor, dtype: torch.dtype | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Pictures float32 [N, 3, R, R] to scores float32 [N], and each block's activations."""
        x = self.fromrgb(pictures.to(dtype or self.dtype))
        activations = []
        for r in self.resolutions:
            x = getattr(self, f"b{r}")(x)
            activations.append(x)
        x = x.float()
        x = self.fc(self.conv(torch.cat([x, self._deviation(x)], 1)).flatten(1))
        return self.out(x)[:, 0], activations

    def _deviation(self, x: Tensor) -> Tensor:
        """How much the pictures of a group differ, as one more map: [N, 1, 4, 4]."""
        n, channels, height, width = x.shape
        grouped = x.reshape(n // self.group, self.group, channels, height, width)
        spread = (grouped.var(1, unbiased=False) + 1e-8).sqrt().mean([1, 2, 3])
        return spread.repeat_interleave(self.group).reshape(n, 1, 1, 1).expand(n, 1, height, width)
