"""A generator as it lies in a file: tensors that nobody has read yet, and what the file says.

Every reader ends here, in NVIDIA's parameter names; everything after it knows no formats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from ..config import GeneratorConfig


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor's shape, and how to get its values: float32, memory of their own."""

    shape: tuple[int, ...]
    read: Callable[[], Tensor]

    @property
    def numel(self) -> int:
        """Number of values."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class StoredModel:
    """One generator of a file.

    Attributes:
        format: the container and who writes it, for people.
        config: from the tensors' shapes, checked against what the file says.
        tensors: NVIDIA's name → tensor.
        modules: networks in the file, this one first.
        trained_in_half: whether its trainer ran blocks in float16; None when the file is silent.
        name, licence, drag_preset: if the file says them.
    """

    format: str
    config: GeneratorConfig
    tensors: Mapping[str, StoredTensor]
    modules: tuple[str, ...]
    trained_in_half: bool | None = None
    name: str | None = None
    licence: str | None = None
    drag_preset: Mapping[str, float | int | str] = field(default_factory=dict)
