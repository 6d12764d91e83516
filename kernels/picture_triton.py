"""The whole picture on a card: synthesis, colours, the skip pyramid and RGBA, w+ to bytes.

Each block's colours come out of one pass over its features, which also enlarges the smaller
picture and adds it; the last block's pass rounds to bytes as `to_rgba` does.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, E501, N803, PLR0124

from contextlib import AbstractContextManager, nullcontext

import torch
import triton
import triton.language as tl
from torch import Tensor

from .network import Network
from .synthesis_triton import TritonSynthesis
from .windows import plan_windows

TILE = 16  # channels of one program that makes weights


@triton.jit
def colour_weights_kernel(
    ws,
    affine,
    affine_bias,
    weight,
    weights,
    W: tl.constexpr,
    C: tl.constexpr,
    BW: tl.constexpr,
    BC: tl.constexpr,
):
    """Weights [blocks, 3, C]: each block's times its style, from ws[2b + 1]: grid (blocks, tiles)."""
    block = tl.program_id(0)
    c = tl.program_id(1) * BC + tl.arange(0, BC)
    j = tl.arange(0, BW)
    w = tl.load(ws + (2 * block + 1) * W + j, mask=j < W, other=0.0)
    spot = (block * C + c)[:, None] * W + j[None, :]
    held = (c[:, None] < C) & (j[None, :] < W)
    style = tl.sum(tl.load(affine + spot, mask=held, other=0.0).to(tl.float32) * w[None, :], 1)
    style += tl.load(affine_bias + block * C + c, mask=c < C, other=0.0)
    for colour in tl.static_range(3):
        at = (block * 3 + colour) * C + c
        tl.store(weights + at, tl.load(weight + at, mask=c < C, other=0.0) * style, mask=c < C)


@triton.jit
def enlarged(smaller, y, x, held, height, width):
    """The smaller picture's colour, doubled with the [1, 3, 3, 1] filter, at (y, x)."""
    near_y = y // 2
    near_x = x // 2
    far_y = near_y + 2 * (y % 2) - 1
    far_x = near_x + 2 * (x % 2) - 1
    down = held & (far_y >= 0) & (far_y < height)
    across = held & (far_x >= 0) & (far_x < width)
    value = 0.5625 * tl.load(smaller + near_y * width + near_x, mask=held, other=0.0)
    value += 0.1875 * tl.load(smaller + far_y * width + near_x, mask=down, other=0.0)
    value += 0.1875 * tl.load(smaller + near_y * width + far_x, mask=across, other=0.0)
    return value + 0.0625 * tl.load(smaller + far_y * width + far_x, mask=down & across, other=0.0)


