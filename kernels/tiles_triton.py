"""How the work of the Triton kernels is cut into programs, as measured on an H200."""
# mypy: disable-error-code="no-untyped-call, import"

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton

QUADS = 1024  # a map of so many quads of samples keeps a card busy
ELEMENTS = 256  # of one program of the kernels that only pass over their samples


@dataclass(frozen=True, slots=True)
class Tiling:
    """How a product [rows, K] x [K, N] over nine taps is cut into programs."""

    rows: int
    columns: int
    depth: int
    slices: int  # of the taps: 9, 3 or 1
    warps: int
    stages: int

    def grid(self, rows: int, n: int) -> tuple[int, int, int]:
        """Programs, for so many rows and channels."""
        return triton.cdiv(rows, self.rows), n // self.columns, self.slices


def divisor(channels: int, limit: int) -> int:
    """The largest power of two up to `limit` that divides a number of channels."""
    return min(channels & -channels, limit)


def tile_product(rows: int, k: int, n: int, dtype: torch.dtype) -> Tiling:
    """Tiles for a product of nine taps; small maps split the taps among programs.

    The fastest of half a dozen on an H200 with 512 or 256 channels in float16 (docs/log.md).
    """
    if dtype == torch.float32:
        slices = 9 if rows <= 2048 else 1
        return Tiling(64, divisor(n, 64), divisor(k, 32), slices, 4, 3)
    if rows <= 256:
        bm = next((size for size in (16, 32) if rows <= size), 64)
        return Tiling(bm, divisor(n, 64), divisor(k, 128 if rows <= 64 else 64), 9, 4, 4)
    if rows <= 1024:
        return Tiling(64, divisor(n, 128), divisor(k, 64), 9, 4, 3)
    if rows <= 2048:
        return Tiling(128, divisor(n, 128), divisor(k, 64), 3, 8, 3)
    if n % 128:
        return Tiling(128, divisor(n, 64), divisor(k, 64), 1, 4, 2)
    if rows <= 8192 or n % 256:
        return Tiling(128, 128, divisor(k, 64), 1, 8, 4 if rows <= 8192 else 3)
    return Tiling(128, 256, divisor(k, 64), 1, 8, 3)


def tile_quad_product(quads: int, k: int, n: int, dtype: torch.dtype) -> Tiling | None:
    """Tiles for a product of nine taps in quads, rows of four samples; None where it is slower."""
    if dtype == torch.float32 or quads < QUADS or n > 128:
        return None
    rows = 128 if n <= 32 else 64
    return Tiling(rows, divisor(n, 64), divisor(k, 32), 1, 4, 2 if n <= 32 else 3)


def tile_elements(rows: int, n: int) -> tuple[int, int]:
    """Rows and channels of one program of a kernel that passes over samples."""
    columns = divisor(n, 128)
    return ELEMENTS * (1 if rows <= 256 else 2 if rows <= 2048 else 8) // columns, columns


def tile_sums(n: int) -> tuple[int, int]:
    """Likewise, where it also sums over rows: few tiles of rows leave few sums."""
    columns = divisor(n, 16)
    return ELEMENTS // columns, columns


def tile_quads(n: int) -> tuple[int, int]:
    """Likewise, of four outputs each."""
    columns = divisor(n, 64)
    return 4 * ELEMENTS // columns, columns
