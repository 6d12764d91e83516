"""What an edit did besides: change where nothing was to move, and pictures that look unlike any."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

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
    """Where the distance lies had it been other edits: as far as it spreads over resamples of ours.

    Normal interval (Efron and Tibshirani 1993, 13.3) and no percentiles: a resample repeats edits,
    so all of them lie farther from `real` than what they were drawn from.
    """
    rng = np.random.default_rng(0)
    drawn = (ours[rng.integers(0, len(ours), len(ours))] for _ in range(RESAMPLED))
    spread = float(np.std([frechet_distance(some, real) for some in drawn]))
    found, quantile = frechet_distance(ours, real), NormalDist().inv_cdf(0.5 + CONFIDENCE / 200)
    return max(found - quantile * spread, 0.0), found + quantile * spread
