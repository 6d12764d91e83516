"""What a driver is given and what it can do. Knows torch and numpy, and nothing of draglive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

Places = list[tuple[float, float]]  # (x, y), image pixels


@dataclass(frozen=True)
class Model:
    """A generator's weights by NVIDIA's parameter names, and its shape in NVIDIA's field names."""

    config: dict[str, Any]
    tensors: dict[str, Tensor]  # float32
    path: Path | None  # of the file, for draglive's own driver; None: random weights

    def build(self, generator_class: Any, device: torch.device) -> Any:
        """A generator of somebody's class with these weights."""
        config = self.config
        synthesis = {name: config[name] for name in ("channel_base", "channel_max", "conv_clamp")}
        generator = generator_class(
            z_dim=config["z_dim"],
            c_dim=config["c_dim"],
            w_dim=config["w_dim"],
            img_resolution=config["img_resolution"],
            img_channels=config["img_channels"],
            mapping_kwargs={
                "num_layers": config["num_layers"],
                "lr_multiplier": config["lr_multiplier"],
            },
            synthesis_kwargs={**synthesis, "num_fp16_res": 0},
        )
        generator.load_state_dict(self.tensors)
        return generator.to(device)


@dataclass(frozen=True)
class Task:
    """An edit: where it starts and what goes where."""

    seed: int
    ws: Tensor  # float32 [1, num_ws, w_dim], the seed's, psi 1
    handles: Places
    targets: Places
    step_size: float


@dataclass(frozen=True)
class Step:
    """What a step led to."""

    handles: Places
    stopped: bool  # it says that it is done
    worked: bool = True  # False where it only found out that it was done before


class Driver(Protocol):
    """Runs one implementation."""

    def start(self, task: Task) -> None:
        """Begin an edit."""

    def step(self) -> Step:
        """One step, with the picture that a person would be shown, on the device."""

    def picture(self) -> np.ndarray:
        """The present picture, uint8 [H, W, 3]."""


def to_bytes(picture: Tensor) -> np.ndarray:
    """[1, 3, H, W] in -1..1 to uint8 [H, W, 3]."""
    levels = (picture[0].detach().float().permute(1, 2, 0) * 127.5 + 128).clamp(0, 255)
    return levels.to(torch.uint8).cpu().numpy()
