"""Which part of the picture a generator's features show: a small network learnt for one model.

Some kilobytes beside the model's file (`NAME-parts.safetensors`): two layers over the features of
one block and their means nearby, fitted on rendered truth (`training.part_fitting`). It belongs to
that file and to no other, which its SHA-256 says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from .checkpoints.safetensors_file import write_tensors

GRID = 128  # the scores' resolution
LENGTH = 3.0  # of the feature vectors that are read
AROUND = (5, 15)  # sides of the squares, in places of the block, whose means are read, too
WIDTH = 64  # channels between
SUFFIX = "-parts.safetensors"


class PartReader(nn.Module):
    """Scores of parts from features.

    Args:
        names: of the parts.
        resolution: of the block that is read.
        channels: it has.
    """

    def __init__(self, names: Sequence[str], resolution: int, channels: int) -> None:
        super().__init__()
        self.names, self.resolution = tuple(names), resolution
        self.mix = nn.Conv2d((1 + len(AROUND)) * channels, WIDTH, 1)
        self.part = nn.Conv2d(WIDTH, len(self.names), 1)

    def forward(self, features: Tensor) -> Tensor:
        """Logits of the parts, float32 [N, K, GRID, GRID], from features [N, C, h, w]."""
        return self.tell(enlarged(self.mix(surroundings(features))))

    def tell(self, mixed: Tensor) -> Tensor:
        """Logits [N, K, h, w] from what the first layer made, of whatever size."""
        told: Tensor = self.part(F.leaky_relu(mixed, 0.1))
        return told


def surroundings(features: Tensor) -> Tensor:
    """Feature vectors and their means around each place, float32 [N, (1 + AROUND) C, h, w]."""
    own = normalised(features)
    means = [F.avg_pool2d(own, side, 1, side // 2, count_include_pad=False) for side in AROUND]
    return torch.cat([own, *means], 1)


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
    try:
        with safe_open(reader_file(model), framework="pt") as file:
            facts = file.metadata() or {}
            if facts.get("model_sha256") != sha256(model):
                return None
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        reader = PartReader(
            facts["parts"].split(","),
            int(facts["resolution"]),
            weights["mix.weight"].shape[1] // (1 + len(AROUND)),
        )
        reader.load_state_dict(weights)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError):
        return None
    return reader.eval().requires_grad_(False)


def save_reader(reader: PartReader, model: Path) -> Path:
    """Write a model's reader beside its file; where it is."""
    path = reader_file(model)
    facts = {
        "model_sha256": sha256(model),
        "parts": ",".join(reader.names),
        "resolution": str(reader.resolution),
    }
    weights = {name: value.half().contiguous() for name, value in reader.state_dict().items()}
    write_tensors(weights, path, facts)
    return path


def sha256(path: Path) -> str:
    """Of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
