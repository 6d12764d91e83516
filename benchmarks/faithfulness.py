"""What an edit did besides: change where nothing was to move, and pictures that look unlike any."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from draglive.app.engine.types import Point

from .turns import CONFIDENCE

MARGIN = 0.12  # of the picture's width: so near to a pull, pixels may move
RESAMPLED = 200  # times: each takes two decompositions


def change_outside(
    before: NDArray[np.uint8], after: NDArray[np.uint8], pairs: Sequence[tuple[Point, Point]]
) -> float:
    """Mean absolute change, of 255, of the pixels far from every pull.

    Args:
        before: uint8 [H, W, 3 or 4].
        after: likewise.
        pairs: handle and target of each pull.

    Returns:
        NaN where the pulls leave nothing outside.
    """
    height, width = before.shape[:2]
    y, x = np.mgrid[:height, :width].astype(float)
    outside = np.ones((height, width), bool)
    for handle, target in pairs:
        outside &= _distance(x, y, handle, target) > MARGIN * width
    change = np.abs(after[..., :3].astype(float) - before[..., :3])[outside]
    return float(change.mean()) if change.size else float("nan")


def _distance(
    x: NDArray[np.float64], y: NDArray[np.float64], start: Point, end: Point
) -> NDArray[np.float64]:
    """Of every pixel from the line between two points."""
    dx, dy = end.x - start.x, end.y - start.y
    along = ((x - start.x) * dx + (y - start.y) * dy) / max(dx * dx + dy * dy, 1e-12)
    along = np.clip(along, 0.0, 1.0)
    away: NDArray[np.float64] = np.hypot(x - start.x - along * dx, y - start.y - along * dy)
    return away


def frechet_distance(ours: NDArray[np.float64], real: NDArray[np.float64]) -> float:
    """Between two sets of features [N, D], as if both were normal (Heusel et al. 2017).

    ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½), with the trace of the root from the eigenvalues of
    Σ₁^½ Σ₂ Σ₁^½.
    """
    shift = ours.mean(0) - real.mean(0)
    first, second = (np.cov(features, rowvar=False) for features in (ours, real))
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    between = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    return float(shift @ shift + np.trace(first) + np.trace(second) - 2 * between)


def interval_of_frechet(
    ours: NDArray[np.float64], real: NDArray[np.float64]
) -> tuple[float, float]:
    """Where the distance lies had it been other edits, by resampling ours.

    Basic bootstrap (Davison & Hinkley 1997, 5.2): a resample lies farther from `real` than what it
    was drawn from, by as much as that lies farther than the truth, so it is mirrored about it.
    """
    rng = np.random.default_rng(0)
    found = frechet_distance(ours, real)
    drawn = [ours[rng.integers(0, len(ours), len(ours))] for _ in range(RESAMPLED)]
    tail = (100 - CONFIDENCE) / 2
    ends = np.percentile([frechet_distance(some, real) for some in drawn], [100 - tail, tail])
    low, high = (max(2 * found - float(end), 0.0) for end in ends)
    return low, high
