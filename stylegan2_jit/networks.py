"""The generator: mapping z → w, synthesis w+ → picture, and the split at the feature block.

`Synthesis.features` runs the blocks up to the one whose output is supervised and tracked, and
`Synthesis.picture` goes on from there: a drag step needs only the first, a frame reuses it.
Knows nothing of points, devices' streams or windows.
"""

import math
from typing import Final

import torch
from torch import Tensor, nn

from .config import GeneratorConfig
from .layers import (
    FullyConnected,
    Skip,
    SynthesisLayer,
    ToRGB,
    binomial_filter,
    drawn,
    upsample_2x,
)


def normalize_second_moment(x: Tensor) -> Tensor:
    """Scale each row of [N, D] to a mean square of 1."""
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


class Mapping(nn.Module):
    """The mapping network f: z (and a class) → w (StyleGAN section 2).

    Its children are the layers fc0, fc1 … in order, then the class embedding if there is one.
    """

    conditional: Final[bool]
    w_avg: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.num_ws = config.num_ws
        self.conditional = config.c_dim > 0
        widths = [config.z_dim + (config.w_dim if self.conditional else 0)]
        widths += [config.w_dim] * config.num_layers
        self.depth = config.num_layers
        for i in range(config.num_layers):
            layer = FullyConnected(
                widths[i], widths[i + 1], activate=True, lr_multiplier=config.lr_multiplier
            )
            self.add_module(f"fc{i}", layer)
        if self.conditional:
            self.embed = FullyConnected(config.c_dim, config.w_dim)
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

    def forward(
        self, z: Tensor, c: Tensor | None = None, psi: float = 1.0, cutoff: int | None = None
    ) -> Tensor:
        """Latents to w+.

        Args:
            z: float32 [N, z_dim].
            c: float32 [N, c_dim], one-hot; only for conditional models (None: no class).
            psi: truncation psi, 1 = none.
            cutoff: truncate only the first `cutoff` vectors; None = all.

        Returns:
            float32 [N, num_ws, w_dim].
        """
        x = normalize_second_moment(z.float())
        if self.conditional:
            if c is None:
                c = torch.zeros([z.shape[0], self.embed.weight.shape[1]], device=z.device)
            x = torch.cat([x, normalize_second_moment(self.embed(c.float()))], dim=1)
        for i, layer in enumerate(self.children()):
            if i < self.depth:
                x = layer(x)
        ws = x[:, None].repeat(1, self.num_ws, 1)
        end = self.num_ws if cutoff is None else cutoff
        truncated = torch.lerp(self.w_avg, ws[:, :end], psi)
        return torch.cat([truncated, ws[:, end:]], dim=1)


class Block(nn.Module):
    """What all blocks share: the second layer and the colours of their resolution."""

    has_rgb: Final[bool]  # Final: TorchScript then drops the branch that cannot be
    resample_filter: Tensor

    def __init__(self, config: GeneratorConfig, resolution: int) -> None:
        super().__init__()
        channels, clamp = config.channels(resolution), config.conv_clamp
        size = (resolution, config.width_at(resolution))
        self.has_rgb = config.architecture == "skip" or resolution == config.img_resolution
        self.register_buffer("resample_filter", binomial_filter())
        self.conv1 = SynthesisLayer(channels, channels, config.w_dim, size=size, clamp=clamp)
        if self.has_rgb:
            self.torgb = ToRGB(channels, config.img_channels, config.w_dim, clamp=clamp)

    def add_colours(self, image: Tensor, x: Tensor, w: Tensor) -> Tensor:
        """The picture so far (empty at first), doubled, plus this block's: float32 [N, 3, H, W]."""
        if image.numel() > 0:
            image = upsample_2x(image, self.resample_filter)
        if self.has_rgb:
            colours: Tensor = self.torgb(x, w)
            image = image + colours if image.numel() > 0 else colours
        return image


class FirstBlock(Block):
    """The 4x4 block: a learned constant and one layer."""

    start: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__(config, 4)
        self.const = nn.Parameter(drawn(config.channels(4), 4, config.width_at(4)))
        self.register_buffer("start", torch.empty(0), persistent=False)

    def prepare(self, dtype: torch.dtype) -> None:
        """Derive the constants that run: call after loading and after every `.to()`."""
        start = self.const.detach().to(dtype)[None]
        self.start = start.contiguous(memory_format=torch.channels_last)

    def forward(self, x: Tensor, ws: Tensor, noise_mode: str, free: int) -> Tensor:
        """Activations [N, C, 4, 4]; `ws` float32 [N, 1, w_dim]; `x` is not read."""
        x = self.start.expand(ws.shape[0], -1, -1, -1)
        if free > 0:
            y: Tensor = self.conv1(x, ws[:, 0], noise_mode, 1.0)
        else:
            y = self.conv1.fixed(x, ws[:, 0], noise_mode, 1.0)
        return y


