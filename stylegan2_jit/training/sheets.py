"""Contact sheets: many pictures in one, and key points drawn into them."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

SEEN, HIDDEN = (-1.0, 1.0, -1.0), (1.0, -1.0, -1.0)


def sheet(pictures: Tensor, columns: int | None = None) -> npt.NDArray[np.uint8]:
    """Pictures float32 [N, 3, H, W] in -1..1, in rows, to uint8 [rows·H, columns·W, 3].

    Args:
        pictures: beyond -1..1 is clipped; missing ones at the end are black.
        columns: None: about as wide as 3:2.
    """
    count, _, height, width = pictures.shape
    columns = min(columns or math.ceil(math.sqrt(1.5 * count)), count)
    rows = math.ceil(count / columns)
    values = (pictures.float() * 127.5 + 128).clamp(0, 255).byte().cpu().permute(0, 2, 3, 1)
    missing = torch.zeros(rows * columns - count, height, width, 3, dtype=torch.uint8)
    grid = torch.cat([values, missing]).reshape(rows, columns, height, width, 3)
    together = grid.permute(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)
    return np.ascontiguousarray(together.numpy())


def write_sheet(path: Path, pictures: Tensor, columns: int | None = None) -> None:
    """Write a sheet as PNG, to a temporary name first."""
    partial = path.with_name(path.name + ".part")
    try:
        Image.fromarray(sheet(pictures, columns)).save(partial, format="PNG")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def mark(pictures: Tensor, points: Tensor, seen: Tensor) -> Tensor:
    """A copy of float32 [N, 3, H, W] with key points [N, K, 2] (image pixels) as dots.

    Green where `seen` (bool [N, K]), red elsewhere; a dot's radius is 1/64 of the height.
    """
    marked = pictures.clone()
    height, width = pictures.shape[2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    for picture, places, visible in zip(marked, points, seen, strict=True):
        for (px, py), shown in zip(places.tolist(), visible.tolist(), strict=True):
            dot = (x - px) ** 2 + (y - py) ** 2 <= max(1.0, (height / 64) ** 2)
            picture[:, dot] = torch.tensor(SEEN if shown else HIDDEN)[:, None]
    return marked
