"""The picture as a texture. Dear PyGui reads the shown buffer at every frame and checks nothing.

So the shown buffer is never written: each size has three, swapped by pointer. Textures are kept,
one a size, because deleting one leaks. GUI thread only.
"""

from __future__ import annotations

from dataclasses import dataclass

import dearpygui.dearpygui as dpg
import numpy as np
from numpy.typing import NDArray

from ...engine.types import Size
from ..theme import ACCENT, TARGET, Colour, Item

BUFFERS = 3
PART_SHARE = 0.55
TINT_SHARE = 0.38  # of the tint's colour where the mask is 1


@dataclass(frozen=True, slots=True, eq=False)
class Tint:
    """A mask to be seen over the picture: `picture * keep + add`."""

    keep: NDArray[np.float32]  # [H, W, 1]
    add: NDArray[np.float32]  # [H, W, 4]

    @classmethod
    def over(
        cls, mask: NDArray[np.float32] | None, part: NDArray[np.float32] | None
    ) -> Tint | None:
        """A mask, and over it a part that a click would take, in another colour."""
        tints = [cls.of(mask)] if mask is not None else []
        tints += [cls.of(part, TARGET, PART_SHARE)] if part is not None else []
        if len(tints) == 2:
            below, above = tints
            return cls(below.keep * above.keep, below.add * above.keep + above.add)
        return tints[0] if tints else None

    @classmethod
    def of(
        cls, mask: NDArray[np.float32], colour: Colour = ACCENT, most: float = TINT_SHARE
    ) -> Tint:
        """The mask in a colour: float32 [H, W] in 0..1; `most` where it is 1."""
        share = (mask * np.float32(most))[..., None]
        shade = np.array(colour, dtype=np.float32) / np.float32(255)
        return cls(1 - share, share * shade)


class PictureTexture:
    """Textures by size and their buffers."""

    def __init__(self) -> None:
        self._registry = dpg.add_texture_registry()
        self._textures: dict[Size, Item] = {}
        self._buffers: dict[Size, list[NDArray[np.float32]]] = {}

    def write(self, rgba: NDArray[np.uint8], tint: Tint | None) -> Item:
        """Make a picture the shown one.

        Args:
            rgba: uint8 [H, W, 4].
            tint: of the same height and width.

        Returns:
            The texture that shows it.
        """
        height, width = rgba.shape[:2]
        size = Size(width, height)
        if size not in self._buffers:
            self._buffers[size] = [_buffer(size) for _ in range(BUFFERS)]
        buffers = self._buffers[size]
        buffer = buffers.pop(0)  # the one swapped out longest ago
        buffers.append(buffer)
        np.copyto(buffer, rgba)  # 0.6 ms at 512; multiply with a cast inside takes 0.95
        buffer *= np.float32(1 / 255)
        if tint is not None:
            buffer *= tint.keep
            buffer += tint.add
        if size in self._textures:
            dpg.set_value(self._textures[size], buffer)
        else:
            self._textures[size] = dpg.add_raw_texture(
                width, height, buffer, format=dpg.mvFormat_Float_rgba, parent=self._registry
            )
        return self._textures[size]


def _buffer(size: Size) -> NDArray[np.float32]:
    return np.zeros((size.height, size.width, 4), dtype=np.float32)
