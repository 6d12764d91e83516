"""Masks in little memory. Pure; no torch."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .types import Size


@dataclass(frozen=True, slots=True, eq=False)
class PackedMask:
    """A mask in little memory, to be had back bit by bit."""

    size: Size
    content: bytes

    @classmethod
    def of(cls, mask: NDArray[np.float32]) -> PackedMask:
        """Pack float32 [H, W]; 256x256 takes 1 ms and, brushed, a hundredth of the bytes."""
        height, width = mask.shape
        return cls(Size(width, height), zlib.compress(mask.astype("<f4", "C").tobytes(), 1))

    def mask(self) -> NDArray[np.float32]:
        """float32 [H, W].

        Raises:
            ValueError: the content is not that of such a mask.
        """
        length = 4 * self.size.width * self.size.height
        unpacking = zlib.decompressobj()
        try:
            raw = unpacking.decompress(self.content, length + 1)  # never more, whatever it claims
        except zlib.error as error:
            raise ValueError(f"mask: {error}") from error
        if len(raw) != length:
            width, height = self.size
            raise ValueError(f"mask: its content is not that of {width}x{height} pixels")
        return np.frombuffer(bytearray(raw), "<f4").reshape(self.size.height, self.size.width)