@triton.jit(do_not_specialize=["height", "width"])
def colours_kernel(
    features,
    weights,
    bias,
    smaller,
    picture,
    rgba,
    height,
    width,
    clamp,
    C: tl.constexpr,
    STRIDE: tl.constexpr,
    BC: tl.constexpr,
    ADDS: tl.constexpr,
    LAST: tl.constexpr,
    BM: tl.constexpr,
):
    """Picture [3, height, width] of a block; of the LAST rgba [height, width, 4]: grid (tiles).

    Rows of the weights, [3, C], are STRIDE apart.
    """
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    c = tl.arange(0, BC)
    held = m < height * width
    y = m // width
    x = m % width
    inside = held[:, None] & (c < C)[None, :]
    value = tl.load(features + m[:, None] * C + c[None, :], mask=inside, other=0.0).to(tl.float32)
    for colour in tl.static_range(3):
        weight = tl.load(weights + colour * STRIDE + c, mask=c < C, other=0.0)
        made = tl.sum(value * weight[None, :], 1) + tl.load(bias + colour)
        made = tl.maximum(made, -clamp, propagate_nan=tl.PropagateNan.ALL)
        made = tl.minimum(made, clamp, propagate_nan=tl.PropagateNan.ALL)
        if ADDS:
            area = (height // 2) * (width // 2)
            made += enlarged(smaller + colour * area, y, x, held, height // 2, width // 2)
        if LAST:
            level = made * 127.5 + 128.0
            level = tl.where(level == level, level, 0.0)
            level = tl.minimum(tl.maximum(level, 0.0), 255.0).to(tl.uint8)
            tl.store(rgba + m * 4 + colour, level, mask=held)
        else:
            tl.store(picture + colour * height * width + m, made, mask=held)


class TritonPicture:
    """The whole network, w+ to pixels.

    Args:
        network: float32 constants on the card.
        dtype: of weights and features.
        free: convolutions with a smaller index take their w from every picture; the others, and
            only they, from `fold`, which is faster. None: all are free.
    """

    def __init__(self, network: Network, *, dtype: torch.dtype, free: int | None = None) -> None:
        shapes = [(layer.up, layer.height, layer.width) for layer in network.layers]
        height, width = shapes[-1][1:]
        plan = plan_windows(shapes, points=1, reach_px=1.0, image_height=height, cover=0.0)
        free = len(shapes) if free is None else free
        self._synthesis = TritonSynthesis(network, plan, free=free, dtype=dtype, gradients=False)
        on, blocks = network.start.device, len(network.colours)
        self._origins = torch.zeros(len(shapes), 1, 2, dtype=torch.int32, device=on)
        self._side = torch.cuda.Stream(on) if on.type == "cuda" else None
        self._c = c = max(colours.weight.shape[1] for colours in network.colours)
        self._w = network.colours[0].affine_weight.shape[1]
        self._affine = torch.zeros(blocks, c, self._w, device=on)
        self._affine_bias = torch.zeros(blocks, c, device=on)
        self._weight = torch.zeros(blocks, 3, c, device=on)
        for b, colours in enumerate(network.colours):
            channels = colours.weight.shape[1]
            self._affine[b, :channels] = colours.affine_weight
            self._affine_bias[b, :channels] = colours.affine_bias
            self._weight[b, :, :channels] = colours.weight
        self._weights = torch.empty_like(self._weight)
        self._colours = network.colours
        self._biases = [colours.bias.float().contiguous() for colours in network.colours]
        sizes = [(network.layers[2 * b].height, network.layers[2 * b].width) for b in range(blocks)]
        self._pictures = [torch.empty(3, *size, device=on) for size in sizes]
        self._rgba = torch.full((height, width, 4), 255, dtype=torch.uint8, device=on)

    def fold(self, ws: Tensor) -> None:
        """Take the vectors of the layers that stay from ws, float32 [num_ws, w_dim]."""
        self._synthesis.fold(ws)

    def render(self, ws: Tensor) -> Tensor:
        """From ws, float32 [num_ws, w_dim], to uint8 [H, W, 4], in its own buffer."""
        blocks, c = len(self._pictures), self._c
        self._synthesis.start(ws, self._origins)
        colour_weights_kernel[(blocks, triton.cdiv(c, TILE))](
            ws, self._affine, self._affine_bias, self._weight, self._weights, self._w, c,
            triton.next_power_of_2(self._w), TILE,
        )  # fmt: skip
        for b in range(blocks):
            for index in range(max(2 * b - 1, 0), 2 * b + 1):
                self._synthesis.run(index)
            with self._aside():
                self._colour(b)
        if self._side is not None:
            torch.cuda.current_stream().wait_stream(self._side)
        return self._rgba

    def _aside(self) -> AbstractContextManager[object]:
        """Colours take a stream of their own: the next block need not wait for them."""
        if self._side is None:
            return nullcontext()
        self._side.wait_stream(torch.cuda.current_stream())
        return torch.cuda.stream(self._side)

    def _colour(self, b: int) -> None:
        features = self._synthesis.layers[2 * b].features
        rows, channels = features.shape
        picture, wide = self._pictures[b], triton.next_power_of_2(channels)
        tile = max(1, 4096 // wide)
        colours_kernel[(triton.cdiv(rows, tile),)](
            features, self._weights[b], self._biases[b],
            self._pictures[max(b - 1, 0)], picture, self._rgba, *picture.shape[1:],
            self._colours[b].clamp, channels, self._c, wide, b > 0, b == len(self._pictures) - 1, tile,
        )  # fmt: skip
