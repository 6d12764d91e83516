"""Masks as PNG files: white may move, black stays, grey in between."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..engine.types import Size
from .errors import SessionError

MOST_BYTES = 64 << 20
LONGEST_SIDE = 16_384


def write_mask(path: Path, mask: NDArray[np.float32]) -> None:
    """Write a mask, float32 [H, W] in 0..1, as 8-bit grey; a file there is replaced at once.

    Raises:
        SessionError: it cannot be written.
    """
    done, png = cv2.imencode(".png", np.rint(mask * 255).astype(np.uint8))
    assert done
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(png.tobytes())
        os.replace(file.name, path)
    except OSError as error:
        raise SessionError(f"{path}: the mask cannot be written: {error.strerror}") from error


def read_mask(path: Path, size: Size) -> NDArray[np.float32]:
    """A mask of the picture's size, float32 [H, W] in 0..1; one of another size is scaled.

    Colours are read as grey; where there is transparency, it is the mask.

    Raises:
        SessionError: it cannot be read, or is no picture.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SessionError(f"{path}: a mask's file must be at most {MOST_BYTES >> 20} MB")
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise SessionError(f"{path}: the mask cannot be read: {error.strerror}") from error
    levels: NDArray[np.float32] | None = _grey(content)
    if levels is None or max(levels.shape) > LONGEST_SIDE:
        raise SessionError(f"{path}: not a picture that can be a mask")
    height, width = levels.shape
    if (width, height) != size:
        smaller = width > size.width
        scaling = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        levels = cv2.resize(levels, size, interpolation=scaling).astype(np.float32)
    return levels.clip(0, 1)


def _grey(content: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """What a picture's file says, float32 [H, W] in 0..1; None where it is none."""
    try:
        pixels = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    except cv2.error:
        return None
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        return None
    scale = np.float32(1 / 255 if pixels.dtype == np.uint8 else 1 / 65535)
    levels: NDArray[np.float32] = pixels.astype(np.float32) * scale
    if levels.ndim == 2:
        return levels
    clear = levels[..., 3:4]
    shown = clear if clear.size and clear.min() < clear.max() else levels[..., :3]
    grey: NDArray[np.float32] = shown.mean(2, dtype=np.float32)
    return grey
