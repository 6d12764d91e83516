"""Where training pictures come from: rendered creatures with their latents, or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from .factors import mixed_factors
from .folder import FolderReport, read_folder
from .renderer import Renderer

CREATURES = "creatures"


class Batch(NamedTuple):
    """Pictures float32 [N, 3, R, R] in -1..1; of rendered ones the latents that drew them.

    `geometry` and `appearance` are float32 [N, z_dim]; None where there is no truth.
    """

    pictures: Tensor
    geometry: Tensor | None
    appearance: Tensor | None


class Source(Protocol):
    """A stream of batches."""

    def batch(self, count: int) -> Batch:
        """The next pictures."""


class Creatures:
    """A pool of rendered pictures, a part of which is drawn anew with every batch.

    Args:
        renderer: draws, on the device where the pool is kept.
        resolution: of the pictures.
        z_dim: of the latents.
        size: pictures in the pool.
        fresh: how many of the pool are replaced, as a share of what was taken.
    """

    def __init__(
        self, renderer: Renderer, resolution: int, z_dim: int, *, size: int, fresh: float = 0.25
    ) -> None:
        self._renderer, self._resolution, self._fresh = renderer, resolution, fresh
        device = renderer.device
        self._latents = torch.empty(2, size, z_dim, device=device)
        self._pictures = torch.empty(
            size, 3, resolution, resolution, dtype=torch.uint8, device=device
        )
        self._next, self._owed, self._full = 0, 0.0, False

    def batch(self, count: int) -> Batch:
        """Pictures with their latents; the pool fills itself at first."""
        self._owed += count * (self._fresh if self._full else 1)
        while self._owed >= 1 or not self._full:
            self._draw(min(16 if self._renderer.device.type == "cpu" else 256, self._room()))
            if self._full or self._next >= 4 * count:
                break
        end = self._pictures.shape[0] if self._full else self._next
        chosen = torch.randint(end, (count,), device=self._renderer.device)
        pictures = self._pictures[chosen].float() / 127.5 - 1
        return Batch(pictures, self._latents[0, chosen], self._latents[1, chosen])

    def _room(self) -> int:
        return self._pictures.shape[0] - self._next

    def _draw(self, count: int) -> None:
        z = torch.randn(2, count, self._latents.shape[2], device=self._renderer.device)
        own = torch.rand(count, 1, device=z.device) < 0.5
        z[1] = torch.where(own, z[0], z[1])
        drawn = self._renderer.pictures(mixed_factors(z[0], z[1]), self._resolution)
        place = slice(self._next, self._next + count)
        self._latents[:, place] = z
        self._pictures[place] = (drawn * 127.5 + 128).clamp(0, 255).byte()
        self._owed -= count
        self._full = self._full or place.stop == self._pictures.shape[0]
        self._next = place.stop % self._pictures.shape[0]


class Folder:
    """Pictures of a folder, in random order, mirrored half of the time."""

    def __init__(self, folder: Path, resolution: int, device: torch.device) -> None:
        pictures, self.report = read_folder(folder, resolution)
        self._pictures = pictures.to(device)

    report: FolderReport

    def batch(self, count: int) -> Batch:
        """Pictures without latents."""
        device = self._pictures.device
        chosen = torch.randint(len(self._pictures), (count,), device=device)
        pictures = self._pictures[chosen].float() / 127.5 - 1
        mirrored = torch.rand(count, 1, 1, 1, device=device) < 0.5
        return Batch(torch.where(mirrored, pictures.flip(3), pictures), None, None)
