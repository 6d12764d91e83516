"""What a picture is made of besides its seed: layers of another seed, kept edits as sliders. Pure.

Both move the picture that an edit begins with, as truncation does: what was dragged stays as an
offset in w+. A direction is such an offset, kept.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

MOST_SLIDERS = 64
LARGEST_STRENGTH = 4.0
LONGEST_NAME = 60
MOST_NUMBERS = 1 << 17  # of a direction: 64 layers of 2048


@dataclass(frozen=True, slots=True)
class Mix:
    """Style mixing (StyleGAN section 3.1): these layers of w+ are another seed's."""

    seed: int
    first_layer: int  # inclusive
    last_layer: int  # inclusive


@dataclass(frozen=True, slots=True)
class Direction:
    """An edit kept as an offset in w+, whatever it is called today.

    Attributes:
        id: stays when the name changes.
        name: for the person.
        rows: vectors of w+.
        content: float32, little-endian, row by row.
    """

    id: str
    name: str
    rows: int
    content: bytes = field(repr=False)

    @classmethod
    def of(cls, offset: NDArray[np.float32], name: str) -> Direction:
        """A new direction from an offset, float32 [num_ws, w_dim]."""
        return cls(secrets.token_hex(8), name, offset.shape[0], offset.astype("<f4").tobytes())

    def offset(self) -> NDArray[np.float32]:
        """float32 [num_ws, w_dim], finite.

        Raises:
            ValueError: the content is not that of an offset.
        """
        numbers = len(self.content) // 4
        whole = 4 * numbers == len(self.content) and 0 < numbers <= MOST_NUMBERS
        if not whole or self.rows < 1 or numbers % self.rows:
            raise ValueError(
                f"direction {self.name!r}: {len(self.content)} bytes are not {self.rows} vectors"
            )
        offset = np.frombuffer(self.content, "<f4").astype(np.float32)
        if not np.isfinite(offset).all():
            raise ValueError(f"direction {self.name!r}: its numbers are not finite")
        return offset.reshape(self.rows, -1)


@dataclass(frozen=True, slots=True)
class Slider:
    """A direction, and how much of it the picture has."""

    direction: Direction
    strength: float


@dataclass(frozen=True, slots=True)
class SetMix:
    """Take layers from another seed; None takes all from the picture's own."""

    mix: Mix | None


@dataclass(frozen=True, slots=True)
class AddDirection:
    """Give the edit a slider.

    With `absorbs` w+ stays where it is: the direction is what was just dragged, and what was
    dragged is the slider's from now on.
    """

    direction: Direction
    strength: float = 0.0
    absorbs: bool = False


@dataclass(frozen=True, slots=True)
class SetStrength:
    """Move a slider: how much of a direction the picture has, -4 to 4, 0 for nothing."""

    id: str
    strength: float


@dataclass(frozen=True, slots=True)
class RemoveDirection:
    """Take a slider away, and what it did."""

    id: str


Command: TypeAlias = SetMix | AddDirection | SetStrength | RemoveDirection
