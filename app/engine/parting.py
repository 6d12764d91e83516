"""The part of the present picture that lies under a place, as a soft mask, from features alone.

Where a model has a part reader (`stylegan2_jit.parts`) the part is what that says; elsewhere it is
what is like the place in the features that are tracked and hangs together with it. The features
are made once a picture; a place after that costs milliseconds.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from draglive.stylegan2_jit.compile import Cut, count_blocks
from draglive.stylegan2_jit.parts import GRID, PartReader, enlarged, load_reader

from .runners import Runners
from .types import ModelInfo

FLOOD_STEPS = 16  # between two looks whether the flood has come to its end
REACH = 2  # of the grid, by which the mask's soft edge goes beyond the part
SOFTNESS = 0.06  # of likeness, from inside to outside


class PartFinder:
    """Finds parts in pictures of one generator.

    Args:
        runners: make features; whatever runs the drag, so that parts need no network of their own.
        model: its file and its pictures' size.
    """

    def __init__(self, runners: Runners, model: ModelInfo) -> None:
        self._runners, self._model, self._size = runners, model.path, model.size
        self._reader: PartReader | None = None
        self._sought = False  # the reader was looked for
        self._ws: Tensor | None = None  # of the picture that was seen last
        self._blocks = 0  # up to the one that was read
        self._vectors = self._scores = torch.empty(0)  # of that picture, whichever is read

    @torch.no_grad()
    def find(self, ws: Tensor, cut: Cut, x: float, y: float) -> NDArray[np.float32]:
        """The part at (x, y) image pixels, float32 [H, W], 1 = it, with soft edges.

        Args:
            ws: of the picture, float32 [1, num_ws, w_dim].
            cut: of the generator, up to the block that is tracked.
            x, y: the place.
        """
        self._see(ws, cut)
        column = min(max(int((x + 0.5) / self._size.width * GRID), 0), GRID - 1)
        row = min(max(int((y + 0.5) / self._size.height * GRID), 0), GRID - 1)
        if self._reader is None:
            inside = self._like(row, column)
            soft = inside * _around(_flood(inside > 0.5, row, column))
        else:
            soft = _share(self._scores, int(self._scores[:, row, column].argmax()))
        shown = F.interpolate(soft[None, None], size=self._size[::-1], mode="bicubic")
        mask: NDArray[np.float32] = shown[0, 0].clamp(0, 1).cpu().numpy()
        return mask

    def _see(self, ws: Tensor, cut: Cut) -> None:
        """Make the features, unless that was done for this picture."""
        if not self._sought:
            self._reader, self._sought = load_reader(self._model), True
        if self._reader is not None:
            cut = cut._replace(blocks=count_blocks(self._reader.resolution))
        if self._blocks == cut.blocks and self._ws is not None and torch.equal(ws, self._ws):
            return
        features = self._runners(cut).features(ws)
        if self._reader is None:
            self._vectors = F.normalize(features.float(), dim=1)
        else:
            self._scores = self._reader.to(features.device)(features)[0]
        self._ws, self._blocks = ws.clone(), cut.blocks

    def _like(self, row: int, column: int) -> Tensor:
        """How like the picture is to a place of it, [GRID, GRID], 0.5 at the edge of the part."""
        height, width = self._vectors.shape[2:]
        here = self._vectors[0, :, row * height // GRID, column * width // GRID]
        likeness = enlarged((self._vectors * here[:, None, None]).sum(1, keepdim=True))[0, 0]
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
