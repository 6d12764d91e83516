"""How the key-point network is trained: on renderings alone, sharp and blurred, clean and noisy."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .factors import random_factors
from .keypoint_network import KeyPointNetwork
from .renderer import Renderer

RATE, RISE_STEPS = 2e-3, 100
PLACE_WEIGHT, SEEN_WEIGHT = 10.0, 0.1
HALF_LIFE_STEPS = 100.0  # of the averaged weights


class Stock:
    """Rendered pictures with their key points, some drawn anew with every batch.

    Args:
        renderer: draws, on the device where the stock is kept.
        resolution: of the pictures.
        size: pictures kept.
    """

    def __init__(self, renderer: Renderer, resolution: int, size: int) -> None:
        self._renderer, self._resolution, self._size = renderer, resolution, size
        self._pictures = torch.empty(0, dtype=torch.uint8)
        self._places, self._seen = torch.empty(0), torch.empty(0)
        self._next = 0
        self._grow(size)

    def batch(self, count: int, fresh: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures float32 in -1..1, places [N, K, 2] in 0..1, seen bool [N, K]."""
        self._replace(fresh)
        chosen = torch.randint(self._size, (count,), device=self._pictures.device)
        pictures = self._pictures[chosen].float() / 127.5 - 1
        return pictures, self._places[chosen], self._seen[chosen]

    def _drawn(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        factors = random_factors(count, device=self._renderer.device)
        pictures = self._renderer.pictures(factors, self._resolution)
        places, seen = self._renderer.keypoints(factors, self._resolution)
        bytes_ = (pictures * 127.5 + 128).clamp(0, 255).byte()
        return bytes_, (places + 0.5) / self._resolution, seen

    def _grow(self, size: int) -> None:
        parts = [self._drawn(min(128, size - i)) for i in range(0, size, 128)]
        self._pictures, self._places, self._seen = (
            torch.cat(kind) for kind in zip(*parts, strict=True)
        )

    def _replace(self, count: int) -> None:
        place = slice(self._next, min(self._next + count, self._size))
        drawn = self._drawn(place.stop - place.start)
        self._pictures[place], self._places[place], self._seen[place] = drawn
        self._next = place.stop % self._size


def worn(pictures: Tensor) -> Tensor:
    """Pictures somewhat blurred and noisy, each its own way, as samples of a generator may be."""
    count, device = len(pictures), pictures.device
    blurred = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, 1)
    pictures = pictures.lerp(blurred, torch.rand(count, 1, 1, 1, device=device))
    noise = torch.randn_like(pictures) * 0.03
    return pictures + noise * torch.rand(count, 1, 1, 1, device=device)


def train_keypoints(
    renderer: Renderer,
    *,
    seconds: float,
    resolution: int = 256,
    batch: int = 128,
    stock: int = 16384,
    tell: Callable[[float, float], None] = lambda share, error_px: None,
) -> KeyPointNetwork:
    """Train a network for some seconds.

    Args:
        renderer: where it draws, the network learns.
        seconds: the stock's first pictures not counted.
        resolution: of the pictures.
        batch: pictures of a step; an eighth of them has not been seen before.
        stock: pictures kept.
        tell: called now and then with the share of the time gone and the mean error in pixels.
    """
    device = renderer.device
    pictures = Stock(renderer, resolution, stock)
    network = KeyPointNetwork().to(device)
    averaged = copy.deepcopy(network).requires_grad_(False)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-4)
    begun, step, share = time.perf_counter(), 0, 0.0
    while share < 1:
        share = min((time.perf_counter() - begun) / seconds, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / RISE_STEPS) * max(0.01, 1 - share)
        picture, places, seen = pictures.batch(batch, max(batch // 8, 1))
        found, visibility, _ = network(worn(picture))
        shown = seen.float()
        error = ((found - places).abs().sum(2) * shown).sum() / shown.sum()
        told = F.binary_cross_entropy_with_logits(visibility, shown)
        optimizer.zero_grad(set_to_none=True)
        (PLACE_WEIGHT * error + SEEN_WEIGHT * told).backward()
        optimizer.step()
        _follow(averaged, network, step)
        step += 1
        if step % 100 == 0:
            tell(share, float(error) * resolution)
    return averaged.eval()


@torch.no_grad()
def _follow(averaged: KeyPointNetwork, network: KeyPointNetwork, step: int) -> None:
    """Average the weights, and what batch normalisation knows of the maps."""
    part = 1 - 0.5 ** (1 / min(HALF_LIFE_STEPS, 0.05 * step + 1))
    own, followed = network.state_dict(), averaged.state_dict()
    for name, value in own.items():
        if value.is_floating_point():
            followed[name].lerp_(value, part)
