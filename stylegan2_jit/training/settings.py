"""What a training run is asked to do. Defaults stand here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from ..config import GeneratorConfig
from .data import CREATURES
from .folder import DataError


@dataclass(frozen=True, slots=True)
class Settings:
    """A run.

    Raises:
        DataError: a value that no run can have.
    """

    data: str  # 'creatures', or a folder
    out: Path
    resolution: int = 64
    minutes: float = 10.0
    device: str = "cpu"
    batch: int | None = None  # None: 64 on a card, 16 on a CPU
    learning_rate: float = 0.002
    mapping_rate: float = 2.0  # of the mapping network, times the others'; at 10 w_avg drifted
    start: Path | None = None  # a generator to begin with, in place of pairs alone
    start_discriminator: Path | None = None  # the one it learnt with
    guide: Path | None = None  # a key-point network, not the one that judges
    misplaced_weight: float = 12.0
    unlike_weight: float = 5.0
    warmup_share: float = 0.5  # of a new run's time, on pairs alone
    paired_weight: float = 24.0  # of the mean over sizes
    matched_weight: float = 6.0
    adversarial_weight: float = 0.7  # beside pairs; 1 without
    r1_gamma: float = 1.0
    r1_every: int = 16
    path_weight: float = 0.0  # 2 is the paper's; pairs already fix what a latent means
    path_every: int = 8
    mixing: float = 0.5  # share of a batch whose layers get two latents
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot run."""
        if self.resolution not in (32, 64, 128, 256, 512, 1024):
            raise DataError(f"resolution must be 32, 64, … 1024, not {self.resolution}")
        if not self.learning_rate > 0:
            raise DataError(f"the learning rate must be above 0, not {self.learning_rate:g}")
        if self.minutes <= 0:
            raise DataError(f"minutes must be above 0, not {self.minutes:g}")
        if self.batch is not None and (self.batch < 4 or self.batch % 4):
            raise DataError(f"batch must be a multiple of 4, not {self.batch}")

    @property
    def pairs(self) -> bool:
        """Whether each made picture has its rendered truth."""
        return self.data == CREATURES

    @property
    def batch_size(self) -> int:
        """Pictures in a step."""
        return self.batch or (64 if torch.device(self.device).type == "cuda" else 16)

    @property
    def warmup_resolution(self) -> int:
        """Of the phase on pairs alone: it learns pose, layout and colour, which are coarse."""
        return max(32, self.resolution // 4)

    @property
    def generator(self) -> GeneratorConfig:
        """The architecture: that of the default model, as wide as the resolution asks for."""
        return GeneratorConfig(
            z_dim=64,
            w_dim=256,
            img_resolution=self.resolution,
            channel_base=32 * self.resolution,
            channel_max=256,
            num_layers=4,
        )
