"""Bytes of a file, read where and when somebody needs them: files are larger than what is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .errors import DamagedFileError

DTYPES = {"f2": 2, "bf": 2, "f4": 4, "f8": 8, "i1": 1, "i2": 2, "i4": 4, "i8": 8, "u1": 1, "b1": 1}


@dataclass(frozen=True, slots=True)
class Source:
    """A run of bytes in an open file."""

    file: BinaryIO
    start: int
    size: int

    @classmethod
    def of(cls, file: BinaryIO) -> Source:
        """The whole of an open file."""
        return cls(file, 0, file.seek(0, 2))

    def part(self, start: int, size: int) -> Source:
        """A run within this one.

        Raises:
            DamagedFileError: it goes beyond the end.
        """
        self._check(start, size)
        return Source(self.file, self.start + start, size)

    def read(self, start: int, size: int) -> bytes:
        """Exactly `size` bytes from `start` on.

        Raises:
            DamagedFileError: there are fewer.
        """
        self._check(start, size)
        self.file.seek(self.start + start)
        data = self.file.read(size)
        if len(data) < size:  # it became shorter since it was opened
            raise DamagedFileError("cut off while it was read")
        return data

    def read_into(self, start: int, values: NDArray[np.generic]) -> None:
        """Fill a contiguous array from `start` on.

        Raises:
            DamagedFileError: there are fewer bytes.
        """
        self._check(start, values.nbytes)
        self.file.seek(self.start + start)
        if self.file.readinto(values.reshape(-1).view(np.uint8)) < values.nbytes:  # type: ignore[attr-defined]
            raise DamagedFileError("cut off while it was read")

    def _check(self, start: int, size: int) -> None:
        if start < 0 or size < 0 or start + size > self.size:
            raise DamagedFileError(
                f"cut off: {size} bytes are asked for at {start}, it ends at {self.size}"
            )


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers in a row; `dtype` is one of `DTYPES`, little-endian."""

    source: Source
    dtype: str
    count: int

    def __post_init__(self) -> None:
        """The bytes must be there."""
        if self.count * DTYPES[self.dtype] > self.source.size:
            raise DamagedFileError(
                f"cut off: {self.count} numbers are asked for where {self.source.size} bytes are"
            )


@dataclass(frozen=True, slots=True)
class View:
    """A tensor's place in its storage; offset and strides count numbers, as torch's do."""

    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def span(self) -> int:
        """How many numbers lie from its first to its last one."""
        if 0 in self.shape:
            return 0
        return 1 + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))

    def check(self, storage: Storage) -> None:
        """Every value must be a number of its own: no file makes more of itself than it holds.

        Raises:
            DamagedFileError: beyond the storage, or values on top of each other.
        """
        count = int(np.prod(self.shape, dtype=object)) if self.shape else 1
        sound = len(self.shape) == len(self.strides) <= 6 and min((0, *self.shape)) >= 0
        sound = sound and self.offset >= 0 and min((0, *self.strides)) >= 0
        if not sound or self.offset + self.span > storage.count or count > self.span:
            raise DamagedFileError(
                f"a tensor of {list(self.shape)[:6]} does not fit its {storage.count} numbers"
            )


def read_array(storage: Storage, view: View) -> NDArray[np.float32]:
    """A tensor's values, float32, in memory of their own.

    Raises:
        DamagedFileError: they do not lie in the storage.
    """
    view.check(storage)
    raw = np.empty(view.span, _numpy_dtype(storage.dtype))
    storage.source.read_into(view.offset * DTYPES[storage.dtype], raw)
    if storage.dtype == "bf":  # the upper half of a float32
        raw = (raw.astype(np.uint32) << 16).view(np.float32)
    strides = tuple(s * raw.itemsize for s in view.strides)
    values = np.lib.stride_tricks.as_strided(raw, view.shape, strides)
    with np.errstate(over="ignore"):  # beyond float32 is not finite, which is found out later
        return np.ascontiguousarray(values, dtype=np.float32).reshape(view.shape)


def read_tensor(storage: Storage, view: View) -> Tensor:
    """As `read_array`, for torch."""
    return torch.from_numpy(read_array(storage, view))


def _numpy_dtype(name: str) -> np.dtype[np.generic]:
    return np.dtype("<u2" if name == "bf" else f"<{name}")


def contiguous(shape: tuple[int, ...], *, fortran: bool = False) -> View:
    """The view of a whole storage, the last index running fastest (with `fortran` the first)."""
    strides, step = [], 1
    for n in shape if fortran else reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return View(0, shape, tuple(strides if fortran else reversed(strides)))
