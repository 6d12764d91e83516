"""An edit done again from its session file: the same commands at the same steps.

On the machine, back-end, precision and number of threads that it was made with, that leads to
bitwise the same w+ at every checkpoint.

Elsewhere numbers part. They begin to by a rounding, and where a tracker finds two places that are
nearly as good (along a lip, say), it may take the other one, and the drag another way to the same
target: the handles arrive, and the picture is another. So a replay elsewhere is led: every gesture
begins where it began then, and where it ended then is where it ends, both from the checkpoints that
a session file has of each state. What a gesture did by itself is compared with that
(`Outcome.gestures`), and so is a whole run that is not led (`verify`).

No thread, no clock to keep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from torch import Tensor

from draglive.stylegan2_jit.compile import BackendError

from .engine.backends import RunnerChooser
from .engine.edit import EditError
from .engine.editor import Editor
from .engine.loading import EngineOptions, load_editor
from .engine.log import Checkpoint, Event, Move, Origin, Record, Resume, SavedEdit, SwitchRunner
from .engine.rerun import advance_to, rerun, revisited
from .engine.runners import RunnerName
from .engine.snapshot import Snapshot, SnapshotError, unpack
from .engine.types import Point, PointState

if TYPE_CHECKING:
    from .film import Film

RUNNERS: dict[str, RunnerName] = {
    "fused": "fused",
    "eager": "eager",
    "script": "script",
    "compile": "compile",
}


# How far a patch of one picture lies from its place in another, in pixels.
Apart: TypeAlias = Callable[[np.ndarray, np.ndarray, Point], float]


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two runs are apart at one checkpoint.

    Attributes:
        step: of the checkpoint.
        after_step: of the last one before it at which they were the same.
        w_plus: the largest difference of any number of w+.
        handles_px: of the handle that is off most.
        arrived: then, all handles were at their targets.
        pictures_px: of the patch under a recorded handle that lies farthest from there in the
            picture made here; None where that was not looked at.
    """

    step: int
    after_step: int
    w_plus: float
    handles_px: float
    arrived: bool
    pictures_px: float | None = None


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
        gestures: of each state that was left, and the last, what its own run made other than
            then; led, each began where it began then.
        led: every gesture began and ended where it did then.
        same_setup: all that bitwise equality asks for is as it was.
        same_model: the model is the one that the edit was made on.
        tolerance_px: for the handles where a gesture ends that had arrived then, on another
            set-up: both ends are within the stop distance of the targets.
        points: at the end.
    """

    steps: int
    events: int
    refused: int
    checkpoints: int
    first: Difference | None
    last: Difference | None
    gestures: tuple[Difference, ...]
    led: bool
    same_setup: bool
    same_model: bool
    tolerance_px: float
    points: tuple[PointState, ...]

    @property
    def holds(self) -> bool:
        """Whether it is the same edit: bitwise on the same set-up, else to the tolerance."""
        if self.same_setup:
            return self.first is None
        ends = [gesture.handles_px for gesture in self.gestures if gesture.arrived]
        return self.refused == 0 and all(end <= self.tolerance_px for end in ends)

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
        device=available(origin.device) if options.device == "auto" else options.device,
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


def available(device: str) -> str:
    """A device of then, or 'auto' where this machine has none like it."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return device if there.get(device, True) else "auto"


