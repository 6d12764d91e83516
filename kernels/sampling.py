"""Bilinear sampling of feature maps at image positions: the geometry that all point ops share.

A position (x, y) in image pixels lies at u = (x + 0.5)·w/W − 0.5 of a feature map w wide, and
likewise in y; positions beyond the map's outer samples take the border's value. At whole pixels
this equals the map upsampled to the picture's size (bilinear, align_corners=False), which is
never made: the paper's section 3.2 asks for its values only near the points.
"""

import torch
from torch import Tensor


def lattice(
    positions: Tensor, map_size: list[int], image_size: list[int]
) -> tuple[Tensor, Tensor, Tensor]:
    """The four samples of a map around each position, and their weights.

    Args:
        positions: float32 [..., 2], (x, y) in image pixels.
        map_size: (h, w) of the feature map.
        image_size: (H, W) of the picture.

    Returns:
        Columns and rows of the samples, int64 [..., 4] each, and weights [..., 4] of sum 1.
    """
    h, w = map_size
    u = ((positions[..., 0] + 0.5) * (w / image_size[1]) - 0.5).clamp(0.0, w - 1.0)
    v = ((positions[..., 1] + 0.5) * (h / image_size[0]) - 0.5).clamp(0.0, h - 1.0)
    left, top = u.floor(), v.floor()
    fu, fv = u - left, v - top
    x0, y0 = left.long(), top.long()
    x1, y1 = (x0 + 1).clamp(max=w - 1), (y0 + 1).clamp(max=h - 1)
    columns = torch.stack([x0, x1, x0, x1], dim=-1)
    rows = torch.stack([y0, y0, y1, y1], dim=-1)
    weight = torch.stack([(1 - fv) * (1 - fu), (1 - fv) * fu, fv * (1 - fu), fv * fu], dim=-1)
    return columns, rows, weight


def corners(
    positions: Tensor, feature_size: list[int], image_size: list[int]
) -> tuple[Tensor, Tensor]:
    """As `lattice`, with row-major indices int64 [..., 4] into the map's h·w samples."""
    columns, rows, weight = lattice(positions, feature_size, image_size)
    return rows * feature_size[1] + columns, weight


def window_corners(
    positions: Tensor, origins: Tensor, size: int, map_size: list[int], image_size: list[int]
) -> tuple[Tensor, Tensor]:
    """As `corners`, for a map of which a window is held for each point.

    Args:
        positions: float32 [P, K, 2], of P points, (x, y) in image pixels.
        origins: int32 [P, 2], (x, y) of each window's first sample on the map.
        size: side of the windows.
        map_size: (h, w) of the whole map.
        image_size: (H, W) of the picture.

    Returns:
        Indices int64 [P, K, 4] into the P·size·size samples, and weights [P, K, 4]. A sample that
        no window holds is taken from its own window's edge.
    """
    columns, rows, weight = lattice(positions, map_size, image_size)
    columns = (columns - origins[:, 0, None, None]).clamp(0, size - 1)
    rows = (rows - origins[:, 1, None, None]).clamp(0, size - 1)
    point = torch.arange(origins.shape[0], device=origins.device)[:, None, None]
    return (point * size + rows) * size + columns, weight


def held_corners(
    positions: Tensor,
    features: Tensor,
    origins: Tensor | None,
    map_size: list[int],
    image_size: list[int],
) -> tuple[Tensor, Tensor]:
    """`window_corners` where there are origins, else `corners` of the whole map."""
    if origins is None:
        return corners(positions, map_size, image_size)
    return window_corners(positions, origins, features.shape[2], map_size, image_size)


def gather_bilinear(features: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """Weighted sums of samples: features [B, C, h, w], index and weight [..., 4] to [..., C]."""
    rows = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])
    picked = rows[index.flatten()].view(*index.shape, features.shape[1])
    out_dtype = torch.promote_types(features.dtype, torch.float32)
    return (picked.to(out_dtype) * weight.to(out_dtype)[..., None]).sum(dim=-2)


def scatter_bilinear(vectors: Tensor, index: Tensor, weight: Tensor, features: Tensor) -> Tensor:
    """The transpose of `gather_bilinear`: vectors [..., C] added to the samples they were mixed of.

    Returns:
        The sums, of the shape and dtype of `features`, channels-last; 0 where nothing was mixed.
    """
    batch, channels, h, w = features.shape
    rows = torch.zeros(batch * h * w, channels, dtype=vectors.dtype, device=vectors.device)
    spread = weight.to(vectors.dtype)[..., None] * vectors[..., None, :]
    rows.index_add_(0, index.flatten(), spread.reshape(-1, channels))
    return rows.to(features.dtype).view(batch, h, w, channels).permute(0, 3, 1, 2)


def sample_bilinear(features: Tensor, positions: Tensor, image_size: list[int]) -> Tensor:
    """Feature vectors at image positions.

    Args:
        features: [1, C, h, w], any floating dtype; channels-last reads fastest.
        positions: float32 [..., 2], (x, y) in image pixels.
        image_size: (H, W) of the picture.

    Returns:
        [..., C], float32 (float64 for float64 features).
    """
    index, weight = corners(positions, list(features.shape[2:]), image_size)
    return gather_bilinear(features, index, weight)


def disc_offsets(radius_px: float, device: torch.device) -> Tensor:
    """Whole-pixel offsets within `radius_px` of the centre, float32 [K, 2], (x, y)."""
    offsets = square_offsets(int(radius_px), device)
    return offsets[offsets.square().sum(dim=1) <= radius_px**2]


def square_offsets(radius_px: int, device: torch.device) -> Tensor:
    """Whole-pixel offsets of the square of half side `radius_px`, nearest first, [K, 2], (x, y).

    Nearest first, so that the first of several equal minima is the one that moves least.
    """
    axis = torch.arange(-radius_px, radius_px + 1, dtype=torch.float32)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    offsets = torch.stack([x, y], dim=-1).reshape(-1, 2)
    order = offsets.square().sum(dim=1).argsort(stable=True)
    return offsets[order].to(device)
