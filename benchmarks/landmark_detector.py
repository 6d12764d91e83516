"""Where the key points of a picture are, by a network that never saw the generator.

It judges drags independently of their tracker. Trained on pictures of the renderer that the
default model learnt from; other models bring a detector of their own (`LandmarkDetector`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from draglive.stylegan2_jit.training.keypoint_network import load_keypoint_network

WEIGHTS = Path(__file__).parent / "assets" / "creatures-landmarks.safetensors"
CREATURES = (
    "nose", "left mouth corner", "right mouth corner", "lower lip", "chin", "left eye", "right eye",
    "left ear tip", "right ear tip", "left ear base", "right ear base", "mane top", "brow",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Landmarks:
    """What was found in one picture."""

    places: NDArray[np.float64]  # [K, 2], (x, y) image pixels
    visible: NDArray[np.bool_]  # [K]
    features: NDArray[np.float64]  # [D], what the picture is like, for Fréchet distances


class LandmarkDetector(Protocol):
    """Finds the same points in every picture of a kind."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the points, in order."""

    def find(self, rgba: NDArray[np.uint8]) -> Landmarks:
        """The points of a picture, uint8 [H, W, 4]."""


class PerceptualDetector(LandmarkDetector, Protocol):
    """One whose features tell how alike two pictures are."""

    def distance(self, one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
        """Between two pictures, uint8 [H, W, 4]; 0 for the same."""


class CreatureLandmarks:
    """The default model's detector."""

    names = CREATURES

    def __init__(self) -> None:
        self._network = load_keypoint_network(WEIGHTS)

    @torch.no_grad()
    def find(self, rgba: NDArray[np.uint8]) -> Landmarks:
        """See `LandmarkDetector`."""
        height, width = rgba.shape[:2]
        places, visibility, features = self._network(_as_tensor(rgba))
        scale = torch.tensor([width, height])
        return Landmarks(
            places=(places[0] * scale - 0.5).double().numpy(),
            visible=(visibility[0] > 0).numpy(),
            features=features[0].double().numpy(),
        )

    def on(self, device: torch.device) -> CreatureLandmarks:
        """The same, working on a device."""
        self._network.to(device)
        return self

    @torch.no_grad()
    def find_all(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Places float32 [N, K, 2] in image pixels, and features [N, D].

        Args:
            pictures: float32 [N, 3, H, W] in -1..1, where the network is.
        """
        height, width = pictures.shape[2:]
        places, _, features = self._network(pictures)
        scale = torch.tensor([width, height], device=pictures.device)
        return places * scale - 0.5, features

    @torch.no_grad()
    def distances(self, some: Tensor, others: Tensor) -> Tensor:
        """As `distance`, of batches like `find_all`'s: [N]."""
        return self._apart(some, others)

    @torch.no_grad()
    def distance(self, one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
        """Mean square between unit feature vectors at three scales (Zhang et al. 2018, unweighted).

        Not LPIPS: another network, so only figures of one report compare.
        """
        return float(self._apart(_as_tensor(one), _as_tensor(other)))

    def _apart(self, some: Tensor, others: Tensor) -> Tensor:
        scales = zip(*(self._network.scales(p) for p in (some, others)), strict=True)
        parts = [
            (F.normalize(a, dim=1) - F.normalize(b, dim=1)).square().sum(dim=1).mean([1, 2])
            for a, b in scales
        ]
        return torch.stack(parts).mean(0)


def _as_tensor(rgba: NDArray[np.uint8]) -> Tensor:
    """Float32 [1, 3, H, W] in -1..1."""
    return torch.from_numpy(rgba[..., :3].copy()).permute(2, 0, 1)[None] / 127.5 - 1
