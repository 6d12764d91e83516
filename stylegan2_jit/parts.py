"""Which part of the picture a generator's features show: a linear map learnt for one model.

A few kilobytes beside the model's file (`NAME-parts.safetensors`): one 1x1 convolution for each
block that is read, fitted on rendered truth (`training.part_fitting`). It belongs to that file and
to no other, which its SHA-256 says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

GRID = 128  # the scores' resolution
LENGTH = 3.0  # of the feature vectors that are mapped
SUFFIX = "-parts.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class PartReader:
    """Scores of parts from features.

    Attributes:
        names: of the parts.
        weights: by block resolution, float32 [K, C].
        bias: float32 [K].
    """

    names: tuple[str, ...]
    weights: dict[int, Tensor]
    bias: Tensor

    @torch.no_grad()
    def scores(self, activations: Sequence[Tensor]) -> Tensor:
        """Logits of the parts, float32 [K, GRID, GRID], from each block's [1, C, h, w]."""
        device = activations[0].device
        total = self.bias.to(device).view(1, -1, 1, 1)
        for features in activations:
            weight = self.weights.get(features.shape[2])
            if weight is not None:
                kernel = weight.to(device)[..., None, None]
                total = total + enlarged(F.conv2d(normalised(features), kernel))
        return total.expand(1, -1, GRID, GRID)[0]


def normalised(features: Tensor) -> Tensor:
    """Feature vectors of one length, float32 [N, C, h, w]."""
    return F.normalize(features.float(), dim=1) * LENGTH


def enlarged(maps: Tensor) -> Tensor:
    """Maps [N, K, h, w] at the scores' resolution."""
    return F.interpolate(maps, size=(GRID, GRID), mode="bilinear", align_corners=False)


def reader_file(model: Path) -> Path:
    """Where a model's reader would be."""
    return model.with_name(model.stem + SUFFIX)


def load_reader(model: Path) -> PartReader | None:
    """The reader that belongs to a model's file; None where there is none, or of another one."""
    path = reader_file(model)
    try:
        with safe_open(path, framework="pt") as file:
            facts = file.metadata() or {}
            if facts.get("model_sha256") != sha256(model):
                return None
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return None
    bias = tensors.pop("bias")
    weights = {int(name): weight for name, weight in tensors.items()}
    return PartReader(tuple(facts["parts"].split(",")), weights, bias)


def save_reader(reader: PartReader, model: Path) -> Path:
    """Write a model's reader beside its file; where it is."""
    path = reader_file(model)
    tensors = {str(size): weight.half().contiguous() for size, weight in reader.weights.items()}
    facts = {"model_sha256": sha256(model), "parts": ",".join(reader.names)}
    save_file(tensors | {"bias": reader.bias}, path, metadata=facts)
    return path


def sha256(path: Path) -> str:
    """Of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
