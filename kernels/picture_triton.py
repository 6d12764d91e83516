"""The whole picture on a card: synthesis, colours, the skip pyramid and RGBA, w+ to bytes.

Each block's colours come out of one pass over its features, which also enlarges the smaller
picture and adds it; the last block's pass rounds to bytes as `to_rgba` does.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, E501, N803

from contextlib import AbstractContextManager, nullcontext

import torch
import triton
import triton.language as tl
from torch import Tensor

from .colours_triton import leave_colours
from .layer_triton import Layer, Ordered
from .network import Network
from .quads_triton import coloured_quads_kernel
from .synthesis_triton import TritonSynthesis
from .tiles_triton import Tiling
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
    leave_colours(
        value, weights, bias, smaller, picture, rgba, m, c, held, y, x, height, width, clamp,
        C, STRIDE, ADDS, LAST,
    )  # fmt: skip


class TritonPicture:
    """The whole network, w+ to pixels.

    Args:
        network: float32 constants on the card.
        constants: shared by all that run this network; of the dtype of weights and features.
        free: convolutions with a smaller index take their w from every picture; the others, and
            only they, from `fold`, which is faster. None: all are free.
    """

    def __init__(self, network: Network, *, constants: Ordered, free: int | None = None) -> None:
        shapes = [(layer.up, layer.height, layer.width) for layer in network.layers]
        height, width = shapes[-1][1:]
        plan = plan_windows(shapes, points=1, reach_px=1.0, image_height=height, cover=0.0)
        free = len(shapes) if free is None else free
        self._synthesis = TritonSynthesis(
            network, plan, free=free, constants=constants, gradients=False
        )
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
        last = len(shapes) - 1
        self._layers = last + 1 if tile_last(self._synthesis.layers[last]) is None else last
        self._rgba = torch.full((height, width, 4), 255, dtype=torch.uint8, device=on)

    def fold(self, ws: Tensor) -> None:
        """Take the vectors of the layers that stay from ws, float32 [num_ws, w_dim]."""
        self._synthesis.fold(ws)

    def render(self, ws: Tensor) -> Tensor:
        """From ws, float32 [num_ws, w_dim], to uint8 [H, W, 4], in its own buffer."""
        blocks = len(self._pictures)
        with self._aside():
            self._weigh_colours(ws)
        self._synthesis.start(ws, self._origins)
        for index in range(self._layers):
            self._synthesis.run(index)
            if index % 2 == 0:
                with self._aside():
                    self._colour(index // 2)
        if self._side is not None:
            torch.cuda.current_stream().wait_stream(self._side)
        if self._layers < 2 * blocks - 1:
            self._finish()
        return self._rgba

    def _aside(self) -> AbstractContextManager[object]:
        """Colours take a stream of their own: the next block need not wait for them."""
        if self._side is None:
            return nullcontext()
        self._side.wait_stream(torch.cuda.current_stream())
        return torch.cuda.stream(self._side)

    def _weigh_colours(self, ws: Tensor) -> None:
        blocks, _, c = self._weight.shape
        colour_weights_kernel[(blocks, triton.cdiv(c, TILE))](
            ws, self._affine, self._affine_bias, self._weight, self._weights, self._w, c,
            triton.next_power_of_2(self._w), TILE,
        )  # fmt: skip

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

    def _finish(self) -> None:
        """The last layer and its colours in one."""
        synthesis, index = self._synthesis, self._layers
        layer, b = synthesis.layers[index], len(self._pictures) - 1
        cut, styles = tile_last(layer), synthesis.styles
        assert cut is not None
        coloured_quads_kernel[(triton.cdiv(layer.rows // 4, cut.rows),)](
            synthesis.input_of(index), layer.weight, styles.demod_of(index), layer.bias,
            layer.noise, self._weights[b], self._biases[b], self._pictures[max(b - 1, 0)],
            self._rgba, layer.makes.height, layer.makes.width, layer.clamp,
            self._colours[b].clamp, layer.k, layer.n, self._c, index < synthesis.free,
            layer.source.noise is not None, b > 0, synthesis.precision, cut.rows, cut.depth,
            num_warps=cut.warps, num_stages=cut.stages,
        )  # fmt: skip


def tile_last(layer: Layer) -> Tiling | None:
    """How the last layer is cut where its colours come out of it; None where they cannot."""
    cut, n = layer.quads, layer.n
    fits = cut is not None and n == cut.columns and n & (n - 1) == 0
    return cut if fits and layer.library is None else None
