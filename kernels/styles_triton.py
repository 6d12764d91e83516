"""Styles and demodulation of the layers that move, and the way back to w+, on a card.

Twin of `network.style` and `network.demodulation` for all layers that get gradients, in one launch
each. Matrices of all layers are one tensor, padded with zeros to the widest layer's C channels.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, import-untyped, import-not-found"
# ruff: noqa: ANN001, ANN201, ANN202, PLR0914

import torch
import triton
import triton.language as tl
from torch import Tensor

from .network import ConvLayer


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
    """styles [layers, C] = affine [layers, C, W] · ws + bias: grid (layers, channel tiles).

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
        spot = s[:, None] * START + c[None, :]
        held = (s[:, None] < samples) & (c[None, :] < START)
        value = tl.load(start + spot, mask=held, other=0.0).to(tl.float32) * style[None, :]
        tl.store(scaled + spot, value.to(scaled.dtype.element_ty), mask=held)


@triton.jit
def demod_kernel(
    styles, energy, demod, C: tl.constexpr, WIDE: tl.constexpr, BC: tl.constexpr
):
    """demod [layers, C out] from energy [layers, C out, C in]: grid (layers, channel tiles)."""
    layer = tl.program_id(0)
    o = tl.program_id(1) * BC + tl.arange(0, BC)
    i = tl.arange(0, WIDE)
    style = tl.load(styles + layer * C + i, mask=i < C, other=0.0)
    held = (o[:, None] < C) & (i[None, :] < C)
    spot = (layer * C + o)[:, None] * C + i[None, :]
    matrix = tl.load(energy + spot, mask=held, other=0.0).to(tl.float32)
    norm = tl.sum(matrix * (style * style)[None, :], 1)
    tl.store(demod + layer * C + o, 1.0 / tl.sqrt(norm + 1e-8), mask=o < C)


@triton.jit
def style_gradient_kernel(
    style_sums,
    demod_sums,
    style_tiles,
    demod_tiles,
    style_starts,
    demod_starts,
    channels,
    styles,
    demod,
    energy,
    gradient,
    C: tl.constexpr,
    WIDE: tl.constexpr,
    BC: tl.constexpr,
):
    """dL/dstyle [layers, C] from the sums that each row tile left: grid (layers, channel tiles).

    The demodulation d = (Σ energy·s² + 1e-8)^(-1/2) has dd/ds = -d³·energy·s; `demod_sums` hold
    the gradient to log d, so two of the three d remain. Layer l's sums start at element
    `*_starts[l]` of theirs, `*_tiles[l]` rows of channels[l] (out: channels[layers + l]) elements.
    `energy` is [layers, C in, C out].
    """
    layer = tl.program_id(0)
    i = tl.program_id(1) * BC + tl.arange(0, BC)
    o = tl.arange(0, WIDE)
    ins = tl.load(channels + layer)
    outs = tl.load(channels + tl.num_programs(0) + layer)
    direct = tl.zeros([BC], tl.float32)
    at = tl.load(style_starts + layer)
    end = at + tl.load(style_tiles + layer) * ins
    while at < end:
        direct += tl.load(style_sums + at + i, mask=i < ins, other=0.0)
        at += ins
    moved = tl.zeros([WIDE], tl.float32)
    at = tl.load(demod_starts + layer)
    end = at + tl.load(demod_tiles + layer) * outs
    while at < end:
        moved += tl.load(demod_sums + at + o, mask=o < outs, other=0.0)
        at += outs
    factor = tl.load(demod + layer * C + o, mask=o < outs, other=0.0)
    moved *= factor * factor
    held = (i[:, None] < ins) & (o[None, :] < outs)
    spot = (layer * C + i)[:, None] * C + o[None, :]
    matrix = tl.load(energy + spot, mask=held, other=0.0).to(tl.float32)
    style = tl.load(styles + layer * C + i, mask=i < ins, other=0.0)
    direct -= style * tl.sum(matrix * moved[None, :], 1)
    tl.store(gradient + layer * C + i, direct, mask=i < C)


@triton.jit
def latent_gradient_kernel(
    style_gradient,
    affine,
    gradient,
    scale,
    W: tl.constexpr,
    C: tl.constexpr,
    WIDE: tl.constexpr,
    BW: tl.constexpr,
):
    """dL/dw [layers, W] = affineᵀ · dL/dstyle · scale: grid (layers, tiles of w)."""
    layer = tl.program_id(0)
    j = tl.program_id(1) * BW + tl.arange(0, BW)
    i = tl.arange(0, WIDE)
    held = (i[:, None] < C) & (j[None, :] < W)
    spot = (layer * C + i)[:, None] * W + j[None, :]
    matrix = tl.load(affine + spot, mask=held, other=0.0).to(tl.float32)
    slope = tl.load(style_gradient + layer * C + i, mask=i < C, other=0.0)
    total = tl.sum(matrix * slope[:, None], 0) * scale
    tl.store(gradient + layer * W + j, total, mask=j < W)


