"""The discriminator of StyleGAN2 (Karras et al. 2020): residual blocks, deviation of a minibatch.

Its blocks' activations are handed out too: rendered pairs are compared by them.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..layers import binomial_filter
from .epilogue import Move, epilogue
from .trainable import ROOT_2, convolved, widened


class Convolution(nn.Module):
    """A convolution with equalised learning rate, of maps [N, H, W, C].

    Args:
        inner: channels.
        out: channels.
        size: of the kernel.
        down: low-pass and halve; takes 2x2 neighbours as channels (`epilogue`'s "down").
        active: with a bias and a leaky ReLU.
        gain: of the result.
    """

    fir: Tensor

    def __init__(
        self,
        inner: int,
        out: int,
        *,
        size: int = 3,
        down: bool = False,
        active: bool = True,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out, inner, size, size))
        self.bias = nn.Parameter(torch.zeros(out)) if active else None
        self.down, self.bias_gain = down, gain * (ROOT_2 if active else 1.0)
        self.gain = self.bias_gain / math.sqrt(inner * size * size)
        self.register_buffer("fir", binomial_filter(), persistent=False)

    def forward(self, x: Tensor, move: Move = "stay") -> Tensor:
        """[N, H, W, in] (down: [N, H, W, 4·in]) to [N, H, W, out], then rearranged."""
        weight = self.weight * self.gain
        x = convolved(x, _halving(weight, self.fir) if self.down else weight)
        if self.bias is None:
            return x
        return epilogue(x, bias=self.bias * self.bias_gain, move=move)


def _halving(weight: Tensor, fir: Tensor) -> Tensor:
    """Low-pass and stride 2 as a 3x3 convolution of 2x2 neighbours: [out, 4·in, 3, 3]."""
    out, inner = weight.shape[:2]
    pairs = widened(weight, fir).reshape(out, inner, 3, 2, 3, 2)
    return pairs.permute(0, 3, 5, 1, 2, 4).reshape(out, 4 * inner, 3, 3)


class ResidualBlock(nn.Module):
    """Two convolutions beside a 1x1 one; halves the size."""

    def __init__(self, inner: int, out: int) -> None:
        super().__init__()
        self.conv0 = Convolution(inner, inner)
        self.conv1 = Convolution(inner, out, down=True, gain=math.sqrt(0.5))
        self.skip = Convolution(inner, out, size=1, active=False, gain=math.sqrt(0.5))

    def forward(self, x: Tensor) -> Tensor:
        """[N, H, W, in] to [N, H/2, W/2, out]."""
        small = F.avg_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
        y: Tensor = self.conv1(self.conv0(x, "down")) + self.skip(small)
        return y


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
        return F.leaky_relu(x, 0.2) * ROOT_2 if self.activate else x


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
        """Pictures float32 [N, 3, R, R] to scores float32 [N], and each block's activations.

        Activations are [N, H, W, C]. In float32 all is differentiable twice, also on a card.
        """
        x = self.fromrgb(pictures.to(dtype or self.dtype).permute(0, 2, 3, 1))
        activations = []
        for r in self.resolutions:
            x = getattr(self, f"b{r}")(x)
            activations.append(x)
        x = x.float()
        x = self.conv(torch.cat([x, self._deviation(x)], 3))
        x = self.fc(x.permute(0, 3, 1, 2).flatten(1))
        return self.out(x)[:, 0], activations

    def _deviation(self, x: Tensor) -> Tensor:
        """How much the pictures of a group differ, as one more map: [N, 4, 4, 1]."""
        n, height, width, channels = x.shape
        grouped = x.reshape(n // self.group, self.group, height, width, channels)
        spread = (grouped.var(1, unbiased=False) + 1e-8).sqrt().mean([1, 2, 3])
        return spread.repeat_interleave(self.group).reshape(n, 1, 1, 1).expand(n, height, width, 1)
