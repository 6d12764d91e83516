"""Windows: which part of every feature map a drag step depends on.

Without a mask the loss and the tracking read the feature map only near the handles. A convolution
needs one sample more on each side of what it makes, an up-convolution about half of it; so around
each handle a small window of the maps is enough, down to where the windows would cover the map
anyway. From there down the maps are computed whole. That is exact: the windowed step equals the
full one to rounding. A drawing is in docs/windows.md.

All windows of a map have the same size, known before anything runs; where they lie is data on the
device. A window may hang over the edge of its map: samples beyond it are zero, as the
convolutions' padding is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Extent:
    """The part of a map that is computed."""

    map_height: int
    map_width: int
    size: int | None  # side of the square windows, one for each point; None: the whole map

    @property
    def height(self) -> int:
        """Rows held."""
        return self.map_height if self.size is None else self.size

    @property
    def width(self) -> int:
        """Columns held."""
        return self.map_width if self.size is None else self.size


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """What each layer reads and makes, for one model, feature block and set of radii.

    Layer i reads the part `reads[i]` of its input map and makes the part `makes[i]` of its output
    map. Where the input is whole and the output is not, layer i takes its windows out of the
    whole map itself: then `reads[i]` is whole.
    """

    reads: tuple[Extent, ...]
    makes: tuple[Extent, ...]
    points: int  # capacity P
    reach_px: float  # how far from the handle the features are read, in image pixels
    scale_px: float  # image pixels a sample of the feature map

    @property
    def windowed(self) -> bool:
        """Whether the feature map is held as windows."""
        return self.makes[-1].size is not None

    def batch(self, extent: Extent) -> int:
        """How many of it there are: one whole map, or a window for each point."""
        return 1 if extent.size is None else self.points


def read_by(size: int, up: bool) -> int:
    """Side of the window that a layer reads to make one of `size`."""
    return size // 2 + 3 if up else size + 2


def origin_read_by(origin: Tensor, up: bool) -> Tensor:
    """Where the window that a layer reads begins, from where the one that it makes begins."""
    return (origin >> 1) - 1 if up else origin - 1


def feature_window(reach_px: float, scale_px: float) -> int:
    """Side of the feature window that holds every bilinear sample within `reach_px`."""
    return math.ceil(2 * reach_px / scale_px) + 2


def plan_windows(
    layers: Sequence[tuple[bool, int, int]],
    *,
    points: int,
    reach_px: float,
    image_height: int,
    cover: float = 0.5,
) -> WindowPlan:
    """Plan the windows of a step.

    Args:
        layers: (up, height, width) of each layer's output, from 4x4 to the feature block.
        points: capacity P.
        reach_px: how far from a handle's position before tracking features are read.
        image_height: of the picture.
        cover: a map is computed whole where the points' windows together would have more than
            this share of its samples; 0 makes all whole.

    Returns:
        The plan; from the first whole map down all are whole.
    """
    scale_px = image_height / layers[-1][1]
    size: int | None = feature_window(reach_px, scale_px)
    reads: list[Extent] = []
    makes: list[Extent] = []
    for index in range(len(layers) - 1, -1, -1):
        up, height, width = layers[index]
        if size is not None and points * size * size > cover * height * width:
            size = None
        makes.append(Extent(height, width, size))
        size = None if size is None or index == 0 else read_by(size, up)
        if up:
            height, width = height // 2, width // 2
        if size is not None and points * size * size > cover * height * width:
            size = None
        reads.append(Extent(height, width, size))
    return WindowPlan(tuple(reads[::-1]), tuple(makes[::-1]), points, reach_px, scale_px)


def window_origins(plan: WindowPlan, ups: Sequence[bool], handles: Tensor) -> Tensor:
    """Where the windows that each layer makes begin.

    Args:
        plan: of P points.
        ups: of each layer, whether it doubles the size.
        handles: float32 [P, 2], (x, y) in image pixels.

    Returns:
        int32 [layers, P, 2], (x, y) in samples of that layer's output map; 0 where it is whole.
    """
    first = ((handles - plan.reach_px + 0.5) / plan.scale_px - 0.5).floor().to(torch.int32)
    origins = [first]
    for up in reversed(ups[1:]):
        origins.append(origin_read_by(origins[-1], up))
    made = zip(reversed(origins), plan.makes, strict=True)
    return torch.stack([o if e.size is not None else torch.zeros_like(o) for o, e in made])