class Replay:
    """One run through a saved edit.

    Args:
        saved: what to do again.
        editor: at the edit's beginning (`open_for_replay`), or anywhere.
        follow: the editor's chooser, to run what back-end ran then; None keeps the present one.
        same_model: the editor's model is the edit's; another's numbers are not compared.
        led: elsewhere than on the same set-up, begin and end every gesture where it did then.
        apart: compares pictures.
    """

    def __init__(
        self,
        saved: SavedEdit,
        editor: Editor,
        follow: RunnerChooser | None,
        *,
        same_model: bool = True,
        led: bool = True,
        apart: Apart | None = None,
    ) -> None:
        self._saved, self._editor, self._follow = saved, editor, follow
        self._same_model, self._apart = same_model, apart
        self._same_setup = same_model and _is_same_setup(saved, editor, follow)
        self.leads = led and same_model and not self._same_setup
        events = [r.command for r in saved.records if isinstance(r, Event)]
        editor.kept.wanted = revisited(saved.records)
        self._resumed_s = {e.checkpoint_s for e in events if isinstance(e, Resume)}
        checkpoints = [r for r in saved.records if isinstance(r, Checkpoint)]
        self._end = checkpoints[-1] if checkpoints else None
        self._same_step = self._events = self._refused = self._compared = 0
        self._first: Difference | None = None
        self._last: Difference | None = None
        self._gestures: list[Difference] = []

    def run(self, film: Film | None = None) -> Outcome:
        """Do everything again, and film it if wanted."""
        editor = self._editor
        fresh = editor.steps == 0 and len(editor.history.states) == 1
        if not fresh or editor.state.config != self._saved.origin.config:
            editor.begin(self._saved.start)  # or the model's defaults changed
        self._run_by(self._saved.origin.backend)
        for record in self._saved.records:
            if film is not None:
                film.advance(record)
            try:
                self._take(record, film)
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
            gestures=tuple(self._gestures),
            led=self.leads,
            same_setup=self._same_setup,
            same_model=self._same_model,
            tolerance_px=2 * editor.state.config.stop_px,
            points=editor.points(editor.look()),
        )

    def _take(self, record: Record, film: Film | None) -> None:
        if isinstance(record, Event):
            rerun(self._editor, record)
            self._events += 1
            if isinstance(record.command, SwitchRunner):
                self._run_by(record.command.name)
            return
        advance_to(self._editor, record.step)
        if record.looked:
            self._editor.look()
        if self._same_model:
            self._compare(record)
        if self.leads and self._ends_gesture(record):
            self._editor.settle(self._unpacked(record))
            if film is not None:
                film.glide()
        elif record.time_s in self._resumed_s:
            self._editor.settle()

    def _run_by(self, backend: str) -> None:
        name = RUNNERS.get(backend)
        if self._follow is not None and name is not None and name != self._editor.runner.name:
            self._follow.insist(name)
            self._editor.use_runner()

    def _ends_gesture(self, checkpoint: Checkpoint) -> bool:
        return checkpoint.left or checkpoint is self._end

    def _compare(self, checkpoint: Checkpoint) -> None:
        self._compared += 1
        if self._editor.packed() == checkpoint.content:
            self._same_step, self._last = checkpoint.step, None
            return
        self._last = self._difference(checkpoint)
        self._first = self._first or self._last
        if self._ends_gesture(checkpoint) and self._editor.state.points:
            self._gestures.append(self._last)

    def _difference(self, checkpoint: Checkpoint) -> Difference:
        own = unpack(self._editor.packed(), *self._editor.ws.shape[1:])
        then = self._unpacked(checkpoint)
        handles_px, pictures_px = float("inf"), None
        if own.handles.shape == then.handles.shape:
            handles_px = _farthest(own.handles, then.handles, then.active)
        if self._apart is not None and self._ends_gesture(checkpoint):
            pictures_px = self._pictures_apart(then)
        return Difference(
            step=checkpoint.step,
            after_step=self._same_step,
            w_plus=float((own.ws - then.ws).abs().max()),
            handles_px=handles_px,
            arrived=_farthest(then.handles, then.targets, then.active)
            <= self._editor.state.config.stop_px,
            pictures_px=pictures_px,
        )

    def _pictures_apart(self, then: Snapshot) -> float:
        assert self._apart is not None
        editor = self._editor
        own, recorded = editor.draw(editor.ws), editor.draw(then.ws.to(editor.device.on))
        places = [Point(*place) for place in then.handles[then.active].tolist()]
        return max((self._apart(recorded, own, place) for place in places), default=0.0)

    def _unpacked(self, checkpoint: Checkpoint) -> Snapshot:
        try:
            return unpack(checkpoint.content, *self._editor.ws.shape[1:])
        except SnapshotError as error:
            raise EditError(f"step {checkpoint.step}: {error}") from error


def _farthest(places: Tensor, others: Tensor, active: Tensor) -> float:
    apart = (places - others).norm(dim=1)[active]
    return float(apart.max()) if len(apart) else 0.0


def _is_same_setup(saved: SavedEdit, editor: Editor, follow: RunnerChooser | None) -> bool:
    moved = any(isinstance(r, Event) and isinstance(r.command, Move) for r in saved.records)
    then, own = saved.origin, editor.origin
    return (
        follow is not None
        and not moved
        and all(
            getattr(then, name) == getattr(own, name)
            for name in ("hardware", "dtype", "threads", "torch")
        )
    )


def describe_outcome(outcome: Outcome, alone: Outcome | None = None) -> Sequence[str]:
    """What a person is told of a replay.

    Args:
        outcome: how it ended.
        alone: how a run ended that was not led.
    """
    first, last = outcome.first, outcome.last
    if not outcome.same_model:
        return ["another model than then: there is nothing to compare with"]
    if first is None:
        return [f"bitwise the same at all {outcome.checkpoints} checkpoints"]
    if outcome.led:
        lines = _describe_led(outcome)
        return [*lines, f"left to itself, {_ending(alone.last)}"] if alone is not None else lines
    lines = [f"bitwise the same up to step {first.after_step}, not at step {first.step}"]
    if last is not None:
        lines.append(_ending(last))
    return lines


def _describe_led(outcome: Outcome) -> list[str]:
    gestures = outcome.gestures
    lines = ["another set-up than then: every gesture begins and ends where it did then"]
    if gestures:
        most = max(gesture.handles_px for gesture in gestures)
        lines.append(
            f"by themselves, {len(gestures)} gestures end up to {_apart(most, gestures)} "
            f"(up to {outcome.tolerance_px:g} px are in order where the handles had arrived)"
        )
    return lines


def _apart(handles_px: float, differences: Sequence[Difference]) -> str:
    w_plus = max(difference.w_plus for difference in differences)
    pictures = [d.pictures_px for d in differences if d.pictures_px is not None]
    seen = f", patches of the picture {max(pictures):.1f} px" if pictures else ""
    return f"{handles_px:.2f} px from there{seen}, w+ {w_plus:.2g}"


def _ending(last: Difference | None) -> str:
    if last is None:
        return "it ends where it ended then"
    return f"its handles end {_apart(last.handles_px, [last])}"
