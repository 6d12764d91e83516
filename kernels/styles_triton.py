"""Styles and demodulation of the layers that move, and the way back to w+, on a card.

Twin of `network.style` and `network.demodulation` for all layers that get gradients, in one launch
each. Matrices of all layers are one tensor, padded with zeros to the widest layer's C channels.
Beside 16-bit features they are float16, which is as good: each of their elements' errors is one
of hundreds in a sum.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803

import torch
import triton
import triton.language as tl
from torch import Tensor

from .network import ConvLayer

TILE = 16  # channels, or elements of w, of one program
SUMS = 8  # tiles' sums that are added at a time


@triton.jit(do_not_specialize=["samples"])
def style_kernel(
    ws,
    affine,
    affine_bias,
    start,
    styles,
    scaled,
    samples,
    W: tl.constexpr,
    C: tl.constexpr,
    START: tl.constexpr,
    BW: tl.constexpr,
    BC: tl.constexpr,
    BS: tl.constexpr,
):
    """Styles [layers, C] = affine [layers, C, W] · ws + bias: grid (layers, channel tiles).

    The first layer's programs also scale the start, [samples, START channels].
    """
    layer = tl.program_id(0)
    c = tl.program_id(1) * BC + tl.arange(0, BC)
    j = tl.arange(0, BW)
    w = tl.load(ws + layer * W + j, mask=j < W, other=0.0)
    spot = (layer * C + c)[:, None] * W + j[None, :]
    held = (c[:, None] < C) & (j[None, :] < W)
    matrix = tl.load(affine + spot, mask=held, other=0.0).to(tl.float32)
    style = tl.sum(matrix * w[None, :], 1)
    style += tl.load(affine_bias + layer * C + c, mask=c < C, other=0.0)
    tl.store(styles + layer * C + c, style, mask=c < C)
    if layer == 0:
        s = tl.arange(0, BS)
        sample = s[:, None] * START + c[None, :]
        there = (s[:, None] < samples) & (c[None, :] < START)
        value = tl.load(start + sample, mask=there, other=0.0).to(tl.float32) * style[None, :]
        tl.store(scaled + sample, value.to(scaled.dtype.element_ty), mask=there)


@triton.jit
def demod_kernel(
    styles, energy, scales, demod, C: tl.constexpr, WIDE: tl.constexpr, BC: tl.constexpr
):
    """Demod [layers, C out]: grid (layers, channel tiles).

    Energy is [layers, C in, C out], to be multiplied by scales [layers].
    """
    layer = tl.program_id(0)
    o = tl.program_id(1) * BC + tl.arange(0, BC)
    i = tl.arange(0, WIDE)
    held = (i[:, None] < C) & (o[None, :] < C)
    spot = (layer * C + i)[:, None] * C + o[None, :]
    matrix = tl.load(energy + spot, mask=held, other=0.0).to(tl.float32)
    style = tl.load(styles + layer * C + i, mask=i < C, other=0.0)
    norm = tl.sum(matrix * (style * style)[:, None], 0) * tl.load(scales + layer)
    tl.store(demod + layer * C + o, 1.0 / tl.sqrt(norm + 1e-8), mask=o < C)


@triton.jit
def add_tiles(
    sums, layer, c, C: tl.constexpr, TILES: tl.constexpr, BC: tl.constexpr, BT: tl.constexpr
):
    """Sums of channels c that the row tiles of a layer left, [layers, TILES, C]: [BT, BC] are left.

    What remains is one sum over rows, whose barrier later loads would wait for.
    """
    total = tl.zeros([BT, BC], tl.float32)
    for first in range(0, TILES, BT):
        t = first + tl.arange(0, BT)
        spot = (layer * TILES + t)[:, None] * C + c[None, :]
        held = (t[:, None] < TILES) & (c[None, :] < C)
        total += tl.load(sums + spot, mask=held, other=0.0)
    return total


@triton.jit
def style_gradient_kernel(
    style_sums,
    demod_sums,
    styles,
    demod,
    energy,
    scales,
    slopes,
    C: tl.constexpr,
    STYLE_TILES: tl.constexpr,
    DEMOD_TILES: tl.constexpr,
    WIDE: tl.constexpr,
    BC: tl.constexpr,
    BT: tl.constexpr,
):
    """Slopes = dL/dstyle [layers, C] from the sums of all row tiles: grid (layers, channel tiles).

    The demodulation d = (Σ energy·s² + 1e-8)^(-1/2) has dd/ds = -d³·energy·s; `demod_sums` hold
    the gradient to log d, so two of the three d remain.
    """
    layer = tl.program_id(0)
    i = tl.program_id(1) * BC + tl.arange(0, BC)
    o = tl.arange(0, WIDE)
    held = (i[:, None] < C) & (o[None, :] < C)
    spot = (layer * C + i)[:, None] * C + o[None, :]
    matrix = tl.load(energy + spot, mask=held, other=0.0).to(tl.float32)
    factor = tl.load(demod + layer * C + o, mask=o < C, other=0.0)
    style = tl.load(styles + layer * C + i, mask=i < C, other=0.0) * tl.load(scales + layer)
    direct = add_tiles(style_sums, layer, i, C, STYLE_TILES, BC, BT)
    moved = add_tiles(demod_sums, layer, o, C, DEMOD_TILES, WIDE, BT)
    moved = tl.sum(moved, 0) * factor * factor
    slope = tl.sum(direct, 0) - style * tl.sum(matrix * moved[None, :], 1)
    tl.store(slopes + layer * C + i, slope, mask=i < C)


@triton.jit
def latent_gradient(slopes, affine, layer, j, W: tl.constexpr, C: tl.constexpr, WIDE: tl.constexpr):
    """Elements j of dL/dw of one layer: affineᵀ · dL/dstyle."""
    i = tl.arange(0, WIDE)
    held = (i[:, None] < C) & (j[None, :] < W)
    spot = (layer * C + i)[:, None] * W + j[None, :]
    matrix = tl.load(affine + spot, mask=held, other=0.0).to(tl.float32)
    slope = tl.load(slopes + layer * C + i, mask=i < C, other=0.0)
    return tl.sum(matrix * slope[:, None], 0)


@triton.jit
def latent_gradient_kernel(
    slopes,
    affine,
    gradient,
    scale,
    W: tl.constexpr,
    C: tl.constexpr,
    WIDE: tl.constexpr,
    BW: tl.constexpr,
):
    """dL/dw [layers, W], times `scale`: grid (layers, tiles of w)."""
    layer = tl.program_id(0)
    j = tl.program_id(1) * BW + tl.arange(0, BW)
    total = latent_gradient(slopes, affine, layer, j, W, C, WIDE) * scale
    tl.store(gradient + layer * W + j, total, mask=j < W)


class Styles:
    """Styles and demodulations of the layers that move: constants, values, gradients.

    Args:
        layers: those with gradients to their w.
        style_tiles: for each, how many tiles of rows leave sums for its style's gradient.
        demod_tiles: likewise for its demodulation's.
        dtype: of the features.
    """

    def __init__(
        self,
        layers: list[ConvLayer],
        style_tiles: list[int],
        demod_tiles: list[int],
        dtype: torch.dtype,
    ) -> None:
        on, count = layers[0].weight.device, len(layers)
        self.layers, self.w = count, layers[0].affine_weight.shape[1]
        self.c = c = max(max(layer.weight.shape[:2]) for layer in layers)
        # With fewer columns lanes hold copies, and write the same sum to the same place: racecheck.
        self.wide, self.tile = max(triton.next_power_of_2(c), 32), TILE
        affine = torch.zeros(count, c, self.w, device=on)
        energy = torch.zeros(count, c, c, device=on)
        self._affine_bias = torch.zeros(count, c, device=on)
        for i, layer in enumerate(layers):
            outs, ins = layer.weight.shape[:2]
            affine[i, :ins] = layer.affine_weight
            self._affine_bias[i, :ins] = layer.affine_bias
            energy[i, :ins, :outs] = layer.weight.square().sum(dim=[2, 3]).t()
        kept = torch.float32 if dtype == torch.float32 else torch.float16
        self._scales = energy.amax(dim=(1, 2)).clamp(min=torch.finfo(torch.float32).tiny)
        self.affine = affine.to(kept)
        self._energy = (energy / self._scales[:, None, None]).to(kept)
        self._styles: Tensor
        self._demod: Tensor
        self._styles, self._demod, self.slopes = torch.empty(3, count, c, device=on)
        self._gradient = torch.empty(count, self.w, device=on)
        # A layer with fewer tiles or channels leaves the rest as it is: zero.
        self._style_sums = torch.zeros(count, max(style_tiles), c, device=on)
        self._demod_sums = torch.zeros(count, max(demod_tiles), c, device=on)
        self.scratch = [self._styles, self._demod, self.slopes, self._gradient]

    def style_of(self, index: int) -> Tensor:
        """Values [C] of a layer; of one that stays anything."""
        return self._styles[min(index, self.layers - 1)]

    def demod_of(self, index: int) -> Tensor:
        """Likewise."""
        return self._demod[min(max(index, 0), self.layers - 1)]

    def style_sums_of(self, index: int) -> Tensor:
        """Where the tiles of a layer leave their sums, [tiles, C]; of one that stays anywhere."""
        return self._style_sums[min(index, self.layers - 1)]

    def demod_sums_of(self, index: int) -> Tensor:
        """Likewise."""
        return self._demod_sums[min(max(index, 0), self.layers - 1)]

    def forward(self, ws: Tensor, start: Tensor, scaled: Tensor) -> None:
        """From w+ [num_ws, W]; also the start [samples, channels] times its style."""
        samples, channels = start.shape
        grid = self.layers, triton.cdiv(self.c, TILE)
        style_kernel[grid](
            ws, self.affine, self._affine_bias, start, self._styles, scaled, samples,
            self.w, self.c, channels, triton.next_power_of_2(self.w), TILE,
            triton.next_power_of_2(samples),
        )  # fmt: skip
        demod_kernel[grid](
            self._styles, self._energy, self._scales, self._demod, self.c, self.wide, TILE
        )

    def style_gradient(self) -> None:
        """Leave dL/dstyle [layers, C] in `slopes`, from the sums that the tiles left."""
        style_gradient_kernel[(self.layers, triton.cdiv(self.c, TILE))](
            self._style_sums, self._demod_sums, self._styles, self._demod, self._energy,
            self._scales, self.slopes, self.c, self._style_sums.shape[1],
            self._demod_sums.shape[1], self.wide, TILE, SUMS,
        )  # fmt: skip

    def latent_gradient(self, scale: float) -> Tensor:
        """dL/dw [layers, W] from `slopes`, times `scale`."""
        latent_gradient_kernel[(self.layers, triton.cdiv(self.w, TILE))](
            self.slopes, self.affine, self._gradient, scale, self.w, self.c, self.wide, TILE
        )
        return self._gradient
