"""GIF and WebP animations, with the surface of `video.VideoWriter`; the pictures wait in memory."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from PIL import Image

from ..engine.types import Size
from .errors import EncoderError, FileError, PlaceError
from .files import require_writable, write_bytes
from .pictures import Picture

SUFFIXES: Final = (".gif", ".webp")
COLOURS: Final = 256  # of a GIF's picture
MOST_PICTURES: Final = 2000


class AnimationWriter:
    """One animation: pictures in, a file on close.

    Args:
        path: ends in `.gif` or `.webp`.
        size: of the pictures that will come.
        fps: of them; a GIF's pictures last whole hundredths of a second.

    Raises:
        PlaceError: another suffix, or it cannot be written there.
    """

    def __init__(self, path: Path, size: Size, fps: int) -> None:
        if path.suffix.lower() not in SUFFIXES:
            raise PlaceError(f"{path}: an animation's name must end in .gif or .webp")
        try:
            require_writable(path)
        except FileError as error:
            raise PlaceError(str(error)) from error
        self.path, self.size, self.fps = path, size, fps
        self._pictures: list[Image.Image] = []

    @property
    def frames(self) -> int:
        """Pictures so far."""
        return len(self._pictures)

    def add(self, rgba: Picture) -> None:
        """Append a picture, uint8 [H, W, 4].

        Raises:
            EncoderError: there are too many for an animation.
        """
        if self.frames == MOST_PICTURES:
            raise EncoderError(f"{self.path}: at most {MOST_PICTURES} pictures; make an MP4 of it")
        image = Image.fromarray(rgba[..., :3].copy())
        if self.path.suffix.lower() == ".gif":
            image = image.quantize(COLOURS, dither=Image.Dither.FLOYDSTEINBERG)
        self._pictures.append(image)

    def close(self) -> None:
        """Write the file in one step; without pictures, or a second time, nothing.

        Raises:
            EncoderError: it cannot be written.
        """
        pictures, self._pictures = self._pictures, []
        if not pictures:
            return
        content = io.BytesIO()
        kind = self.path.suffix[1:].upper()
        pictures[0].save(
            content,
            kind,
            save_all=True,
            append_images=pictures[1:],
            duration=round(1000 / self.fps),
            loop=0,
        )
        try:
            write_bytes(self.path, content.getvalue())
        except FileError as error:
            raise EncoderError(str(error)) from error
