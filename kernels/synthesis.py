"""Synthesis up to the feature block, whole or in windows: the truth for the fused twins.

Contract
    network   constants (`network.Network`); their dtype is the one computed in
    ws        [num_ws, w_dim]; gradient flows here
    plan      which part of each map is computed (`windows.plan_windows`)
    origins   int32 [layers, P, 2], where the windows begin (`windows.window_origins`)
    returns   the features [B, C, h, w]: the whole map (B = 1), or a window for each point (B = P)
Samples of a window beyond its map are zero. Windows of different points may overlap: a gradient
to such windows counts once for each.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .network import ConvLayer, Network, demodulation, style
from .windows import Extent, WindowPlan, origin_read_by, read_by

TAPS = (0.25, 0.75, 0.75, 0.25)  # the [1, 3, 3, 1] filter for doubling, in one direction


def cut_windows(x: Tensor, origins: Tensor, size: int) -> Tensor:
    """Cut a square out of a map for each point; zero beyond the map.

    Args:
        x: [B, C, h, w], one map for all points (B = 1) or one for each.
        origins: int [P, 2], (x, y).
        size: side of the squares.

    Returns:
        [P, C, size, size].
    """
    height, width = x.shape[2:]
    reach = torch.arange(size, device=x.device)
    columns = origins[:, 0, None] + reach  # [P, size]
    rows = origins[:, 1, None] + reach
    inside = ((rows >= 0) & (rows < height))[:, :, None]
    inside = inside & ((columns >= 0) & (columns < width))[:, None, :]
    rows, columns = rows.clamp(0, height - 1)[:, :, None], columns.clamp(0, width - 1)[:, None, :]
    which = torch.arange(origins.shape[0], device=x.device) if x.shape[0] > 1 else 0
    which = which[:, None, None] if isinstance(which, Tensor) else which
    cut = x.permute(0, 2, 3, 1)[which, rows, columns]  # [P, size, size, C]
    return torch.where(inside[..., None], cut, 0).permute(0, 3, 1, 2)


def inside_map(origins: Tensor, extent: Extent) -> Tensor:
    """Which samples of the windows lie on the map: bool [P, 1, size, size]."""
    reach = torch.arange(extent.height, device=origins.device)
    columns, rows = origins[:, 0, None] + reach, origins[:, 1, None] + reach
    columns = (columns >= 0) & (columns < extent.map_width)
    rows = (rows >= 0) & (rows < extent.map_height)
    return (rows[:, :, None] & columns[:, None, :])[:, None]


def double_size(x: Tensor, weight: Tensor) -> Tensor:
    """Transposed convolution of stride 2, then the filter, nothing padded.

    [B, in, h, w] to [B, out, 2h - 2, 2w - 2]; its sample (0, 0) is sample (1, 1) of the map twice
    as large that begins where `x` does.
    """
    x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
    taps = torch.tensor(TAPS, dtype=x.dtype, device=x.device)
    kernel = torch.outer(taps, taps).expand(x.shape[1], 1, 4, 4)
    return F.conv2d(x, kernel, groups=x.shape[1])


def convolve(x: Tensor, layer: ConvLayer, reads: Extent, makes: Extent, origins: Tensor) -> Tensor:
    """The bare convolution of a layer: what it makes of the part that it reads."""
    if reads.size is None and makes.size is not None:
        # A window of a whole map: cut first, then as any other.
        x = cut_windows(x, origin_read_by(origins, layer.up), read_by(makes.size, layer.up))
    if makes.size is None:
        if layer.up:
            return double_size(F.pad(x, [1, 1, 1, 1]), layer.weight)[:, :, 1:-1, 1:-1]
        return F.conv2d(x, layer.weight, padding=1)
    if not layer.up:
        return F.conv2d(x, layer.weight)
    return cut_windows(double_size(x, layer.weight), 1 + (origins & 1), makes.size)


def run_layer(
    x: Tensor, layer: ConvLayer, w: Tensor, reads: Extent, makes: Extent, origins: Tensor
) -> Tensor:
    """One layer on the part of its map that is wanted: [B, in, ...] to [B', out, ...]."""
    factors = style(layer.affine_weight, layer.affine_bias, w)
    y = convolve(x * factors[:, None, None], layer, reads, makes, origins)
    y = y * demodulation(layer, factors)[:, None, None]
    if layer.noise is not None:
        noise = layer.noise[None, None]
        y = y + (noise if makes.size is None else cut_windows(noise, origins, makes.size))
    y = F.leaky_relu(y + layer.bias[:, None, None], 0.2) * 2**0.5
    y = y.clamp(-layer.clamp, layer.clamp)
    return y if makes.size is None else torch.where(inside_map(origins, makes), y, 0)


def synthesize_features(network: Network, ws: Tensor, plan: WindowPlan, origins: Tensor) -> Tensor:
    """The features (see the module's contract), differentiable by autograd."""
    x = network.start[None]
    layers = zip(network.layers, plan.reads, plan.makes, strict=False)
    for i, (layer, reads, makes) in enumerate(layers):
        x = run_layer(x, layer, ws[i], reads, makes, origins[i])
    return x
