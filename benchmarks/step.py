"""How long a drag step and its picture take on this machine, stage by stage.

Cases (model × back-end × dtype × points × mask) take turns in one process. A step's time is the
device's; `round trip` adds a wait for every step. Beside each case stand the floor from the
machine's best rates in the same run, what it reaches of them, and its peak memory.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from draglive.app.engine.device import Device, FrameSlot
from draglive.app.engine.editor import Editor
from draglive.app.engine.fused import FusedRunner, network_of
from draglive.app.engine.runners import RunnerName
from draglive.kernels.windows import plan_windows
from draglive.stylegan2_jit.compile import BackendError

from .ceilings import Ceilings, Work, measure_ceilings, step_work
from .machine import machine_card
from .memory import peak_memory
from .models import Source, open_editor, with_dtype
from .result import Result
from .scene import pull_ring
from .turns import WARM_UP_TURNS, Samples, summary, take_turns

STEPS_PER_TURN = 3


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured."""

    source: Source
    backend: RunnerName
    dtype: str
    points: int
    masked: bool


@dataclass(slots=True)
class Run:
    """A case under way: its editor, and what it must compute a step."""

    case: Case
    editor: Editor
    slot: FrameSlot
    work: Work | None = None
    memory_mb: float | None = None
    turns: int = field(default=0)

    def turn(self) -> dict[str, list[float]]:
        """Steps back to back; then steps and a picture to the host, each waited for."""
        if self.turns == WARM_UP_TURNS:
            self.editor.timers.clear()
        self.turns += 1
        device = self.editor.device
        for _ in range(STEPS_PER_TURN):  # back to back: the stages' times
            self.editor.advance()
        device.synchronize()
        waited = [self._timed(self.editor.advance) for _ in range(STEPS_PER_TURN)]
        picture = self._timed(self._show)
        self.editor.timers.harvest()
        return {"step": waited, "picture": [picture]}

    def _show(self) -> None:
        self.editor.render(self.editor.look(), self.slot)
        self.slot.wait()

    def _timed(self, call: Any) -> float:
        start = time.perf_counter()
        call()
        self.editor.device.synchronize()
        return (time.perf_counter() - start) * 1e3


def measure(
    device: Device,
    sources: Sequence[Source],
    backends: Sequence[RunnerName],
    points: Sequence[int],
    *,
    dtypes: Sequence[str] = ("auto",),
    turns: int = 15,
) -> Result:
    """Run all cases in turns.

    Args:
        device: where.
        sources: models to compare.
        backends: which to compare.
        points: numbers of points to compare, each without and with a mask.
        dtypes: precisions to compare; 'auto' is the device's own.
        turns: counted turns a case, at least 1.

    Raises:
        BackendError and what `open_editor` raises.
    """
    cases = itertools.product(sources, backends, dtypes, points, (False, True))
    runs = [_prepare(Case(*case), device) for case in cases]
    samples = take_turns(runs, turns)
    used = {run.editor.device.dtype_name: run.editor.device for run in runs}
    ceilings = {name: measure_ceilings(one) for name, one in used.items()}
    return Result(
        benchmark="step",
        machine=machine_card(device),
        settings={"turns": turns, "steps_per_turn": STEPS_PER_TURN},
        cases=[
            _describe(run, s, ceilings[run.editor.device.dtype_name])
            for run, s in zip(runs, samples, strict=True)
        ],
        facts={f"best seen, {name}": asdict(best) for name, best in ceilings.items()},
    )


def _prepare(case: Case, device: Device) -> Run:
    device = with_dtype(device, case.dtype)
    with peak_memory(device) as peak:
        checkpoint = case.source.load()
        editor = open_editor(checkpoint, device, case.backend)
        pull_ring(editor, case.points, masked=case.masked)
        run = Run(case, editor, FrameSlot(device, editor.model.size))
        run.turn()
    run.turns, run.memory_mb = 0, peak.megabytes
    run.work = count_work(editor, checkpoint.generator.synthesis, case.points)
    return run


def count_work(editor: Editor, synthesis: Any, points: int) -> Work | None:
    """What a step must compute: windows where the runner plans them, else whole maps.

    Args:
        editor: which has made a step.
        synthesis: its network.
        points: how many.

    Returns:
        None for a network whose work nobody has counted ('resnet').
    """
    bytes_per_value = editor.device.dtype.itemsize
    if isinstance(editor.runner, FusedRunner):
        return step_work(editor.runner.network, editor.runner.last_plan, bytes_per_value)
    try:
        network = network_of(synthesis)
    except BackendError:
        return None
    layers = network.layers[: network.layer_count(editor.runner.blocks)]
    whole = plan_windows(
        [(layer.up, layer.height, layer.width) for layer in layers],
        points=points,
        reach_px=editor.state.config.reach_px,
        image_height=editor.model.size.height,
        cover=0.0,
    )
    return step_work(network, whole, bytes_per_value)


def _describe(run: Run, samples: Samples, ceilings: Ceilings) -> dict[str, Any]:
    editor, case = run.editor, run.case
    stages = {name: asdict(s) for name, s in editor.timers.stats().items()}
    step_ms = stages["step"]["p50_ms"]
    mask = ", mask" if case.masked else ""
    name = f"{case.backend}, {case.points} point{'s' * (case.points > 1)}{mask}"
    return {
        "name": f"{editor.model.size.height} px {editor.device.dtype_name} {name}",
        "model": editor.model.name,
        "resolution": editor.model.size.height,
        "feature_resolution": editor.state.config.feature_resolution,
        "backend": case.backend,
        "dtype": editor.device.dtype_name,
        "points": case.points,
        "masked": case.masked,
        "step": summary(samples["step"]),
        "picture": summary(samples["picture"]),
        "stages": stages,
        "steps_per_second": 1e3 / step_ms,
        "memory_mb": run.memory_mb,
        "work": asdict(run.work) if run.work else None,
        "floor_ms": ceilings.floor_ms(run.work) if run.work else None,
        "rates": run.work.rates(step_ms) if run.work else None,
    }
