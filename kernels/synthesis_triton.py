"""Synthesis up to the feature block on a card: the fused twin of `synthesis`, there and back.

Everything is allocated and decided at construction: a forward is one launch for each layer of a
large map and two for the others, a backward likewise, and there is no host sync; so both can be
captured in a CUDA graph. Weights are constants: layers with index < free multiply their input by
its style, the others have style and demodulation folded into their weights.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"

from __future__ import annotations

import torch
import torch.nn.functional as F
import triton
from torch import Tensor

from .doubling_triton import double_map_kernel
from .layer_triton import Layer, Ordered
from .modulated_conv_gradient_triton import (
    convolve_gradient_kernel,
    finish_gradient_kernel,
    spread_kernel,
)
from .modulated_conv_triton import (
    DOUBLED,
    PRODUCTS,
    convolve_kernel,
    finish_kernel,
    products_kernel,
)
from .network import Network
from .quads_triton import convolve_quads_kernel, gradient_quads_kernel
from .styles_triton import Styles
from .tiles_triton import tile_elements, tile_quads, tile_sums
from .windows import WindowPlan

LOSS_SCALE = {torch.float16: 4096.0}  # keeps small gradients above float16's smallest normal


class TritonSynthesis:
    """The network up to the plan's last layer, with gradients to the first `free` w's.

    Args:
        network: float32 constants on the card.
        plan: which part of each map is computed.
        free: layers with a smaller index get gradients to their w.
        constants: shared by all that run this network; of the dtype of weights and features,
            float32, float16 or bfloat16.
        gradients: whether there is a way back.
    """

    def __init__(
        self,
        network: Network,
        plan: WindowPlan,
        *,
        free: int,
        constants: Ordered,
        gradients: bool = True,
    ) -> None:
        parts = zip(network.layers, plan.reads, plan.makes, strict=False)
        self.layers = [
            Layer(c, r, m, plan.points, constants, stays=i >= free, gradients=gradients)
            for i, (c, r, m) in enumerate(parts)
        ]
        self._dtype = dtype = constants.dtype
        self.free, self.plan = free, plan
        self.scale = LOSS_SCALE.get(dtype, 1.0)
        self.precision = "tf32" if torch.backends.cuda.matmul.allow_tf32 else "ieee"
        self._start = network.start.permute(1, 2, 0).reshape(-1, network.start.shape[0])
        self._start = self._start.to(dtype).contiguous()
        self._on = on = network.start.device
        moving = self.layers[:free]
        tiles = [
            triton.cdiv(layer.from_rows, self._finish(i)[0]) for i, layer in enumerate(self.layers)
        ]
        top = triton.cdiv(self.layers[-1].rows, self._finish(len(self.layers))[0])
        self.styles = Styles(
            [layer.source for layer in moving], tiles[:free], [*tiles[1:], top][:free], dtype
        )
        self._allocate(on, gradients)
        self._origins = torch.zeros(len(self.layers), plan.points, 2, dtype=torch.int32, device=on)

    def _allocate(self, on: torch.device, gradients: bool) -> None:
        """Scratch that layers share, one after another; two where one reads what another makes."""
        layers, dtype = self.layers, self._dtype
        outputs = [layer.rows * layer.n for layer in layers]
        most = max(self._start.numel(), *outputs[: self.free])
        self._scaled = [torch.empty(most, dtype=dtype, device=on) for _ in range(2)]
        sliced = [la.tiling.slices * la.rows * la.n for la in layers if la.tiling.slices > 1]
        sliced += [9 * la.from_rows * la.n for la in layers if la.source.up and la.library is None]
        most, spread = 0, 0
        if gradients:
            most = max(outputs)
            spread = max(la.sources * la.grown[0] * la.grown[1] * la.n for la in layers)
            sliced += [la.back.slices * la.from_rows * la.k for la in layers if la.back.slices > 1]
        self._gradients = [torch.empty(most, dtype=dtype, device=on) for _ in range(2)]
        self._spread = torch.empty(spread, dtype=dtype, device=on)
        # Nine roundings to bfloat16 would double the gradient's error.
        between = torch.float16 if dtype == torch.float16 else torch.float32
        self._partials = torch.empty(max(sliced, default=0), dtype=between, device=on)
        self.scratch = [*self._scaled, *self._gradients, self._spread, self._partials]
        self.scratch += [*self.styles.scratch, *(layer.features for layer in layers)]

    def fold(self, ws: Tensor) -> None:
        """Take the picture's w+ [num_ws, w_dim] into the weights of the layers that stay."""
        for index in range(self.free, len(self.layers)):
            self.layers[index].set_weight(self.layers[index].folded(ws[index]))

    @property
    def features(self) -> Tensor:
        """Of the last forward: [B, C, h, w], channels-last; overwritten by the next."""
        return self.output(len(self.layers) - 1)

    def output(self, index: int) -> Tensor:
        """A layer's output, as `features`."""
        layer = self.layers[index]
        shape = layer.batch, layer.makes.height, layer.makes.width, layer.n
        return layer.features.view(shape).permute(0, 3, 1, 2)

    def forward(self, ws: Tensor, origins: Tensor) -> Tensor:
        """Features of w+ [num_ws, w_dim], windows beginning at `origins` [layers, P, 2]."""
        self.start(ws, origins)
        for index in range(len(self.layers)):
            self.run(index)
        return self.features

    def start(self, ws: Tensor, origins: Tensor) -> None:
        """The styles, and the start times the first of them: `run` each layer after it."""
        self._origins = origins
        self.styles.forward(ws, self._start, self._scaled[1])

    def run(self, index: int) -> None:
        """One layer, after those before it."""
        scaled = self._scaled[index % 2]
        x = self.input_of(index)
        if self.layers[index].source.up:
            self._double(index, x, scaled)
        elif self.layers[index].library is not None:
            made = self._by_library(index, x, self.layers[index].library)
            self._finish_layer(index, made, scaled, 1)
        elif self.layers[index].quads is not None:
            self._convolve_quads(index, x, scaled)
        else:
            self._convolve(index, x, scaled)

    def _convolve(self, index: int, x: Tensor, scaled: Tensor) -> None:
        layer, cut = self.layers[index], self.layers[index].tiling
        reads, makes, styles = layer.reads, layer.makes, self.styles
        convolve_kernel[cut.grid(layer.rows, layer.n)](
            x, layer.weight, self._partials, layer.features, scaled,
            styles.demod_of(index), styles.style_of(index + 1), layer.bias, layer.noise,
            self._origins[index], layer.rows,
            reads.height, reads.width, makes.height, makes.width, makes.map_height,
            makes.map_width, layer.clamp, layer.k, layer.n,
            reads.size is not None, makes.size is not None, layer.batch > 1,
            index < self.free, layer.source.noise is not None, index + 1 < self.free,
            cut.slices, self.precision, cut.rows, cut.columns, cut.depth,
            num_warps=cut.warps, num_stages=cut.stages,
        )  # fmt: skip
        if cut.slices > 1:
            self._finish_layer(index, self._partials, scaled, cut.slices)

    def input_of(self, index: int) -> Tensor:
        """What a layer's product reads: the features below, or those times its style."""
        if index < self.free:
            return self._scaled[(index - 1) % 2]
        return self.layers[index - 1].features

    def _by_library(self, index: int, x: Tensor, weight: Tensor | None) -> Tensor:
        """The library's convolution of a map as large as the layer's."""
        layer = self.layers[index]
        assert weight is not None
        channels = weight.shape[1]
        shape = 1, layer.makes.height, layer.makes.width, channels
        x = x.view(-1)[: layer.rows * channels].view(shape).permute(0, 3, 1, 2)
        return F.conv2d(x, weight, padding=1)

    def _convolve_quads(self, index: int, x: Tensor, scaled: Tensor) -> None:
        layer, cut, styles = self.layers[index], self.layers[index].quads, self.styles
        assert cut is not None
        convolve_quads_kernel[cut.grid(layer.rows // 4, layer.n)[:2]](
            x, layer.weight, layer.features, scaled, styles.demod_of(index),
            styles.style_of(index + 1), layer.bias, layer.noise, layer.makes.height,
            layer.makes.width, layer.clamp, layer.k, layer.n, index < self.free,
            layer.source.noise is not None, index + 1 < self.free, self.precision,
            cut.rows, cut.columns, cut.depth, num_warps=cut.warps, num_stages=cut.stages,
        )  # fmt: skip

    def _double(self, index: int, x: Tensor, scaled: Tensor) -> None:
        layer, cut, reads = self.layers[index], self.layers[index].tiling, self.layers[index].reads
        if layer.library is not None:
            shape = layer.sources, reads.height, reads.width, layer.k
            x = x.view(-1)[: layer.from_rows * layer.k].view(shape).permute(0, 3, 1, 2)
            doubled = F.conv_transpose2d(x, layer.library, stride=2)
            if layer.makes.size is None:
                self._double_map(index, doubled, scaled)
            else:
                self._finish_layer(index, doubled, scaled, DOUBLED.value)
            return
        grid = triton.cdiv(layer.from_rows, cut.rows), layer.n // cut.columns, 9
        products_kernel[grid](
            x, layer.weight, self._partials, self._origins[index - 1], layer.from_rows,
            reads.height, reads.width, reads.map_height, reads.map_width, layer.k, layer.n,
            layer.sources > 1, self.precision, cut.rows, cut.columns, cut.depth,
            num_warps=cut.warps, num_stages=cut.stages,
        )  # fmt: skip
        self._finish_layer(index, self._partials, scaled, PRODUCTS.value)

    def _double_map(self, index: int, doubled: Tensor, scaled: Tensor) -> None:
        layer, reads, styles = self.layers[index], self.layers[index].reads, self.styles
        bm, bn = tile_quads(layer.n)
        double_map_kernel[(triton.cdiv(layer.from_rows, bm), layer.n // bn)](
            doubled, layer.features, scaled, styles.demod_of(index), styles.style_of(index + 1),
            layer.bias, layer.noise, reads.height, reads.width, layer.clamp, layer.n,
            index < self.free, layer.source.noise is not None, index + 1 < self.free, bm, bn,
        )  # fmt: skip

    def _finish_layer(self, index: int, partials: Tensor, scaled: Tensor, made_by: int) -> None:
        layer, styles = self.layers[index], self.styles
        reads, makes, (bm, bn) = layer.reads, layer.makes, tile_elements(layer.rows, layer.n)
        finish_kernel[(triton.cdiv(layer.rows, bm), layer.n // bn)](
            partials, layer.features, scaled, styles.demod_of(index), styles.style_of(index + 1),
            layer.bias, layer.noise, self._origins[max(index - 1, 0)], self._origins[index],
            layer.rows, layer.from_rows, reads.height, reads.width, makes.height, makes.width,
            makes.map_height, makes.map_width, layer.clamp, layer.n, made_by,
            reads.size is not None, makes.size is not None, index < self.free,
            layer.source.noise is not None, index + 1 < self.free, bm, bn,
        )  # fmt: skip

    def backward(self, gradient: Tensor) -> Tensor:
        """dL/dw [free, w_dim] of the last forward from dL/dF [B, C, h, w], channels-last."""
        self.pull_back(gradient)
        return self.styles.latent_gradient(1.0 / self.scale)

    @property
    def top(self) -> tuple[Tensor, float, float] | None:
        """Where the gradient of the topmost sums may be left instead of giving dL/dF.

        The buffer, in the features' order, the clamp, and what to multiply by; None where that
        layer's demodulation moves.
        """
        last = len(self.layers) - 1
        if last < self.free:
            return None
        return self._gradients[last % 2], self.layers[last].clamp, self.scale

    def pull_back(self, gradient: Tensor | None) -> None:
        """As far as the gradients of the styles, which are left in `styles`, times `scale`.

        Without a gradient what is in `top` is taken.
        """
        last = len(self.layers) - 1
        if gradient is not None:
            self._finish_gradient(last + 1, gradient, self._gradients[last % 2], 1, self.scale)
        for index in range(last, -1, -1):
            x = self._gradients[index % 2]
            if self.layers[index].source.up or self.layers[index].entering:
                self._gather_windows(index, x)
                x = self._spread
            below = self._gradients[(index - 1) % 2]
            stays, layer = index > self.free, self.layers[index]
            if stays and layer.library_back is not None:
                made = self._by_library(index, x, layer.library_back)
                self._finish_gradient(index, made, below, 1, 1.0)
                continue
            if stays and layer.quads_back is not None:
                self._gradient_quads(index, x, below)
                continue
            self._convolve_gradient(index, x, below)
            slices = self.layers[index].back.slices
            if slices > 1:
                self._finish_gradient(index, self._partials, below, slices, 1.0)
        self.styles.style_gradient()

    def _finish(self, index: int) -> tuple[int, int]:
        """The tile that follows the product of a layer's gradient; of dL/dF: index layers."""
        takes_sums = index <= self.free
        if takes_sums and index < len(self.layers) and self.layers[index].back.slices == 1:
            return self.layers[index].back.rows, self.layers[index].back.columns
        below = self.layers[index - 1]
        channels = below.n if index else self.layers[0].k
        return tile_sums(channels) if takes_sums else tile_elements(below.rows, channels)

    def _finish_gradient(
        self, index: int, partials: Tensor, gradient: Tensor, slices: int, scale: float
    ) -> None:
        below = self.layers[max(index - 1, 0)]
        features, height, width, rows, n = below.features, *below.held
        if index == 0:
            features, reads = self._start, self.layers[0].reads
            height, width, rows, n = reads.height, reads.width, *self._start.shape
        styles, makes, (bm, bn) = self.styles, below.makes, self._finish(index)
        finish_gradient_kernel[(triton.cdiv(rows, bm), n // bn)](
            partials, features, gradient, styles.style_of(index), styles.demod_of(index - 1),
            styles.style_sums_of(index), styles.demod_sums_of(index - 1), below.bias, below.noise,
            self._origins[max(index - 1, 0)], rows, height, width, makes.map_height,
            makes.map_width, below.clamp, styles.c, scale, n, makes.size is not None,
            index < self.free, index > 0, 0 < index <= self.free,
            below.source.noise is not None, slices, bm, bn,
        )  # fmt: skip

    def _gather_windows(self, index: int, x: Tensor) -> None:
        layer, makes = self.layers[index], self.layers[index].makes
        height, width = layer.grown
        rows = layer.sources * height * width
        bm, bn = tile_elements(rows, layer.n)
        spread_kernel[(triton.cdiv(rows, bm), layer.n // bn)](
            x, self._spread, self._origins[index], self._origins[max(index - 1, 0)], rows,
            makes.height, makes.width, height, width, layer.batch if layer.entering else 1,
            layer.n, layer.source.up, makes.size is not None,
            layer.reads.size is not None, bm, bn,
        )  # fmt: skip

    def _gradient_quads(self, index: int, x: Tensor, gradient: Tensor) -> None:
        layer, cut, below = (
            self.layers[index],
            self.layers[index].quads_back,
            self.layers[index - 1],
        )
        assert cut is not None
        gradient_quads_kernel[cut.grid(layer.rows // 4, layer.k)[:2]](
            x, layer.weight, below.features, gradient, layer.makes.height, layer.makes.width,
            below.clamp, layer.n, layer.k, self.precision, cut.rows, cut.columns, cut.depth,
            num_warps=cut.warps, num_stages=cut.stages,
        )  # fmt: skip

    def _convolve_gradient(self, index: int, x: Tensor, gradient: Tensor) -> None:
        layer, cut, styles = self.layers[index], self.layers[index].back, self.styles
        below = self.layers[index - 1] if index else layer  # of the start nothing is read
        reads, (height, width) = layer.reads, layer.grown
        convolve_gradient_kernel[cut.grid(layer.from_rows, layer.k)](
            x, layer.weight, self._partials, below.features if index else self._start, gradient,
            styles.style_of(index), styles.demod_of(index - 1), styles.style_sums_of(index),
            styles.demod_sums_of(index - 1), below.bias, below.noise,
            self._origins[max(index - 1, 0)], layer.from_rows, height, width, reads.height,
            reads.width, reads.map_height, reads.map_width, below.clamp, styles.c, layer.n, layer.k,
            layer.source.up, layer.makes.size is not None and not layer.entering,
            reads.size is not None, layer.sources > 1, index < self.free, index > 0,
            0 < index <= self.free, below.source.noise is not None, cut.slices, self.precision,
            cut.rows, cut.columns, cut.depth, num_warps=cut.warps, num_stages=cut.stages,
        )  # fmt: skip
