"""Bilinear sampling of feature maps at image positions: the geometry that all point ops share.

A position (x, y) in image pixels lies at u = (x + 0.5)·w/W − 0.5 of a feature map w wide, and
likewise in y; positions beyond the map's outer samples take the border's value. At whole pixels
this equals the map upsampled to the picture's size (bilinear, align_corners=False), which is
never made: the paper's section 3.2 asks for its values only near the points.
"""

import torch
from torch import Tensor


def corners(
    positions: Tensor, feature_size: list[int], image_size: list[int]
) -> tuple[Tensor, Tensor]:
    """The four samples around each position, and their weights.

    Args:
        positions: float32 [..., 2], (x, y) in image pixels.
        feature_size: (h, w) of the feature map.
        image_size: (H, W) of the picture.

    Returns:
        Row-major indices int64 [..., 4] into the map's h·w samples, and float32 weights [..., 4]
        that sum to 1.
    """
    h, w = feature_size
    u = ((positions[..., 0] + 0.5) * (w / image_size[1]) - 0.5).clamp(0.0, w - 1.0)
    v = ((positions[..., 1] + 0.5) * (h / image_size[0]) - 0.5).clamp(0.0, h - 1.0)
    left, top = u.floor(), v.floor()
    fu, fv = u - left, v - top
    x0, y0 = left.long(), top.long()
    x1, y1 = (x0 + 1).clamp(max=w - 1), (y0 + 1).clamp(max=h - 1)
    index = torch.stack([y0 * w + x0, y0 * w + x1, y1 * w + x0, y1 * w + x1], dim=-1)
    weight = torch.stack([(1 - fv) * (1 - fu), (1 - fv) * fu, fv * (1 - fu), fv * fu], dim=-1)
    return index, weight


def sample_bilinear(features: Tensor, positions: Tensor, image_size: list[int]) -> Tensor:
    """Feature vectors at image positions.

    Args:
        features: [1, C, h, w], any floating dtype; channels-last reads fastest.
        positions: float32 [..., 2], (x, y) in image pixels.
        image_size: (H, W) of the picture.

    Returns:
        [..., C], float32 (float64 for float64 features).
    """
    channels, h, w = features.shape[1:]
    index, weight = corners(positions, [h, w], image_size)
    rows = features.permute(0, 2, 3, 1).reshape(h * w, channels)
    picked = rows[index.flatten()].view(*index.shape, channels)
    out_dtype = torch.promote_types(features.dtype, torch.float32)
    return (picked.to(out_dtype) * weight.to(out_dtype)[..., None]).sum(dim=-2)


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
