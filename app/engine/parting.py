"""The part of the present picture that lies under a place, as a soft mask, from features alone.

Where a model has a part reader (`stylegan2_jit.parts`) the part is what that says; elsewhere it is
what is like the place in the features of several blocks. Either way only what hangs together with
the place counts. The blocks are run once a picture; each place after that costs a few milliseconds.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from draglive.stylegan2_jit.networks import Generator
from draglive.stylegan2_jit.parts import GRID, PartReader, enlarged, load_reader

from .types import ModelInfo

LIKENESS_BLOCKS = (16, 32, 64)
FLOOD_STEPS = 16  # between two looks whether the flood has come to its end
REACH = 2  # of the grid, by which the mask's soft edge goes beyond the part
SOFTNESS = 0.06  # of likeness, from inside to outside


class PartFinder:
    """Finds parts in pictures of one generator.

    Args:
        generator: prepared.
        model: its file and its pictures' size.
    """

    def __init__(self, generator: Generator, model: ModelInfo) -> None:
        self._generator, self._model, self._size = generator, model.path, model.size
        self._reader: PartReader | None = None
        self._sought = False  # the reader was looked for
        self._ws: Tensor | None = None  # of the picture that was seen last
        self._activations: list[Tensor] = []
        self._scores: Tensor | None = None

    @torch.no_grad()
    def find(self, ws: Tensor, x: float, y: float) -> NDArray[np.float32]:
        """The part at (x, y) image pixels, float32 [H, W], 1 = it, with soft edges.

        Args:
            ws: of the picture, float32 [1, num_ws, w_dim].
            x, y: the place.
        """
        self._see(ws)
        column = min(max(int((x + 0.5) / self._size.width * GRID), 0), GRID - 1)
        row = min(max(int((y + 0.5) / self._size.height * GRID), 0), GRID - 1)
        if self._scores is None:
            inside = self._like(row, column)
        else:
            part = int(self._scores[:, row, column].argmax())
            inside = _share(self._scores, part)
        soft = inside * _around(_flood(inside > 0.5, row, column))
        shown = F.interpolate(soft[None, None], size=self._size[::-1], mode="bicubic")
        mask: NDArray[np.float32] = shown[0, 0].clamp(0, 1).cpu().numpy()
        return mask

    def _see(self, ws: Tensor) -> None:
        """Run the blocks, unless that was done for this picture."""
        if self._ws is not None and torch.equal(ws, self._ws):
            return
        if not self._sought:
            self._reader, self._sought = load_reader(self._model), True
        wanted = LIKENESS_BLOCKS if self._reader is None else tuple(self._reader.weights)
        blocks = [b for b in self._generator.config.block_resolutions if b <= max(wanted)]
        activations = self._generator.synthesis.features(ws, len(blocks))
        self._scores = None if self._reader is None else self._reader.scores(activations)
        self._activations = [a for a in activations if a.shape[2] in LIKENESS_BLOCKS]
        self._ws = ws.clone()

    def _like(self, row: int, column: int) -> Tensor:
        """How like the picture is to a place of it, [GRID, GRID], 0.5 at the edge of the part."""
        total = torch.zeros(GRID, GRID, device=self._activations[0].device)
        for features in self._activations:
            vectors = F.normalize(features.float(), dim=1)
            size = features.shape[2]
            here = vectors[0, :, row * size // GRID, column * size // GRID]
            total += enlarged((vectors * here[:, None, None]).sum(1, keepdim=True))[0, 0]
        likeness = total / len(self._activations)
        return ((likeness - _divide(likeness)) / SOFTNESS).sigmoid()


def _share(scores: Tensor, part: int) -> Tensor:
    """How far each place is that part rather than the likeliest other: [GRID, GRID], 0 to 1."""
    others = torch.cat([scores[:part], scores[part + 1 :]]).amax(0)
    return (scores[part] - others).sigmoid()


def _divide(likeness: Tensor) -> Tensor:
    """Where two kinds of places part: the threshold that separates them best (Otsu 1979)."""
    values = likeness.flatten().sort().values
    count = torch.arange(1, len(values), device=values.device)
    below = values.cumsum(0)[:-1]
    above = values.sum() - below
    between = below**2 / count + above**2 / (len(values) - count)
    return values[int(between.argmax())]


def _flood(inside: Tensor, row: int, column: int) -> Tensor:
    """What hangs together with a place, bool [GRID, GRID]."""
    flooded = torch.zeros(1, 1, GRID, GRID, device=inside.device)
    flooded[..., row, column] = 1
    before = 0.0
    while (size := float(flooded.sum())) != before:
        before = size
        for _ in range(FLOOD_STEPS):
            flooded = F.max_pool2d(flooded, 3, 1, 1) * inside
    return flooded[0, 0] > 0


def _around(part: Tensor) -> Tensor:
    """The part and a little around it, float32."""
    return F.max_pool2d(part.float()[None, None], 2 * REACH + 1, 1, REACH)[0, 0]
