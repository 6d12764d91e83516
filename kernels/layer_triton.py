"""One layer of the synthesis on a card: its constants, its output, and how it is launched."""

from __future__ import annotations

import torch
from torch import Tensor

from .network import ConvLayer, demodulation, style
from .tiles_triton import Tiling, tile_product, tile_quad_product
from .windows import Extent

LIBRARY_ROWS = 1024  # from so many samples on cuDNN's transposed convolution is faster (H200)
LIBRARY_MAP = 4096, 512  # on a whole map of so many samples and channels its convolution is, too


class Ordered:
    """Weights that no picture changes, in the order that kernels read them: once for all plans.

    Args:
        dtype: of the weights.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self._made: dict[ConvLayer, Tensor] = {}

    def of(self, layer: ConvLayer) -> Tensor:
        """A layer's [9, K, N], from its [N, K, 3, 3]."""
        if layer not in self._made:
            self._made[layer] = self.own(layer)
        return self._made[layer]

    def own(self, layer: ConvLayer) -> Tensor:
        """As `of`, for one who changes it."""
        return ordered(layer.weight).to(self.dtype).contiguous()


def ordered(weight: Tensor) -> Tensor:
    """A view [9, K, N] of [N, K, 3, 3], or a copy."""
    n, k = weight.shape[:2]
    return weight.permute(2, 3, 1, 0).reshape(9, k, n)


class Layer:
    """One layer: its constants in the compute dtype, its output, and how it is launched.

    Args:
        layer: its source.
        reads: what of the map below is there.
        makes: what is made.
        points: windows, where it reads or makes windows.
        constants: of layers that never fold.
        stays: whether its w is folded into its weight (`set_weight`).
        gradients: whether there is a way back.
    """

    def __init__(
        self,
        layer: ConvLayer,
        reads: Extent,
        makes: Extent,
        points: int,
        constants: Ordered,
        *,
        stays: bool,
        gradients: bool,
    ) -> None:
        dtype = constants.dtype
        self.source, self.reads, self.makes = layer, reads, makes
        self.n, self.k = layer.weight.shape[:2]
        on = layer.weight.device
        self.sources = 1 if reads.size is None else points
        self.batch = 1 if makes.size is None else points
        self.from_rows = self.sources * reads.height * reads.width
        self.rows = self.batch * makes.height * makes.width
        self.features = torch.empty(self.rows, self.n, dtype=dtype, device=on)
        # As the features have it: what was clamped is told from what was not by comparing.
        self.clamp = torch.tensor(layer.clamp).to(dtype).item()
        self.bias = layer.bias.float().contiguous()
        self.noise = self.bias if layer.noise is None else layer.noise.float().contiguous()
        self.tiling = tile_product(self.from_rows if layer.up else self.rows, self.k, self.n, dtype)
        self.back = tile_product(self.from_rows, self.n, self.k, dtype)
        self.quads: Tiling | None = None
        self.quads_back: Tiling | None = None
        whole = not layer.up and reads.size is None and makes.size is None
        quads, left_over = divmod(self.rows, 4)
        if whole and not left_over:
            self.quads = tile_quad_product(quads, self.k, self.n, dtype)
            self.quads_back = tile_quad_product(quads, self.n, self.k, dtype)
        large = self.rows >= LIBRARY_MAP[0] and min(self.k, self.n) >= LIBRARY_MAP[1]
        self._dtype, self._on = dtype, on
        self.library: Tensor | None = None
        self.library_back: Tensor | None = None  # the same, as a convolution's way back needs it
        if layer.up and self.from_rows >= LIBRARY_ROWS:
            self.library = self._library_weight(self.k, self.n)
        elif whole and large:
            self.library = self._library_weight(self.n, self.k)
            self.library_back = self._library_weight(self.k, self.n) if gradients else None
        read = gradients or self.library is None
        self.weight = torch.empty(0, self.k, self.n, dtype=dtype, device=on)
        if read:
            self.weight = constants.own(layer) if stays else constants.of(layer)
        self._set_library(layer.weight)

    def _library_weight(self, *channels: int) -> Tensor:
        weight = torch.empty(*channels, 3, 3, dtype=self._dtype, device=self._on)
        return weight.to(memory_format=torch.channels_last)

    def set_weight(self, weight: Tensor) -> None:
        """Take a float32 weight [N, K, 3, 3] with a picture's w folded in."""
        if len(self.weight) > 0:
            self.weight.copy_(ordered(weight))
        self._set_library(weight)

    def _set_library(self, weight: Tensor) -> None:
        if self.library is not None:
            self.library.copy_(weight.transpose(0, 1) if self.source.up else weight)
        if self.library_back is not None:
            self.library_back.copy_(weight.transpose(0, 1).flip(2, 3))

    @property
    def held(self) -> tuple[int, int, int, int]:
        """Height and width of what it makes, rows in all, channels."""
        return self.makes.height, self.makes.width, self.rows, self.n

    @property
    def entering(self) -> bool:
        """Whether it takes windows out of a whole map."""
        return self.reads.size is None and self.makes.size is not None

    @property
    def grown(self) -> tuple[int, int]:
        """Size of what the gradient is gathered from: of the doubled input, or the output map."""
        if self.source.up:
            return 2 * self.reads.height + 1, 2 * self.reads.width + 1
        if self.entering:
            return self.makes.map_height, self.makes.map_width
        return self.makes.height, self.makes.width

    def folded(self, w: Tensor) -> Tensor:
        """The weight with the style and the demodulation that w [w_dim] gives."""
        factors = style(self.source.affine_weight, self.source.affine_bias, w)
        demod = demodulation(self.source, factors)
        return self.source.weight * factors[:, None, None] * demod[:, None, None, None]
