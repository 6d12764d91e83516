"""An edit on a loaded model, one call at a time: commands, steps, pictures.

The `Editor` owns everything the worker's thread drives and a script may drive without a thread:
the state (`edit.EditState`), the event list, the tensors (`drag.Drag`). It knows no clock but the
stage timers, and nothing of mailboxes or windows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from draglive.stylegan2_jit.checkpoints import Checkpoint
from draglive.stylegan2_jit.compile import Cut, count_blocks
from draglive.stylegan2_jit.latents import class_vector, seed_to_ws

from . import types as t
from .device import Device, FrameSlot, StageTimers
from .drag import Drag, View
from .edit import EditError, EditState, apply
from .runners import Runner

Runners = Callable[[Cut], Runner]  # what runs this cut of the generator now


@dataclass(frozen=True, slots=True)
class Request:
    """A frame on its way to the host, with all that its reader needs to know."""

    slot: FrameSlot
    state: EditState
    slots: tuple[int | None, ...]  # ids by row of the report
    step: int

    def points(self) -> tuple[t.PointState, ...]:
        """The frame's points, once its slot is ready."""
        return read_points(self.state, self.slots, self.slot.report)


class Editor:
    """A loaded model and the edit on it.

    Args:
        checkpoint: the model, prepared for the device.
        device: where it runs.
        runners: gives what runs a cut of the generator now.
        seed: of the first picture.
        psi: truncation psi of the first picture.
        class_index: of a conditional model.

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
        self.device = device
        self.timers = StageTimers(device)
        self._generator = checkpoint.generator
        self._runners = runners
        self._started_s = time.perf_counter()
        self.events: list[t.Event] = []
        self.steps = 0
        start = EditState(self.model.size, self.model.defaults, class_index=class_index)
        self.state = apply(apply(start, t.SetSeed(seed)), t.SetTruncation(psi))
        self._drag = Drag(device, self._runner(), self.state.config, self._ws())
        self._last_slot: FrameSlot | None = None
        self._copies = torch.cuda.Stream(device.on) if device.is_cuda else None

    def apply(self, command: t.Command) -> None:
        """Take one command and log it.

        Raises:
            EditError: it makes no sense here; nothing changed and nothing was logged.
        """
        state = apply(self.state, command)
        if isinstance(command, t.SetConfig):
            self._check(command.config)
        elif isinstance(command, t.SetClass):
            self._check_class(command.index)
        before, self.state = self.state, state
        self._carry_out(command, before)
        self.events.append(t.Event(self.steps, time.perf_counter() - self._started_s, command))

    def use_runner(self) -> None:
        """Ask anew what runs the generator: something faster may be ready."""
        self._drag.configure(self.state.config, self._runner())

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
        return self._drag.look(self.timers)

    def advance(self) -> None:
        """One drag step."""
        self.steps += 1
        with self.timers.stage("step"):
            self._drag.step(self.timers)

    def step(self) -> View:
        """One drag step, and a view of the picture that it led to."""
        self.advance()
        return self.look()

    @torch.no_grad()
    def render(self, view: View, slot: FrameSlot, coarser: int = 0) -> Request:
        """Finish a view's picture and start its way to the host (`Runner.picture`)."""
        if self._last_slot is not None:
            self._last_slot.let_copy_end()  # a runner may render into the same memory each time
        self._last_slot = slot
        with self.timers.stage("render"):
            rgba = self._drag.runner.picture(view.seen, coarser)
        with self.timers.stage("readback"):
            slot.read_back(rgba, view.report, self._copies)
        return Request(slot, self.state, self._slots(), self.steps)

    def points(self, view: View) -> tuple[t.PointState, ...]:
        """A view's points; waits for the device, so not for the live loop."""
        return read_points(self.state, self._slots(), view.report.cpu().numpy())

    def _slots(self) -> tuple[int | None, ...]:
        return tuple(self._drag.points.table.slots)

    def _carry_out(self, command: t.Command, before: EditState) -> None:
        """Bring the tensors to `self.state`."""
        match command:
            case t.SetSeed() | t.SetClass():
                self._drag.start(self._ws())
                self._drag.set_mask(None)
            case t.ResetPicture():
                self._drag.start(self._ws())
            case t.SetTruncation():
                self._drag.shift(self._ws())
            case t.SetConfig(config):
                self._drag.configure(config, self._runner())
            case t.SetMask(mask):
                self._drag.set_mask(mask)
            case _:
                pass
        if self.state.points != before.points:
            self._drag.points.set(self.state.points, _taken(command))

    @property
    def cut(self) -> Cut:
        """Where the generator is cut, by the present settings."""
        config = self.state.config
        return Cut(count_blocks(config.feature_resolution), config.last_layer + 1)

    def _runner(self) -> Runner:
        return self._runners(self.cut)

    def _check(self, config: t.DragConfig) -> None:
        resolutions = self.model.feature_resolutions
        if config.feature_resolution not in resolutions:
            known = ", ".join(map(str, resolutions))
            raise EditError(
                f"feature_resolution must be one of {known}, not {config.feature_resolution}"
            )
        if config.last_layer >= self.model.num_ws:
            last = self.model.num_ws - 1
            raise EditError(f"last_layer must be at most {last}, not {config.last_layer}")

    def _check_class(self, index: int | None) -> None:
        try:
            class_vector(index, self.model.classes)
        except ValueError as error:
            raise EditError(str(error)) from error

    def _ws(self) -> Tensor:
        return seed_to_ws(self._generator, self.state.seed, self.state.psi, self.state.class_index)


def _taken(command: t.Command) -> frozenset[int]:
    match command:
        case t.AddPoint(point):
            return frozenset([point.id])
        case t.MoveHandle(point_id):
            return frozenset([point_id])
        case _:
            return frozenset()


def describe(checkpoint: Checkpoint) -> t.ModelInfo:
    """What the window and reports show of a model.

    Raises:
        ValueError: its drag preset is not usable.
    """
    config = checkpoint.generator.config
    size = t.Size(config.img_width, config.img_resolution)
    return t.ModelInfo(
        name=checkpoint.name,
        path=checkpoint.path,
        size=size,
        num_ws=config.num_ws,
        classes=config.c_dim,
        feature_resolutions=config.block_resolutions,
        defaults=t.DragConfig.for_model(size, checkpoint.drag_preset),
    )


def read_points(
    state: EditState, slots: Sequence[int | None], report: np.ndarray
) -> tuple[t.PointState, ...]:
    """The points as a view reports them, in the order they were added.

    Args:
        state: the edit when the view was made.
        slots: the point ids by row of the report.
        report: float32 [P, 4] on the host (`device.REPORT_COLUMNS`).

    Raises:
        FloatingPointError: a handle is lost because the features are not finite.
    """
    rows = dict(zip(slots, report.tolist(), strict=True))
    points = []
    for point in state.points:
        x, y, left, moving = rows[point.id]
        if math.isnan(left):
            raise FloatingPointError(f"point {point.id}: its features are not finite numbers")
        points.append(t.PointState(point.id, t.Point(x, y), point.target, moving == 0))
    return tuple(points)