class SynthesisBlock(Block):
    """Two layers, the first of which doubles the size."""

    residual: Final[bool]

    def __init__(self, config: GeneratorConfig, resolution: int) -> None:
        super().__init__(config, resolution)
        below, channels = config.channels(resolution // 2), config.channels(resolution)
        size = (resolution, config.width_at(resolution))
        self.conv0 = SynthesisLayer(
            below, channels, config.w_dim, size=size, up=True, clamp=config.conv_clamp
        )
        self.residual = config.architecture == "resnet"
        if self.residual:
            self.skip = Skip(below, channels)

    def forward(self, x: Tensor, ws: Tensor, noise_mode: str, free: int) -> Tensor:
        """Activations of the block below to this one's.

        Args:
            x: [N, C below, H/2, W/2], compute dtype, channels-last.
            ws: float32 [N, 2, w_dim].
            noise_mode: 'none', 'const' or 'random'.
            free: how many of the two layers, from the first on, give `ws` a gradient; the others
                need N = 1.
        """
        gain = math.sqrt(0.5) if self.residual else 1.0
        if free > 0:
            y: Tensor = self.conv0(x, ws[:, 0], noise_mode, 1.0)
        else:
            y = self.conv0.fixed(x, ws[:, 0], noise_mode, 1.0)
        if free > 1:
            y = self.conv1(y, ws[:, 1], noise_mode, gain)
        else:
            y = self.conv1.fixed(y, ws[:, 1], noise_mode, gain)
        if self.residual:
            y = self.skip(x) + y
        return y


class Synthesis(nn.Module):
    """The synthesis network g: w+ → picture. Its children are the blocks b4, b8 … in order."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.add_module("b4", FirstBlock(config))
        for resolution in config.block_resolutions[1:]:
            self.add_module(f"b{resolution}", SynthesisBlock(config, resolution))

    def forward(self, ws: Tensor, noise_mode: str = "const") -> Tensor:
        """w+ float32 [N, num_ws, w_dim] to the picture, float32 [N, 3, H, W] in about -1..1."""
        return self.picture(self.features(ws, 64, noise_mode, 64), ws, noise_mode)

    @torch.jit.export
    def features(
        self, ws: Tensor, count: int, noise_mode: str = "const", free: int = 64
    ) -> list[Tensor]:
        """Run the first `count` blocks.

        Args:
            ws: float32 [N, num_ws, w_dim]; blocks after the last one asked for are not read.
            count: number of blocks from b4 on; more than there are means all.
            noise_mode: 'none', 'const' or 'random'.
            free: how many vectors of w+, from the first on, get a gradient; the layers of the
                others are cheaper. Only for N = 1: in a batch all get one.

        Returns:
            Each block's activations [N, C, h, w], compute dtype, channels-last.
        """
        activations: list[Tensor] = []
        x = ws
        if ws.shape[0] > 1:
            free = 64
        for i, block in enumerate(self.children()):
            if i < count:
                first = max(2 * i - 1, 0)
                x = block(x, ws[:, first : 2 * i + 1], noise_mode, free - first)
                activations.append(x)
        return activations

    @torch.jit.export
    def picture(self, activations: list[Tensor], ws: Tensor, noise_mode: str = "const") -> Tensor:
        """Go on from `features` to the picture, float32 [N, 3, H, W] in about -1..1."""
        image = torch.empty(0, device=ws.device)
        x = activations[-1]
        free = 0 if ws.shape[0] == 1 and not torch.is_grad_enabled() else 64
        for i, block in enumerate(self.children()):
            if i < len(activations):
                x = activations[i]
            else:
                x = block(x, ws[:, max(2 * i - 1, 0) : 2 * i + 1], noise_mode, free)
            image = block.add_colours(image, x, ws[:, 2 * i + 1])  # type: ignore[operator]
        return image


class Generator(nn.Module):
    """Mapping and synthesis, frozen: parameters never require a gradient."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.mapping = Mapping(config)
        self.synthesis = Synthesis(config)
        self.requires_grad_(False)
        self.eval()
        if not self.mapping.w_avg.is_meta:  # on the meta device: loaded first, prepared then
            self.prepare(torch.float32)

    def prepare(self, dtype: torch.dtype, device: torch.device | str | None = None) -> "Generator":
        """Move to a device and derive the constants that run, in the compute dtype.

        Parameters stay float32: mapping and affine layers run in float32 whatever the dtype.
        """
        self.to(device)
        for module in self.modules():
            if isinstance(module, FullyConnected):
                module.prepare()
            elif isinstance(module, (FirstBlock, SynthesisLayer, ToRGB, Skip)):
                module.prepare(dtype)
        return self

    def forward(self, z: Tensor, c: Tensor | None = None, psi: float = 1.0) -> Tensor:
        """Latents float32 [N, z_dim] to pictures, float32 [N, 3, H, W] in about -1..1."""
        return self.synthesis(self.mapping(z, c, psi))  # type: ignore[no-any-return]
