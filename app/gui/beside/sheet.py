"""Many small pictures in one texture. GUI thread only.

Dear PyGui uploads every raw texture with every frame, and leaks those that are deleted: one for all
cells, made once. It is written between frames, by the thread that draws them.
"""

from __future__ import annotations

import cv2
import dearpygui.dearpygui as dpg
import numpy as np
from numpy.typing import NDArray

from ..theme import CONTROL, Item

Corner = tuple[float, float]


class Sheet:
    """Square cells, side by side and below each other.

    Args:
        side_px: of a cell.
        columns: of cells.
        rows: of cells.
    """

    def __init__(self, side_px: int, columns: int, rows: int = 1) -> None:
        self._side, self._columns, self._rows = side_px, columns, rows
        blank = np.array(CONTROL, np.float32) / 255
        self._pixels = np.empty((rows * side_px, columns * side_px, 4), np.float32)
        self._pixels[:] = blank
        self._blank = blank
        self._shown: dict[int, object] = {}
        with dpg.texture_registry() as registry:
            self.texture: Item = dpg.add_raw_texture(
                columns * side_px,
                rows * side_px,
                self._pixels,
                format=dpg.mvFormat_Float_rgba,
                parent=registry,
            )

    @property
    def cells(self) -> int:
        """How many there are."""
        return self._columns * self._rows

    def put(self, cell: int, picture: NDArray[np.generic] | None) -> None:
        """Show the middle of a picture there, uint8 [h, w, 4]; nothing for None."""
        if self._shown.get(cell, self) is picture:
            return
        self._shown[cell] = picture
        rows, columns = self._place(cell)
        self._pixels[rows, columns] = self._blank if picture is None else self._square(picture)

    def corners(self, cell: int) -> tuple[Corner, Corner]:
        """Where a cell is, in texture coordinates."""
        row, column = divmod(cell, self._columns)
        return (
            (column / self._columns, row / self._rows),
            ((column + 1) / self._columns, (row + 1) / self._rows),
        )

    def _place(self, cell: int) -> tuple[slice, slice]:
        row, column = divmod(cell, self._columns)
        side = self._side
        return slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side)

    def _square(self, picture: NDArray[np.generic]) -> NDArray[np.float32]:
        height, width = picture.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        square = picture[top : top + side, left : left + side].astype(np.uint8, copy=False)
        way = cv2.INTER_AREA if side > self._side else cv2.INTER_LINEAR
        small = cv2.resize(np.ascontiguousarray(square), (self._side,) * 2, interpolation=way)
        return np.multiply(small, np.float32(1 / 255), dtype=np.float32)
