"""An edit done again from its session file: the same commands at the same steps.

On the machine, back-end, precision and number of threads that it was made with, that leads to
bitwise the same w+ at every checkpoint. Elsewhere numbers part after some steps, and each run ends
within the stop distance of the targets: so handles end within twice that of where they ended then.
No thread, no clock to keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import torch

from draglive.stylegan2_jit.compile import BackendError

from .engine.backends import RunnerChooser
from .engine.edit import EditError
from .engine.editor import Editor
from .engine.loading import EngineOptions, load_editor
from .engine.log import Checkpoint, Event, Move, Origin, Resume, SavedEdit, SwitchRunner
from .engine.rerun import advance_to, rerun, revisited
from .engine.runners import RunnerName
from .engine.snapshot import SnapshotError, unpack
from .engine.types import PointState
from .film import Film

RUNNERS: dict[str, RunnerName] = {
    "fused": "fused",
    "eager": "eager",
    "script": "script",
    "compile": "compile",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two runs are apart at one checkpoint.

    Attributes:
        step: of the checkpoint.
        after_step: of the last one before it at which they were the same.
        w_plus: the largest difference of any number of w+.
        handles_px: of the handle that is off most.
    """

    step: int
    after_step: int
    w_plus: float
    handles_px: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a replay ended.

    Attributes:
        steps: done.
        events: carried out.
        refused: events that made no sense where they stood.
        checkpoints: compared with.
        first: where the runs part, None if nowhere.
        last: how far they are apart at the end, None if not at all.
        same_setup: all that bitwise equality asks for is as it was.
        tolerance_px: for the handles at the end, where it is not.
        points: at the end.
    """

    steps: int
    events: int
    refused: int
    checkpoints: int
    first: Difference | None
    last: Difference | None
    same_setup: bool
    tolerance_px: float
    points: tuple[PointState, ...]

    @property
    def holds(self) -> bool:
        """Whether it is the same edit: bitwise on the same set-up, else to the tolerance."""
        if self.same_setup:
            return self.first is None
        return self.last is None or self.last.handles_px <= self.tolerance_px

    def report(self) -> dict[str, object]:
        """Ready for JSON."""
        return {**asdict(self), "bitwise": self.first is None, "holds": self.holds}


def open_for_replay(
    origin: Origin, options: EngineOptions
) -> tuple[Editor, RunnerChooser | None, RunnerChooser]:
    """An editor at an edit's beginning, set up as it was then where this machine can.

    Args:
        origin: of the edit.
        options: the model; what is 'auto' here is as it was then.

    Returns:
        The editor; its chooser if it is to follow the edit's back-ends, else None; its chooser.

    Raises:
        CheckpointError, DeviceError, EditError, ValueError: as `load_editor`.
    """
    torch.set_num_threads(max(min(origin.threads, torch.get_num_threads()), 1))
    begun = replace(
        options,
        seed=origin.seed,
        psi=origin.psi,
        class_index=origin.class_index,
        device=_available(origin.device) if options.device == "auto" else options.device,
        dtype=origin.dtype if options.dtype == "auto" else options.dtype,
        background=False,
    )
    name = RUNNERS.get(origin.backend)
    if options.backend == "auto" and name is not None:
        try:
            editor, chooser = load_editor(replace(begun, backend=name))
        except BackendError:  # it cannot run here
            pass
        else:
            return editor, chooser, chooser
    editor, chooser = load_editor(begun)
    return editor, None, chooser


def _available(device: str) -> str:
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return device if there.get(device, True) else "auto"


class Replay:
    """One run through a saved edit.

    Args:
        saved: what to do again.
        editor: at the edit's beginning (`open_for_replay`).
        follow: the editor's chooser, to run what back-end ran then; None keeps the present one.
    """

    def __init__(self, saved: SavedEdit, editor: Editor, follow: RunnerChooser | None) -> None:
        self._saved, self._editor, self._follow = saved, editor, follow
        events = [r.command for r in saved.records if isinstance(r, Event)]
        editor.kept.wanted = revisited(saved.records)
        self._resumed_s = {e.checkpoint_s for e in events if isinstance(e, Resume)}
        self._moved = any(isinstance(e, Move) for e in events)
        self._same_step = self._events = self._refused = self._compared = 0
        self._first: Difference | None = None
        self._last: Difference | None = None

    def run(self, film: Film | None = None) -> Outcome:
        """Do everything again, and film it if wanted."""
        editor = self._editor
        if editor.state.config != self._saved.origin.config:  # the model's defaults changed
            editor.begin(self._saved.start)
        for record in self._saved.records:
            if film is not None:
                film.advance(record)
            try:
                if isinstance(record, Event):
                    self._carry_out(record)
                else:
                    self._compare(record)
            except EditError:
                self._refused += 1
        if film is not None:
            film.end()
        return Outcome(
            steps=editor.steps,
            events=self._events,
            refused=self._refused,
            checkpoints=self._compared,
            first=self._first,
            last=self._last,
            same_setup=self._is_same_setup(),
            tolerance_px=2 * editor.state.config.stop_px,
            points=editor.points(editor.look()),
        )

    def _carry_out(self, event: Event) -> None:
        rerun(self._editor, event)
        self._events += 1
        if isinstance(event.command, SwitchRunner) and self._follow is not None:
            name = RUNNERS.get(event.command.name)
            if name is not None and name != self._editor.runner.name:
                self._follow.insist(name)
                self._editor.use_runner()

    def _compare(self, checkpoint: Checkpoint) -> None:
        advance_to(self._editor, checkpoint.step)
        if checkpoint.looked:
            self._editor.look()
        self._compared += 1
        if self._editor.packed() == checkpoint.content:
            self._same_step, self._last = checkpoint.step, None
        else:
            self._last = self._difference(checkpoint)
            self._first = self._first or self._last
        if checkpoint.time_s in self._resumed_s:
            self._editor.settle()

    def _difference(self, checkpoint: Checkpoint) -> Difference:
        own = unpack(self._editor.packed(), *self._editor.ws.shape[1:])
        try:
            then = unpack(checkpoint.content, *self._editor.ws.shape[1:])
        except SnapshotError as error:
            raise EditError(f"step {checkpoint.step}: {error}") from error
        handles_px = float("inf")
        if own.handles.shape == then.handles.shape:
            apart = (own.handles - then.handles).norm(dim=1)[then.active]
            handles_px = float(apart.max()) if len(apart) else 0.0
        w_plus = float((own.ws - then.ws).abs().max())
        return Difference(checkpoint.step, self._same_step, w_plus, handles_px)

    def _is_same_setup(self) -> bool:
        then, own = self._saved.origin, self._editor.origin
        return (
            self._follow is not None
            and not self._moved
            and all(
                getattr(then, name) == getattr(own, name)
                for name in ("hardware", "dtype", "threads", "torch")
            )
        )


def describe_outcome(outcome: Outcome) -> Sequence[str]:
    """What a person is told of a verification."""
    first, last = outcome.first, outcome.last
    if first is None:
        return [f"bitwise the same at all {outcome.checkpoints} checkpoints"]
    lines = [
        f"bitwise the same up to step {first.after_step}; at the checkpoint of step {first.step} "
        f"w+ differs by {first.w_plus:.2g}, handles by {first.handles_px:.2f} px"
    ]
    if last is not None:
        lines.append(f"at the end handles differ by {last.handles_px:.2f} px")
    if not outcome.same_setup:
        lines.append(f"another set-up than then: up to {outcome.tolerance_px:g} px are in order")
    return lines
