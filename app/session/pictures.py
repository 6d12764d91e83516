"""Picture files: PNG out, masks in, and fitting one picture into another's size.

Pictures are uint8 [H, W, 4] RGBA, masks float32 [H, W] in 0..1 with 1 = movable
(docs/conventions.md).
"""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..engine.types import Size
from .errors import FileError, MaskError
from .files import require_writable, write_bytes

Picture: TypeAlias = NDArray[np.uint8]
UNREADABLE: Final = (  # what Pillow says of files that are damaged
    OSError,
    ValueError,
    TypeError,
    LookupError,
    SyntaxError,  # a broken PNG
    struct.error,
    Image.DecompressionBombError,
)
_RULE: Final = "must be a PNG or JPEG picture of 8 or 16 bits; it is not"


def picture_size(picture: NDArray[np.generic]) -> Size:
    """Width and height of a [H, W] or [H, W, C] array."""
    height, width = picture.shape[:2]
    return Size(width, height)


def write_png(path: Path, rgba: Picture, *, make_folder: bool = False) -> None:
    """Write a picture as PNG, in one step; opaque pictures are stored without alpha.

    Args:
        path: must end in `.png`.
        rgba: uint8 [H, W, 4], or [H, W, 3] without alpha.
        make_folder: create the folders it lies in; otherwise they must exist.

    Raises:
        FileError: another suffix, or as `write_bytes`.
        ValueError: not a uint8 picture of three or four channels.
    """
    _require_png(path)
    if rgba.dtype != np.uint8 or rgba.ndim != 3 or rgba.shape[2] not in (3, 4) or not rgba.size:
        raise ValueError(f"picture must be uint8 [H, W, 3 or 4], not {rgba.dtype} {rgba.shape}")
    opaque = rgba.shape[2] == 3 or bool((rgba[..., 3] == 255).all())
    bgr = np.ascontiguousarray(rgba[..., 2::-1] if opaque else rgba[..., [2, 1, 0, 3]])
    encoded, content = cv2.imencode(".png", bgr)
    if not encoded:
        raise FileError(f"{path}: the picture could not be encoded as PNG")
    write_bytes(path, content.tobytes(), make_folder=make_folder)


def require_picture_place(path: Path) -> None:
    """Make sure, before long work, that a picture can be written at `path`.

    Raises:
        FileError: not a `.png` name, its folder is missing, a folder has that name, no right.
    """
    _require_png(path)
    require_writable(path)


def _require_png(path: Path) -> None:
    if path.suffix.lower() != ".png":
        raise FileError(f"{path}: a picture's name must end in .png, not {path.suffix!r}")


def read_mask(path: Path, size: Size) -> NDArray[np.float32]:
    """Read the movable region from a picture file: bright = movable.

    A picture with transparency is its own mask: opaque = movable. Otherwise brightness counts,
    grey or colour, 8 or 16 bits.

    Args:
        path: a PNG or JPEG file.
        size: the picture that the mask is for; they must agree.

    Returns:
        float32 [H, W] in 0..1, 1 = movable.

    Raises:
        MaskError: missing, unreadable, no picture, or of another size.
    """
    content = _read(path)
    _require_sane(content, path, size)
    stored = _decode(content)
    if stored is None or picture_size(stored) != size:
        raise MaskError(f"mask {path} {_RULE}")
    return _coverage(stored)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MaskError(f"mask {path}: there is no such file") from error
    except OSError as error:
        raise MaskError(f"mask {path} cannot be read: {error.strerror or error}") from error


def _require_sane(content: bytes, path: Path, size: Size) -> None:
    """Hold the size that a file claims against the picture's, before its pixels fill the memory.

    Raises:
        MaskError: they differ, or it is no PNG or JPEG file.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of size
            with Image.open(io.BytesIO(content), formats=["PNG", "JPEG"]) as picture:
                claimed = Size(*picture.size)
                picture.verify()  # lengths of PNG chunks: a decoder might believe them
    except Image.DecompressionBombError as error:
        raise MaskError(f"mask {path} is larger than any picture") from error
    except UNREADABLE as error:
        raise MaskError(f"mask {path} {_RULE}") from error
    if claimed != size:
        raise MaskError(
            f"mask {path} is {claimed.width}x{claimed.height}, the picture "
            f"{size.width}x{size.height}: they must agree"
        )


def _decode(content: bytes) -> NDArray[np.float32] | None:
    """Decode as it is stored: [H, W] or [H, W, 3 or 4] (BGR, BGRA), scaled to 0..1."""
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if picture is None or picture.dtype not in (np.uint8, np.uint16):
        return None
    scaled: NDArray[np.float32] = picture.astype(np.float32)
    scaled /= 255 if picture.dtype == np.uint8 else 65535
    return scaled


def _coverage(stored: NDArray[np.float32]) -> NDArray[np.float32]:
    """The one channel [H, W] that says what may move."""
    if stored.ndim == 2:
        return stored
    if stored.shape[2] == 4 and (stored[..., 3] < 1).any():
        return np.ascontiguousarray(stored[..., 3])
    grey = cv2.cvtColor(np.ascontiguousarray(stored[..., :3]), cv2.COLOR_BGR2GRAY)
    return np.asarray(grey, np.float32)


def letterbox(picture: Picture, size: Size) -> Picture:
    """Fit a picture into another size, its shape kept, black around it.

    Args:
        picture: uint8 [H, W, 4].
        size: of the result.

    Returns:
        uint8 [size.height, size.width, 4], opaque around the picture.
    """
    have = picture_size(picture)
    scale = min(size.width / have.width, size.height / have.height)
    width = min(max(round(have.width * scale), 1), size.width)
    height = min(max(round(have.height * scale), 1), size.height)
    shrinks = scale < 1
    fitted = cv2.resize(
        picture, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    result = np.zeros((size.height, size.width, 4), np.uint8)
    result[..., 3] = 255
    top, left = (size.height - height) // 2, (size.width - width) // 2
    result[top : top + height, left : left + width] = fitted
    return result
