"""How long a drag step and its picture take on this machine, stage by stage.

Cases (points × mask × back-end) take turns in one process, so that a noisy machine is noisy for
all of them; figures are medians and percentiles after a warm-up. A step's time is the device's:
the host's clock on a CPU, events on a CUDA card, where `round trip` adds a wait for every step.
Beside each fused case stands its floor, from the machine's best rates in the same run.
"""

from __future__ import annotations

import itertools
import math
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch

from draglive.app.engine.device import FrameSlot, percentiles
from draglive.app.engine.editor import Editor
from draglive.app.engine.engine import EngineOptions, load_editor
from draglive.app.engine.fused import FusedRunner
from draglive.app.engine.runners import RunnerName
from draglive.app.engine.types import AddPoint, DragPoint, Point, SetMask, Size

from .ceilings import Ceilings, measure_ceilings, step_work

STEPS_PER_TURN = 3
WARM_UP_TURNS = 3


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured."""

    backend: RunnerName
    points: int
    masked: bool

    def __str__(self) -> str:
        mask = ", mask" if self.masked else ""
        return f"{self.backend}, {self.points} point{'s' * (self.points > 1)}{mask}"


@dataclass(slots=True)
class Run:
    """A case under way: its editor, and milliseconds of wall time so far."""

    case: Case
    editor: Editor
    slot: FrameSlot
    step_ms: list[float] = field(default_factory=list)  # each waited for
    picture_ms: list[float] = field(default_factory=list)

    def turn(self) -> None:
        """Steps back to back; then steps and a picture to the host, each waited for."""
        device = self.editor.device
        for _ in range(STEPS_PER_TURN):  # back to back: the stages' times
            self.editor.advance()
        device.synchronize()
        for _ in range(STEPS_PER_TURN):
            start = time.perf_counter()
            self.editor.advance()
            device.synchronize()
            self.step_ms.append((time.perf_counter() - start) * 1e3)
        start = time.perf_counter()
        self.editor.render(self.editor.look(), self.slot)
        self.slot.wait()
        device.synchronize()
        self.picture_ms.append((time.perf_counter() - start) * 1e3)
        self.editor.timers.harvest()


def measure(
    options: EngineOptions, backends: Sequence[RunnerName], points: Sequence[int], turns: int
) -> dict[str, Any]:
    """Run all cases in turns.

    Args:
        options: model, device and dtype; seed of the picture.
        backends: which to compare.
        points: numbers of points to compare, each without and with a mask.
        turns: counted turns a case, at least 1.

    Returns:
        The report, ready for JSON.

    Raises:
        BackendError and what `load_editor` raises.
    """
    runs = [
        _prepare(Case(backend, count, masked), options)
        for backend, count, masked in itertools.product(backends, points, (False, True))
    ]
    for number in range(WARM_UP_TURNS + turns):
        for run in runs:
            run.turn()
            if number + 1 == WARM_UP_TURNS:
                run.step_ms.clear()
                run.picture_ms.clear()
                run.editor.timers.clear()
    ceilings = measure_ceilings(runs[0].editor.device)
    return {
        "machine": _machine(runs[0].editor),
        "ceilings": asdict(ceilings),
        "cases": [_summary(run, ceilings) for run in runs],
    }


def table(report: Mapping[str, Any]) -> Iterator[str]:
    """The report's cases as lines of text."""
    yield (
        f"{'case':30} {'step p50':>9} {'p95':>7} {'floor':>7} "
        f"{'round trip':>11} {'picture p50':>12} {'p95':>7}   (ms)"
    )
    for case in report["cases"]:
        step, picture = case["stages"]["step"], case["picture"]
        floor = f"{case['floor_ms']:7.3f}" if case["floor_ms"] else f"{'':7}"
        yield (
            f"{case['name']:30} {step['p50_ms']:9.3f} {step['p95_ms']:7.3f} {floor} "
            f"{case['step']['p50_ms']:11.3f} {picture['p50_ms']:12.3f} {picture['p95_ms']:7.3f}"
        )
    ceilings = report["ceilings"]
    yield (
        f"best seen: {ceilings['teraflops']:.2f} TFLOP/s, {ceilings['gigabytes_per_s']:.0f} GB/s"
    )


def _prepare(case: Case, options: EngineOptions) -> Run:
    editor, _ = load_editor(replace(options, backend=case.backend, background=False))
    size = editor.model.size
    for number, (handle, target) in enumerate(_ring(size, case.points), start=1):
        editor.apply(AddPoint(DragPoint(number, handle, target)))
    if case.masked:
        mask = np.zeros((size.height, size.width), np.float32)
        mask[size.height // 4 : -size.height // 4] = 1.0
        editor.apply(SetMask(mask))
    return Run(case, editor, FrameSlot(editor.device, size))


def _ring(size: Size, count: int) -> Iterator[tuple[Point, Point]]:
    """Points around the middle, each with a target in the far corner: none ever arrives."""
    for number in range(count):
        angle = 2 * math.pi * number / count
        x = size.width * (0.5 + 0.25 * math.cos(angle))
        y = size.height * (0.5 + 0.25 * math.sin(angle))
        yield Point(x, y), Point(0.0 if x > size.width / 2 else size.width - 1.0, 0.0)


def _summary(run: Run, ceilings: Ceilings) -> dict[str, object]:
    runner = run.editor.runner
    floor_ms = None
    if isinstance(runner, FusedRunner):
        floor_ms = ceilings.floor_ms(step_work(runner.network, runner.last_plan))
    return {
        "name": str(run.case),
        **asdict(run.case),
        "floor_ms": floor_ms,
        "step": asdict(percentiles(run.step_ms)),
        "picture": asdict(percentiles(run.picture_ms)),
        "stages": {name: asdict(s) for name, s in run.editor.timers.stats().items()},
    }


def _machine(editor: Editor) -> dict[str, object]:
    return {
        "device": editor.device.name,
        "dtype": editor.device.dtype_name,
        "model": editor.model.name,
        "size": list(editor.model.size),
        "feature_resolution": editor.state.config.feature_resolution,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
    }
