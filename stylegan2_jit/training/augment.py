"""Adaptive augmentation for small sets (Karras et al. 2020, "Training GANs with limited data").

Each change happens with probability p, to real and made pictures alike, and p follows how well the
discriminator knows the real ones by heart. Changes: mirror, move, turn, scale; brightness,
contrast, saturation.
"""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

TARGET: Final = 0.6  # of the mean sign of real scores: the paper's
RISE_PER_PICTURE: Final = 1 / 100_000  # p goes from 0 to 1 in so many, slower than the paper's 500k


class Augmentation:
    """Random changes of probability `probability`, adapted by `follow`."""

    def __init__(self, probability: float = 0.0) -> None:
        self.probability = probability

    def follow(self, real_scores: Tensor) -> None:
        """Raise or lower the probability by the scores [N] of a batch of real pictures."""
        known = float(real_scores.detach().sign().mean())
        step = len(real_scores) * RISE_PER_PICTURE * (1 if known > TARGET else -1)
        self.probability = min(max(self.probability + step, 0.0), 0.9)

    def __call__(self, pictures: Tensor) -> Tensor:
        """Changed float32 [N, 3, H, W]; with gradient."""
        if self.probability == 0:
            return pictures
        return self._colours(self._places(pictures))

    def _chosen(self, like: Tensor) -> Tensor:
        return (torch.rand(len(like), device=like.device) < self.probability).float()

    def _places(self, x: Tensor) -> Tensor:
        n, device = len(x), x.device
        mirror = 1 - 2 * self._chosen(x) * torch.randint(2, (n,), device=device)
        scale = torch.exp2(torch.randn(n, device=device) * 0.2 * self._chosen(x))
        turn = (torch.rand(n, device=device) * 2 - 1) * math.pi / 8 * self._chosen(x)
        move = (torch.rand(n, 2, device=device) - 0.5) * 0.25 * self._chosen(x)[:, None]
        cos, sin = turn.cos() * scale, turn.sin() * scale
        rows = (torch.stack([cos * mirror, -sin], 1), torch.stack([sin * mirror, cos], 1))
        matrix = torch.cat([torch.stack(rows, 1), move[:, :, None]], 2)
        grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
        return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)

    def _colours(self, x: Tensor) -> Tensor:
        def amounts(deviation: float) -> Tensor:
            drawn = torch.randn(len(x), device=x.device) * deviation * self._chosen(x)
            return drawn[:, None, None, None]

        x = (x + amounts(0.2)) * torch.exp2(amounts(0.5))
        grey = x.mean(1, keepdim=True)
        return grey + (x - grey) * torch.exp2(amounts(1.0))
