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
from safetensors.torch import load_file
from torch import Tensor, nn

WEIGHTS = Path(__file__).parent / "assets" / "creatures-landmarks.safetensors"
CREATURES = (
    "nose", "left mouth corner", "right mouth corner", "lower lip", "chin", "left eye", "right eye",
    "left ear tip", "right ear tip", "left ear base", "right ear base", "mane top", "brow",
)  # fmt: skip
CHANNELS = 48
INPUT_PX = 96


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
        self._network = KeyPointNetwork(len(CREATURES), CHANNELS)
        self._network.load_state_dict(
            {name: value.float() for name, value in load_file(WEIGHTS).items()}
        )
        self._network.eval()

    @torch.no_grad()
    def find(self, rgba: NDArray[np.uint8]) -> Landmarks:
        """See `LandmarkDetector`."""
        height, width = rgba.shape[:2]
        places, visibility, features = self._network(_shrunk(rgba))
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
        places, _, features = self._network(_resized(pictures))
        scale = torch.tensor([width, height], device=pictures.device)
        return places * scale - 0.5, features

    @torch.no_grad()
    def distances(self, some: Tensor, others: Tensor) -> Tensor:
        """As `distance`, of batches like `find_all`'s: [N]."""
        return self._apart(_resized(some), _resized(others))

    @torch.no_grad()
    def distance(self, one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
        """Mean square between unit feature vectors at three scales (Zhang et al. 2018, unweighted).

        Not LPIPS: another network, so only figures of one report compare.
        """
        return float(self._apart(_shrunk(one), _shrunk(other)))

    def _apart(self, some: Tensor, others: Tensor) -> Tensor:
        scales = zip(*(self._network.scales(p) for p in (some, others)), strict=True)
        parts = [
            (F.normalize(a, dim=1) - F.normalize(b, dim=1)).square().sum(dim=1).mean([1, 2])
            for a, b in scales
        ]
        return torch.stack(parts).mean(0)


def _shrunk(rgba: NDArray[np.uint8]) -> Tensor:
    """As the network takes it: float32 [1, 3, 96, 96] in -1..1."""
    return _resized(torch.from_numpy(rgba[..., :3].copy()).permute(2, 0, 1)[None] / 127.5 - 1)


def _resized(pictures: Tensor) -> Tensor:
    return F.interpolate(pictures, (INPUT_PX, INPUT_PX), mode="bilinear", antialias=True)


class KeyPointNetwork(nn.Module):
    """Three scales down and up again; a map for each point, of which the mean position is taken.

    Args:
        points: how many.
        width: channels of the inner layers.
    """

    def __init__(self, points: int, width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(_layer(3, 32, 2), _layer(32, 64, 2), _layer(64, width))
        self.d1 = nn.Sequential(_layer(width, width, 2), _layer(width, width))
        self.d2 = nn.Sequential(_layer(width, width, 2), _layer(width, width), _layer(width, width))
        self.u1 = _layer(width, width)
        self.u0 = nn.Sequential(_layer(width, width), _layer(width, width))
        self.out = nn.Conv2d(width, points, 1)
        self.vis = nn.Linear(width, points)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Positions in 0..1 [N, K, 2] (x, y), visibility logits [N, K], features [N, width].

        Args:
            picture: [N, 3, H, W] in -1..1.
        """
        fine, middle, coarse = self.scales(picture)
        features = coarse.mean([2, 3])
        middle = self.u1(middle + F.interpolate(coarse, scale_factor=2.0, mode="nearest"))
        fine = self.u0(fine + F.interpolate(middle, scale_factor=2.0, mode="nearest"))
        return _mean_places(self.out(fine)), self.vis(features), features

    def scales(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features at a quarter, an eighth and a sixteenth of the size."""
        fine = self.stem(picture)
        middle = self.d1(fine)
        return fine, middle, self.d2(middle)


def _layer(ins: int, outs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(ins, outs, 3, stride, 1, bias=False), nn.BatchNorm2d(outs), nn.ReLU(True)
    )


def _mean_places(maps: Tensor) -> Tensor:
    """Of [N, K, H, W] logits, the mean positions [N, K, 2] in 0..1."""
    count, points, height, width = maps.shape
    share = maps.flatten(2).softmax(dim=2).view(count, points, height, width)
    columns = (torch.arange(width, device=maps.device) + 0.5) / width
    rows = (torch.arange(height, device=maps.device) + 0.5) / height
    return torch.stack([share.sum(2) @ columns, share.sum(3) @ rows], dim=2)
