"""A generator as it lies in a file: tensors that nobody has read yet, and what the file says.

Every reader ends here, in NVIDIA's parameter names; everything after it knows no formats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from ..config import GeneratorConfig
from ..layers import binomial_filter


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


def low_pass_filters(blocks: Iterable[int], *, resnet: bool) -> dict[str, StoredTensor]:
    """NVIDIA's files have the filter [1, 3, 3, 1] in many places; other formats in none.

    Args:
        blocks: their heights.
        resnet: whether blocks have a residual branch.
    """
    filters = {}
    for height in blocks:
        owners = ["", "conv1."] + (["conv0."] if height > 4 else [])
        owners += ["skip."] if resnet and height > 4 else []
        for owner in owners:
            name = f"synthesis.b{height}.{owner}resample_filter"
            filters[name] = StoredTensor((4, 4), binomial_filter)
    return filters
