"""The point operations in float64 numpy, one sample at a time: slow, and plain to read.

Coordinates are docs/conventions.md's: (x, y), image pixels, (0, 0) the top-left pixel's centre.
Imports nothing of draglive.
"""

import numpy as np
import torch

U32 = torch.finfo(torch.float32).eps / 2


def array(tensor):
    return tensor.detach().cpu().double().numpy()


def corners(position, feature_size, image_size):
    """The four map samples (row, column, weight) that a position is mixed from."""
    (x, y), (h, w), (height, width) = position, feature_size, image_size
    u = min(max((x + 0.5) * w / width - 0.5, 0), w - 1)
    v = min(max((y + 0.5) * h / height - 0.5, 0), h - 1)
    j, i = int(u), int(v)
    right, below = min(j + 1, w - 1), min(i + 1, h - 1)
    across, down = u - j, v - i
    return [
        (i, j, (1 - down) * (1 - across)),
        (i, right, (1 - down) * across),
        (below, j, down * (1 - across)),
        (below, right, down * across),
    ]


def sample(features, position, image_size):
    """The feature vector of [C, h, w] at a position."""
    found = corners(position, features.shape[1:], image_size)
    return sum(weight * features[:, i, j] for i, j, weight in found)


def motion_supervision(features, handles, motions, weights, offsets, image_size):
    """The loss, and its gradient to `features` [C, h, w] with F(q) held fixed."""
    loss, gradient = 0.0, np.zeros_like(features)
    terms = len(offsets) * len(features)
    for handle, motion, weight in zip(handles, motions, weights, strict=True):
        for offset in offsets:
            q = handle + offset
            still = sample(features, q, image_size)
            moved = sample(features, q + motion, image_size)
            loss += weight * np.abs(still - moved).sum() / terms
            slope = weight * np.sign(moved - still) / terms
            for i, j, share in corners(q + motion, features.shape[1:], image_size):
                gradient[:, i, j] += share * slope
    return loss, gradient


def supervise(features, handles, targets, active, offsets, *, speed_px, stop_px, image_size):
    """The gradient of a step: motions clipped to what remains, points that still move only."""
    remaining = targets - handles
    length = np.hypot(*remaining.T)
    motions = remaining * np.minimum(1, speed_px / np.maximum(length, 1e-300))[:, None]
    pulling = (active > 0) & (length > stop_px)
    _, gradient = motion_supervision(features, handles, motions, pulling, offsets, image_size)
    return gradient


def track_points(features, handles, references, radius, squared, image_size):
    """Each handle where [1, C, h, w] meets its reference best; of equals the nearest, then rows."""
    (features,), (height, width) = features, image_size
    moved = handles.copy()
    for n, (handle, reference) in enumerate(zip(handles, references, strict=True)):
        best = (np.inf, np.inf)
        for dy in range(-radius, radius + 1):
            for dx in range(-radius, radius + 1):
                x, y = q = handle + np.array([dx, dy])
                if not (-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5):
                    continue
                difference = sample(features, q, image_size) - reference
                cost = (difference**2 if squared else np.abs(difference)).sum()
                if (cost, dx * dx + dy * dy) < best:
                    best, moved[n] = (cost, dx * dx + dy * dy), q
    return moved


def sampling_slack(feature_size):
    """How far a float32 sample may be off, per unit of the map's largest value.

    A position on the map takes five roundings (sum, half, ratio, product, half), each of at most
    the map's side; a weight is off by as much, and a sample changes by at most twice the largest
    value from one map sample to the next. Eight more roundings mix the four.
    """
    return U32 * (10 * sum(feature_size) + 8)


def report_points(features, points, image_size, stop_px):
    """Rows of handle x, y, distance left, whether it moves, trust, for [1, C, h, w]."""
    (features,), rows = features, []
    for handle, target, active, fresh, reference in zip(*points, strict=True):
        left = np.hypot(*(target - handle))
        here = sample(features, np.nan_to_num(handle), image_size)
        lengths = np.linalg.norm(here) * np.linalg.norm(reference)
        trust = 1.0 if fresh else min(max(here @ reference / max(lengths, 1e-8), 0.0), 1.0)
        rows.append([*handle, left, active > 0 and left > stop_px, trust])
    return np.array(rows, dtype=float)
