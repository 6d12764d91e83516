"""A folder of somebody's pictures as training data, with a word on each that cannot serve."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
FEWEST: Final = 4


class DataError(ValueError):
    """Pictures that cannot be trained on: what, the rule, the value."""


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What became of a folder's files."""

    used: int
    converted: tuple[str, ...]  # names of pictures whose colours or turn were changed, and how
    skipped: tuple[str, ...]  # names, and why

    def lines(self) -> list[str]:
        """For people: a line for the whole, one for each skipped file."""
        told = f"{self.used} pictures, {len(self.converted)} converted, {len(self.skipped)} skipped"
        return [told, *(f"skipped {text}" for text in self.skipped)]


def read_folder(folder: Path, resolution: int) -> tuple[Tensor, FolderReport]:
    """All pictures of a folder and those below it, their middle square, scaled.

    Grey and CMYK become RGB, transparency white, EXIF's turn is applied. Damaged pictures and
    such with a side below half the resolution are skipped.

    Returns:
        uint8 [N, 3, resolution, resolution] in the order of names, and what became of the files.

    Raises:
        DataError: no such folder, or too few pictures remain.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: data must be 'creatures' or a folder of pictures")
    pictures: list[Tensor] = []
    converted: list[str] = []
    skipped: list[str] = []
    for path in sorted(_files(folder)):
        name = str(path.relative_to(folder))
        try:
            picture, changes = _read(path, resolution)
        except DataError as error:
            skipped.append(f"{name}: {error}")
            continue
        pictures.append(picture)
        if changes:
            converted.append(f"{name}: {', '.join(changes)}")
    report = FolderReport(len(pictures), tuple(converted), tuple(skipped))
    if len(pictures) < FEWEST:
        why = f" ({skipped[0]})" if skipped else ""
        raise DataError(
            f"{folder}: training needs at least {FEWEST} pictures, not {len(pictures)}{why}"
        )
    return torch.stack(pictures), report


def _files(folder: Path) -> list[Path]:
    return [
        Path(place) / name
        for place, _, names in os.walk(folder)
        for name in names
        if Path(name).suffix.lower() in SUFFIXES
    ]


def _read(path: Path, resolution: int) -> tuple[Tensor, list[str]]:
    try:
        with Image.open(path) as image:
            mode = image.mode
            upright = ImageOps.exif_transpose(image)
            changes = [] if mode == "RGB" else [f"{mode} to RGB"]
            if image.getexif().get(0x0112, 1) != 1:
                changes.append("turned by EXIF")
            smallest = min(upright.size)
            if smallest * 2 < resolution:
                width, height = upright.size
                rule = f"a side must be at least {resolution // 2} px"
                raise DataError(f"{rule}, not {width}x{height}")
            picture = _on_white(upright)
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise DataError(f"not a picture ({' '.join(str(error).split())})") from error
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"damaged ({' '.join(str(error).split())})") from error
    square = ImageOps.fit(picture, (resolution, resolution), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1), changes


def _on_white(image: Image.Image) -> Image.Image:
    """RGB; what is transparent becomes white."""
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")
