"""An edit on a loaded model, one call at a time: commands, steps, pictures.

The `Editor` owns everything the worker's thread drives and a script may drive without a thread:
the states (`history.History`), the tensors (`drag.Drag`), and what is written down of both
(`log.EditLog`). It knows no clock but the stage timers, and nothing of mailboxes or windows.

A state that is left is kept: points, mask, settings, w+, momentum and reference features. Undo and
redo bring them back bitwise (`snapshot`), and so the picture.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from draglive.stylegan2_jit.checkpoints import Checkpoint
from draglive.stylegan2_jit.compile import Cut, count_blocks

from . import log as written
from . import types as t
from .blending import BASE, Beginnings
from .description import check_blend, check_class, check_config, describe, origin_of
from .device import Device, FrameSlot, StageTimers
from .drag import Drag, View
from .edit import EditState, apply, taken_hold
from .frames import Request, read_points
from .history import History
from .log import (
    EditLog,
    Event,
    EventList,
    FallBack,
    Happening,
    Move,
    NoLog,
    Origin,
    Resume,
    SavedEdit,
    SwitchRunner,
)
from .moments import GoodOnes, Kept
from .parting import PartFinder
from .rendering import Renderer
from .runners import Runner, Runners
from .snapshot import Snapshot, pack


class Editor:
    """A loaded model and the edit on it.

    Args:
        checkpoint: the model, prepared for the device.
        device: where it runs.
        runners: gives what runs a cut of the generator now.
        seed, psi, class_index: of the first picture; the class of a conditional model.

    Attributes:
        history: the states and the present one.
        steps: done since the start, by undo never undone.

    Raises:
        EditError: seed or psi out of range.
        ValueError: the model has no such class, or its preset is not usable.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: Device,
        runners: Runners,
        *,
        seed: int = 0,
        psi: float = 1.0,
        class_index: int | None = None,
    ) -> None:
        self.model = describe(checkpoint)
        self._started_s = time.perf_counter()
        self._log: EditLog = NoLog()
        self.steps = 0
        start = EditState(self.model.size, self.model.defaults, class_index=class_index)
        self.history = History.begin(apply(apply(start, t.SetSeed(seed)), t.SetTruncation(psi)))
        self.kept = Kept(self.model)
        self._kept: int | None = None  # the state whose tensors are on the shelf as they are now
        self._good = GoodOnes()
        self._looked = self._stepped = False  # since the last command
        self._settle_in(checkpoint, device, runners)
        self._past: EventList | None = None  # of an edit that was opened again
        self._resumed_s: float | None = None
        self._named = self.runner.name

    def log_to(self, log: EditLog) -> None:
        """Tell a log where the edit began, its past, and everything that happens from now on."""
        self._log = log
        past, self._past = self._past, None
        if past is None or past.origin is None:
            log.begin(self.origin)
            return
        log.begin(past.origin, past.records)
        self.note(Resume(self._resumed_s))
        self.note(SwitchRunner(self.runner.name))

    def begin(self, start: EditState) -> None:
        """Be where an edit began: no points, no mask, and nothing to go back to.

        Raises:
            EditError: settings or a class that are not for this model.
        """
        check_config(self.model, start.config)
        check_class(self.model, start.class_index)
        self.history, self.steps = History.begin(start), 0
        self.kept.clear()
        self._kept, self._looked, self._stepped = None, False, False
        self._good.clear()
        self._drag.configure(start.config, self._runner())
        self._drag.begin(self._ws())

    def stand(self, past: SavedEdit, history: History) -> None:
        """Be where an edit was at the checkpoint that ends its past (`rerun.resume`).

        Args:
            past: what the log is to begin with; without a checkpoint at its end, the beginning.
            history: the states until then.

        Raises:
            EditError: settings or tensors that are not for this model.
        """
        check_config(self.model, history.edit.config)
        check_class(self.model, history.edit.class_index)
        at = past.records[-1] if past.records else None
        snapshot = self.kept.unpacked(at.content) if isinstance(at, written.Checkpoint) else None
        self._log = self._past = EventList()
        own = replace(past.origin, path=str(self.model.path))  # a file may say anything
        self._past.begin(own, past.records)
        for checkpoint in self._past.checkpoints:
            if checkpoint.left:
                self.kept.put(checkpoint.state, checkpoint.content)
            else:
                self.kept.offer(checkpoint.state, checkpoint.step, checkpoint.content)
        self.history = history
        if snapshot is None or at is None:
            self.begin(past.start)
            return
        self.steps, self._resumed_s = at.step, at.time_s
        self._started_s = time.perf_counter() - at.time_s
        self._return(snapshot)

    @property
    def state(self) -> EditState:
        """What the person decided so far."""
        return self.history.edit

    def apply(self, command: t.Command) -> None:
        """Take one command and log it.

        Raises:
            EditError: it makes no sense here, or the tensors of the state that it leads to are
                lost; nothing changed and nothing was logged.
        """
        event = self._event(command)
        before, after = self.history, self.history.after(event)
        if isinstance(command, t.SetConfig):
            check_config(self.model, command.config)
        elif isinstance(command, t.SetClass):
            check_class(self.model, command.index)
        check_blend(self.model, command)
        returns = isinstance(command, t.Undo | t.Redo | t.GoTo)
        if returns or after.current != before.current:
            self._keep()
        snapshot = self.kept.get(after.current) if returns else None
        if isinstance(command, t.Revisit):
            snapshot = self.kept.moment(command.state, command.step)
        self.history = after
        if snapshot is not None:
            self._return(snapshot)
            self._kept = after.current if returns else None
        else:
            self._carry_out(command, before.edit)
        self._log.event(replace(event, state=after.current))
        self._looked = self._stepped = False
        self._note_runner()

    def use_runner(self) -> None:
        """Ask anew what runs the generator: something faster may be ready."""
        self._drag.configure(self.state.config, self._runner())
        self._note_runner()

    def checkpoint(self) -> None:
        """Log all tensors as they are; waits for the device."""
        checkpoint = self._checkpoint(left=False)
        self._log.checkpoint(checkpoint)
        if self._stepped:
            self.kept.offer(checkpoint.state, self.steps, checkpoint.content)

    def packed(self) -> bytes:
        """All tensors as they are (`snapshot.pack`); waits for the device."""
        return pack(self._drag.save())

    @torch.no_grad()
    def draw(self, ws: Tensor, coarser: int = 0) -> np.ndarray:
        """The picture of any w+, uint8 [H, W, 4]; the edit stays as it is. Waits for the device."""
        picture: np.ndarray = self.runner.draw(ws, coarser).cpu().numpy()
        return picture

    def seed_ws(self, seed: int, psi: float, class_index: int | None) -> Tensor:
        """The w+ of a seed's picture, float32 [1, num_ws, w_dim]."""
        return self._beginnings.of_seed(seed, psi, class_index)

    def ws_of(self, state: int, step: int | None = None) -> Tensor:
        """The w+ of a state, as it was left or is now, or of a moment within it.

        Raises EditError where there is none, or it is lost.
        """
        if step is None and state == self.history.current:
            return self.ws
        kept = self.kept.get(state) if step is None else self.kept.moment(state, step)
        return kept.ws.to(self.device.on)

    def features(self) -> Tensor:
        """The whole feature map of the present picture; the edit stays as it is."""
        return self.runner.features(self.ws)

    @property
    def dragged(self) -> Tensor:
        """What was dragged: w+ less the picture that it began with, of the same shape."""
        return self._drag.ws - self._ws()

    def fall_back(self) -> None:
        """Numbers are not finite: back to the last w+ whose were, or to the seed's picture."""
        self.note(FallBack())
        good = self._good.last_finite()
        if good is None:
            self._drag.start(self._ws())
            self._drag.points.forget_references()
        else:
            self._drag.restore(good, self._ws(), self.state.mask)
        known = set(good.slots) if good else set()
        taken = frozenset(p.id for p in self.state.points if p.id not in known)
        self._drag.points.set(self.state.points, taken)
        self._kept = None

    def move(self, checkpoint: Checkpoint, device: Device, runners: Runners) -> None:
        """Go on elsewhere, with the same model, from the last good w+."""
        self._settle_in(checkpoint, device, runners)
        self.note(Move(device.on.type, device.dtype_name))
        self.fall_back()
        self._note_runner()

    def _settle_in(self, checkpoint: Checkpoint, device: Device, runners: Runners) -> None:
        self.device, self.timers = device, StageTimers(device)
        self._beginnings, self._runners = Beginnings(checkpoint.generator), runners
        self._drag = Drag(
            device, self._runner(), self.state.config, self._ws(), checkpoint.generator
        )
        self._renderer = Renderer(device, self.timers)
        self.parts = PartFinder(runners, self.model)

    def note(self, happening: Happening) -> None:
        """Log what the engine does of its own accord."""
        self._log.event(replace(self._event(happening), state=self.history.current))
        self._looked = False

    def settle(self, there: Snapshot | None = None) -> None:
        """Make the features of the present picture anew, or of one elsewhere, and its tensors."""
        self._return(there or self._drag.save())

    @property
    def runner(self) -> Runner:
        """What runs the generator now."""
        return self._drag.runner

    @property
    def ws(self) -> Tensor:
        """The picture's w+: float32 [1, num_ws, w_dim]."""
        return self._drag.ws

    def look(self) -> View:
        """The present picture and where its points are, without moving anything."""
        self._looked = True
        return self._drag.look(self.timers)

    def advance(self) -> None:
        """One drag step."""
        if self._good.wants(self.steps):
            self._good.put(self._drag.save())
        self.steps += 1
        self._looked, self._kept, self._stepped = True, None, True
        with self.timers.stage("step"):
            self._drag.step(self.timers)
        if (self.history.current, self.steps) in self.kept.wanted:
            self.kept.offer(self.history.current, self.steps, self.packed())

    def take_trouble(self) -> str | None:
        """See `Drag.take_trouble`."""
        return self._drag.take_trouble()

    def step(self) -> View:
        """One drag step, and a view of the picture that it led to."""
        self.advance()
        return self.look()

    def render(self, view: View, slot: FrameSlot, coarser: int = 0) -> Request:
        """Finish a view's picture and start its way to the host (`Runner.picture`)."""
        self._renderer.render(self._drag.runner, view, slot, coarser)
        return Request(slot, self.state, self._slots(), self.steps)

    def points(self, view: View) -> tuple[t.PointState, ...]:
        """A view's points; waits for the device, so not for the live loop."""
        return read_points(self.state, self._slots(), view.report.cpu().numpy())

    def _slots(self) -> tuple[int | None, ...]:
        return tuple(self._drag.points.table.slots)

    def _event(self, what: t.Command | Happening) -> Event:
        return Event(self.steps, self._time_s, what, self._looked)

    @property
    def _time_s(self) -> float:
        """Since the edit began, however often it was opened."""
        return time.perf_counter() - self._started_s

    def _keep(self) -> None:
        """Put the tensors of the present state on the shelf: it is about to be left."""
        state = self.history.current
        if self._kept != state:
            checkpoint = self._checkpoint(left=True)
            self.kept.put(state, checkpoint.content)
            self._log.checkpoint(checkpoint)

    def _checkpoint(self, *, left: bool) -> written.Checkpoint:
        content = self.packed()
        state = self.history.current
        return written.Checkpoint(state, self.steps, self._time_s, left, content, self._looked)

    def _note_runner(self) -> None:
        """Log another back-end: bit by bit, it computes something else."""
        if self.runner.name != self._named:
            self._named = self.runner.name
            self.note(SwitchRunner(self._named))

    def _return(self, snapshot: Snapshot) -> None:
        """Bring the tensors to a state that was left."""
        self._drag.configure(self.state.config, self._runner())
        self._drag.restore(snapshot, self._ws(), self.state.mask)
        known = set(snapshot.slots)  # a damaged file may know of other points
        taken = frozenset(p.id for p in self.state.points if p.id not in known)
        self._drag.points.set(self.state.points, taken)
        self._good.clear()
        self._kept = None

    def _carry_out(self, command: t.Command, before: EditState) -> None:
        """Bring the tensors to `self.state`."""
        if not isinstance(command, t.EndGesture | t.SetPaused):
            self._kept = None
        if isinstance(command, BASE):
            self._good.clear()
        match command:
            case t.SetSeed() | t.SetClass():
                self._drag.start(self._ws())
                self._drag.set_mask(None)
            case t.ResetPicture():
                self._drag.start(self._ws())
            case t.AddDirection(absorbs=True):
                self._drag.rebase(self._ws())
            case t.SetTruncation() | t.SetMix() | t.AddDirection() | t.SetStrength():
                self._drag.shift(self._ws())
            case t.RemoveDirection():
                self._drag.shift(self._ws())
            case t.SetConfig(config):
                self._drag.configure(config, self._runner())
            case t.SetMask():
                self._drag.set_mask(self.state.mask)
            case _:
                pass
        taken = taken_hold(command)
        if taken or self.state.points != before.points:
            self._drag.points.set(self.state.points, taken)

    @property
    def cut(self) -> Cut:
        """Where the generator is cut, by the present settings."""
        config = self.state.config
        return Cut(count_blocks(config.feature_resolution), config.last_layer + 1)

    def _runner(self) -> Runner:
        return self._runners(self.cut)

    @property
    def origin(self) -> Origin:
        """Where an edit would begin now, and on what."""
        return origin_of(self.model, self.state, self.device, self.runner.name)

    def _ws(self) -> Tensor:
        return self._beginnings.ws(self.state)
