"""All benchmarks of the default model on this machine, one after the other.

What cannot be run here (a window without a display) is left out and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from draglive.app.engine.device import Device
from draglive.app.engine.runners import RunnerName
from draglive.stylegan2_jit.compile import BackendError

from . import kernels, landmarks, latency, paired, scaling, step
from .errors import BenchmarkError
from .landmark_detector import CreatureLandmarks
from .models import Source
from .result import Result


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured."""

    turns: int
    points: tuple[int, ...]
    backends: tuple[RunnerName, ...]
    largest: int  # px, of random weights
    moves: int
    pairs: int
    max_steps: int


QUICK = Effort(5, (1, 5), ("fused", "eager"), 64, 6, 2, 60)
FULL = Effort(30, (1, 2, 5, 16, 64), ("fused", "script", "eager"), 256, 30, 50, 200)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A benchmark that could not be run, and why."""

    benchmark: str
    reason: str


def run_all(device: Device, effort: Effort) -> Iterator[Result | LeftOut]:
    """Every benchmark's result as it comes."""
    for name, measure in benchmarks(device, effort):
        try:
            yield measure()
        except (BackendError, BenchmarkError) as error:
            yield LeftOut(name, str(error))


def benchmarks(device: Device, effort: Effort) -> Iterator[tuple[str, Callable[[], Result]]]:
    """Each benchmark's name and how it is run."""
    source, detector = Source(), CreatureLandmarks()
    terms = landmarks.Terms(effort.pairs, effort.max_steps)
    turns = effort.turns
    yield (
        "step",
        lambda: step.measure(device, [source], effort.backends, effort.points, turns=turns),
    )
    yield "kernels", lambda: kernels.measure(device, source, turns=turns)
    yield "scaling", lambda: scaling.measure(device, most=effort.largest, turns=max(turns // 5, 1))
    yield "latency", lambda: latency.measure(device, None, moves=effort.moves)
    yield "landmarks", lambda: landmarks.measure(device, source, detector, terms)
    yield "paired", lambda: paired.measure(device, source, detector, terms)