class Styles:
    """Styles and demodulations of the layers that move: constants, values, gradients.

    Args:
        layers: those with gradients to their w.
        style_tiles: for each, how many tiles of rows leave sums for its style's gradient.
        demod_tiles: likewise for its demodulation's.
    """

    def __init__(
        self, layers: list[ConvLayer], style_tiles: list[int], demod_tiles: list[int]
    ) -> None:
        on, count = layers[0].weight.device, len(layers)
        outs, ins = zip(*(layer.weight.shape[:2] for layer in layers), strict=True)
        self._c, self._w = max(outs + ins), layers[0].affine_weight.shape[1]
        self._affine = torch.zeros(count, self._c, self._w, device=on)
        self._affine_bias = torch.zeros(count, self._c, device=on)
        self._energy = torch.zeros(count, self._c, self._c, device=on)
        for i, layer in enumerate(layers):
            self._affine[i, : ins[i]] = layer.affine_weight
            self._affine_bias[i, : ins[i]] = layer.affine_bias
            self._energy[i, : outs[i], : ins[i]] = layer.weight.square().sum(dim=[2, 3])
        self._energy_by_input = self._energy.transpose(1, 2).contiguous()
        self._styles, self._demod, self._slopes = torch.empty(3, count, self._c, device=on)
        self._gradient = torch.empty(count, self._w, device=on)
        self._style_sums, self._style_at = _tile_sums(style_tiles, ins, on)
        self._demod_sums, self._demod_at = _tile_sums(demod_tiles, outs, on)
        sizes = [style_tiles, demod_tiles, self._style_at, self._demod_at, ins, outs]
        self._sizes = torch.tensor(sizes, dtype=torch.int32).to(on)
        self.scratch = [self._styles, self._demod, self._slopes, self._gradient]
        self.scratch += [self._style_sums, self._demod_sums]

    def style_of(self, index: int) -> Tensor:
        """Values [C] of a layer; of one that stays anything."""
        return self._styles[min(index, len(self._styles) - 1)]

    def demod_of(self, index: int) -> Tensor:
        """Likewise."""
        return self._demod[min(max(index, 0), len(self._demod) - 1)]

    def style_sums_of(self, index: int) -> Tensor:
        """Where the tiles of a layer leave their sums; of one that stays anywhere."""
        return self._style_sums[self._style_at[min(index, len(self._style_at) - 1)] :]

    def demod_sums_of(self, index: int) -> Tensor:
        """Likewise."""
        return self._demod_sums[self._demod_at[min(max(index, 0), len(self._demod_at) - 1)] :]

    def forward(self, ws: Tensor, start: Tensor, scaled: Tensor) -> None:
        """From w+ [num_ws, W]; also the start [samples, channels] times its style."""
        samples, channels = start.shape
        count, c, tile = len(self._styles), self._c, 16
        style_kernel[(count, triton.cdiv(c, tile))](
            ws, self._affine, self._affine_bias, start, self._styles, scaled, samples,
            self._w, c, channels, triton.next_power_of_2(self._w), tile,
            triton.next_power_of_2(samples),
        )  # fmt: skip
        demod_kernel[(count, triton.cdiv(c, tile))](
            self._styles, self._energy, self._demod, c, triton.next_power_of_2(c), tile
        )

    def backward(self, scale: float) -> Tensor:
        """dL/dw [layers, W] from the sums that the tiles left, times `scale`."""
        count, c, tile = len(self._styles), self._c, 16
        style_tiles, demod_tiles, style_at, demod_at = self._sizes[:4]
        style_gradient_kernel[(count, triton.cdiv(c, tile))](
            self._style_sums, self._demod_sums, style_tiles, demod_tiles, style_at, demod_at,
            self._sizes[4:], self._styles, self._demod, self._energy_by_input, self._slopes,
            c, triton.next_power_of_2(c), tile,
        )  # fmt: skip
        latent_gradient_kernel[(count, triton.cdiv(self._w, tile))](
            self._slopes, self._affine, self._gradient, scale, self._w, c,
            triton.next_power_of_2(c), tile,
        )  # fmt: skip
        return self._gradient


def _tile_sums(
    tiles: list[int], channels: tuple[int, ...], on: torch.device
) -> tuple[Tensor, list[int]]:
    """Room for the sums that each layer's tiles leave, and where each layer's begin."""
    sizes = [t * c for t, c in zip(tiles, channels, strict=True)]
    at = [sum(sizes[:i]) for i in range(len(sizes))]
    return torch.empty(sum(sizes), device=on), at
