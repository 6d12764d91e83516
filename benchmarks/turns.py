"""Subjects take turns: what disturbs the machine disturbs all of them alike.

Figures are percentiles over all turns after a warm-up; times are the device's (events on a CUDA
card, the host's clock elsewhere).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np
import torch

from draglive.app.engine.device import Device, percentiles

WARM_UP_TURNS = 3
RESAMPLED = 2000  # times, for an interval
CONFIDENCE = 95  # per cent

Samples = dict[str, list[float]]  # milliseconds by what was timed


class Subject(Protocol):
    """Something measured against others."""

    def turn(self) -> Mapping[str, Sequence[float]]:
        """Do the work once; milliseconds by what was timed."""


def take_turns(
    subjects: Sequence[Subject], turns: int, *, warm_up: int = WARM_UP_TURNS
) -> list[Samples]:
    """Let each subject work in turn.

    Args:
        subjects: in the order of their turns.
        turns: counted ones, at least 1.
        warm_up: turns before, not counted.

    Returns:
        The samples of each subject.
    """
    samples: list[Samples] = [{} for _ in subjects]
    for number in range(warm_up + turns):
        for subject, so_far in zip(subjects, samples, strict=True):
            for name, values in subject.turn().items():
                if number >= warm_up:
                    so_far.setdefault(name, []).extend(values)
    return samples


def summary(samples: Sequence[float]) -> dict[str, Any]:
    """Count, percentiles and the median's interval, in milliseconds."""
    low, high = median_interval(samples)
    return {**asdict(percentiles(list(samples))), "low_ms": low, "high_ms": high}


def median_interval(samples: Sequence[float]) -> tuple[float, float]:
    """Where the median lies with 95 % confidence, by resampling (always the same for the same)."""
    return interval(samples, np.median)


def interval(
    samples: Sequence[float], statistic: Callable[..., Any] = np.mean
) -> tuple[float, float]:
    """Percentile bootstrap (Efron 1979) of a statistic; at least one sample."""
    values = np.asarray(samples, float)
    drawn = np.random.default_rng(0).choice(values, (RESAMPLED, len(values)))
    tail = (100 - CONFIDENCE) / 2
    low, high = np.percentile(statistic(drawn, axis=1), [tail, 100 - tail])
    return float(low), float(high)


def time_ms(device: Device, call: Callable[[], object], repeat: int = 1) -> float:
    """Milliseconds of a call, the mean of `repeat` back to back; what was submitted before ends."""
    device.synchronize()
    if not device.is_cuda:
        start = time.perf_counter()
        for _ in range(repeat):
            call()
        device.synchronize()
        return (time.perf_counter() - start) / repeat * 1e3
    before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    before.record()
    for _ in range(repeat):
        call()
    after.record()
    after.synchronize()
    return float(before.elapsed_time(after)) / repeat
