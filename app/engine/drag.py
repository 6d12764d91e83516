"""One drag step on tensors: motion supervision, Adam, features, tracking; no host sync.

The loop of DragGAN (Pan et al. 2023, figure 2), in the paper's order and with one forward pass a
step: what the step before saw says where to pull; w+ moves; the new features say where each
handle's patch is now, and the picture shown is made of them. So a target moved just before a step
has its effect in that step's picture.

Knows nothing of threads, windows, commands or files.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from draglive.kernels import (
    disc_offsets,
    pulling,
    report_points,
    square_offsets,
    supervise,
)
from draglive.kernels.step import StepSettings, StepState
from draglive.kernels.stretched_disc import supervise_stretched
from draglive.stylegan2_jit.networks import Generator

from .adam import Adam
from .axes import LikelyAxes
from .device import Device
from .graph import StepGraph
from .mask_term import MaskTerm
from .points import Points
from .runners import Runner, Seen, WholeStep
from .snapshot import Snapshot
from .types import DragConfig


class Timers(Protocol):
    """Something that times a stage."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Time what is inside."""


class Untimed:
    """Times nothing: what is captured into a graph has no clock of its own."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Time nothing."""
        return nullcontext()


UNTIMED = Untimed()


@dataclass(frozen=True, slots=True)
class View:
    """What one forward pass saw: enough to render its picture and to show its points."""

    seen: Seen
    report: Tensor  # float32 [P, 5], see `kernels.report_points`


class Drag:
    """w+ on its way, the points that pull it, and the step that moves both.

    Its tensors stay where they are: a step changes them in place.

    Args:
        device: where the tensors live.
        runner: runs the generator up to `config.feature_resolution`.
        config: drag settings.
        ws: float32 [1, num_ws, w_dim], the picture to start from.
        generator: whose w vary along axes of their own, for settings that ask for them.
    """

    def __init__(
        self,
        device: Device,
        runner: Runner,
        config: DragConfig,
        ws: Tensor,
        generator: Generator,
    ) -> None:
        self._device, self._likely = device, LikelyAxes(generator)
        self.points = Points(device)
        self.mask: MaskTerm | None = None
        self.ws, self._base = ws.clone(), ws
        self._seen: Seen | None = None
        self._settled = False  # handles are where they belong in what is not seen yet
        self._adam = Adam(ws)
        self._mask_weight = torch.zeros([], device=device.on)
        self._graph = None
        if device.is_cuda:
            self._graph = StepGraph(self._move, self._see, self._run, self._whole_step)
        self._runner = runner
        self.configure(config, runner)
        self._turn_away()

    @property
    def runner(self) -> Runner:
        """What runs the generator."""
        return self._runner

    def begin(self, ws: Tensor) -> None:
        """As new, at a w+: no points, no mask, no momentum."""
        self.points = Points(self._device)
        self.mask = None
        self.start(ws)

    def start(self, ws: Tensor) -> None:
        """Another picture: w+ anew, momentum forgotten, points and mask as they were."""
        self.ws.copy_(ws)
        self._base = ws
        self._adam.reset()
        self._turn_away()

    def shift(self, ws: Tensor) -> None:
        """Move the picture under the edit (truncation): the edit stays as an offset in w+."""
        self.ws += ws - self._base
        self._base = ws
        self._turn_away()

    def rebase(self, ws: Tensor) -> None:
        """Another picture that the edit began with, w+ where it is: the edit is less by that."""
        self._base = ws

    def save(self) -> Snapshot:
        """Everything that the next step depends on, besides settings and mask: copies."""
        points, adam = self.points, self._adam
        protected = self.mask.protected if self.mask else None
        slots = [0 if i is None else i for i in points.table.slots]
        return Snapshot(
            ws=self.ws.clone(),
            mean=adam.mean.clone(),
            square=adam.square.clone(),
            count=adam.count.clone(),
            handles=points.handles.clone(),
            targets=points.targets.clone(),
            fresh=points.fresh.clone(),
            references=points.references.clone(),
            ids=torch.tensor(slots),
            active=points.active.clone(),
            protected=self.ws[:, :0] if protected is None else protected,
        )

    def restore(self, kept: Snapshot, base: Tensor, mask: np.ndarray | None) -> None:
        """Be as in a snapshot: w+, momentum, handles, references bitwise.

        The features of that picture are made anew, and so are those that the mask protects.

        Args:
            kept: by `save`, under the present settings.
            base: float32 [1, num_ws, w_dim], the picture that the edit began with.
            mask: the movable region that was set then.
        """
        self.ws.copy_(kept.ws)
        self._base = base
        self._adam.restore(kept.mean, kept.square, kept.count)
        self.points.restore(kept)
        self.mask = None
        if mask is not None:
            protected = kept.protected.to(self.ws.device) if kept.protected.shape[1] else None
            self.mask = MaskTerm(self._device.upload(mask), protected)
        self._seen, self._settled = None, True
        self._runner.start()

    def configure(self, config: DragConfig, runner: Runner) -> None:
        """Take new settings (and the runner for their feature block) from the next step on."""
        on = self._device.on
        self._disc = disc_offsets(config.motion_radius_px, on)
        self._around = square_offsets(math.ceil(config.motion_radius_px), on)
        self._square = square_offsets(config.track_radius_px, on)
        layer = torch.arange(self.ws.shape[1])
        optimised = (layer >= config.first_layer) & (layer <= config.last_layer)
        self._adam.rows.copy_(optimised.float()[:, None])
        self._adam.step_size.fill_(config.step_size)
        self._adam.momentum = config.momentum
        self._mask_weight.fill_(config.mask_weight)
        if runner.blocks != self._runner.blocks:
            self.points.forget_references()
        another = runner is not self._runner
        self._config, self._runner = config, runner
        self._settings = replace(config, step_size=1.0, mask_weight=1.0)  # what is not data
        if another:
            self._turn_away()

    def set_mask(self, mask: np.ndarray | None) -> None:
        """Set the movable region, float32 [H, W], 1 = movable; None frees everything."""
        self.mask = None if mask is None else MaskTerm(self._device.upload(mask))

    def look(self, timers: Timers) -> View:
        """The present picture and its points, without moving w+."""
        return self._view(self._look(timers))

    def step(self, timers: Timers) -> None:
        """One drag step; w+ stays bitwise when every point has arrived."""
        self._adam.axes = self._axes()  # only now: to find them takes a moment
        self._adam.common = self._common
        if self.mask is not None and not self.mask.anchored:
            self._anchor(self.mask, timers)
        seen = self._look(timers)
        self._seen, self._settled = None, False  # its gradient is used up, whatever comes of it
        if self._graph is not None:
            self._seen = self._graph.step(seen, self._key())
        else:
            self._move(seen, timers)
            self._see(timers)

    def _axes(self) -> tuple[Tensor, Tensor] | None:
        """Along what w+ moves; None: each of its numbers for itself."""
        config = self._config
        read = 2 * self._runner.blocks - 1  # rows that features depend on: others have no gradient
        if config.space == "w" or config.first_layer >= read:
            return None
        return self._likely.of(config.first_layer, min(config.last_layer, read - 1), self.ws)

    @property
    def _common(self) -> float:
        """Of Adam's spread. One point says too little of where the rest should go to trust it."""
        return self._config.common_spread if self.points.count > 1 else 0.0

    def take_trouble(self) -> str | None:
        """Why steps or pictures are slower than they might be: once, then None."""
        steps = None if self._graph is None else self._graph.take_trouble()
        return steps or self._runner.take_trouble()

    def _key(self) -> Hashable:
        """What a captured step depends on besides data."""
        points = self.points
        places = points.handles.data_ptr(), points.references.data_ptr(), points.references.shape
        return self._runner, self._settings, self._common, points, places, self.mask

    def _whole_step(self, seen: Seen) -> WholeStep | None:
        config = self._config
        if config.disc == "stretched":
            return None  # no kernel has that disc
        settings = StepSettings(
            disc=self._disc,
            square=self._square,
            speed_px=config.speed_px,
            stop_px=config.stop_px,
            squared=config.tracker == "l2",
            image_size=seen.image_size,
            momentum=config.momentum,
            common_spread=self._common,
        )
        return self._runner.whole_step(self._state(), settings)

    def _state(self) -> StepState:
        points, adam = self.points, self._adam
        return StepState(
            ws=self.ws[0],
            mean=adam.mean[0],
            square=adam.square[0],
            count=adam.count,
            step_size=adam.step_size,
            rows=adam.rows,
            handles=points.handles,
            targets=points.targets,
            active=points.active,
            following=points.active,
            references=points.references,
            mask=None if self.mask is None else self.mask.term(self._mask_weight),
            axes=adam.axes,
        )

    def _anchor(self, mask: MaskTerm, timers: Timers) -> None:
        """Let the mask protect the present picture, or the one that it protected before."""
        if mask.protected is None:
            mask.anchor(self._look(timers))
            return
        self._look(timers)  # the handles belong to the present picture
        seen = self._runner.see(
            mask.protected, self.points.handles, self._config.reach_px, whole=True
        )
        mask.anchor(seen)
        self._seen, self._settled = None, True

    def _move(self, seen: Seen, timers: Timers = UNTIMED) -> None:
        """Go back from what was seen and move w+."""
        with timers.stage("loss_backward"):
            gradient = self._runner.gradient(seen, self._pull(seen))
        with timers.stage("update"), torch.no_grad():
            self._adam.step(self.ws, gradient, self._moving().amax())

    def _look(self, timers: Timers) -> Seen:
        """The features at the present w+, made anew only when something changed."""
        seen = self._seen
        if seen is None and not self._settled:
            return self._see(timers)
        if seen is None or not self._suffices(seen):
            with timers.stage("forward"):
                self._seen = seen = self._run()
        with torch.no_grad():
            self.points.take(seen)
        return seen

    def _suffices(self, seen: Seen) -> bool:
        """Whether all that a step reads was seen: windows end somewhere."""
        if seen.origins is None:
            return True
        near = seen.reach_px >= self._config.reach_px and not self.points.any_fresh
        return near and self.mask is None

    def _see(self, timers: Timers = UNTIMED) -> Seen:
        """Run the generator at the present w+ and find the handles there."""
        with timers.stage("forward"):
            seen = self._run()
        with timers.stage("track"), torch.no_grad():
            self.points.track(seen, self._square, self._config.tracker)
        self._seen = seen
        return seen

    def _run(self) -> Seen:
        reach_px, whole = self._config.reach_px, self.mask is not None
        return self._runner.see(self.ws, self.points.handles, reach_px, whole=whole)

    @torch.no_grad()
    def _view(self, seen: Seen) -> View:
        points = self.points
        report: Tensor = report_points(
            seen.features,
            seen.origins,
            points.handles,
            points.targets,
            points.active,
            points.fresh,
            points.references,
            self.ws,
            stop_px=self._config.stop_px,
            map_size=seen.map_size,
            image_size=seen.image_size,
        )
        return View(seen, report)

    def _moving(self) -> Tensor:
        points = self.points
        return pulling(points.handles, points.targets, points.active, self._config.stop_px)

    @torch.no_grad()
    def _pull(self, seen: Seen) -> Tensor:
        """dL/dF: the loss itself is never needed."""
        stretched = self._config.disc == "stretched"
        pull = self._pull_stretched(seen) if stretched else self._pull_centred(seen)
        if self.mask is not None:
            pull = pull + self.mask.gradient(self._mask_weight, seen.features)
        return pull

    def _pull_centred(self, seen: Seen) -> Tensor:
        points, config = self.points, self._config
        pull: Tensor = supervise(
            seen.features,
            seen.origins,
            points.handles,
            points.targets,
            points.active,
            self._disc,
            speed_px=config.speed_px,
            stop_px=config.stop_px,
            map_size=seen.map_size,
            image_size=seen.image_size,
        )
        return pull

    def _pull_stretched(self, seen: Seen) -> Tensor:
        points, config = self.points, self._config
        return supervise_stretched(
            seen.features,
            seen.origins,
            points.handles,
            points.targets,
            points.active,
            self._around,
            radius_px=config.motion_radius_px,
            speed_px=config.speed_px,
            stop_px=config.stop_px,
            map_size=seen.map_size,
            image_size=seen.image_size,
        )

    def _turn_away(self) -> None:
        """Forget what was seen: it is another picture, or seen by another runner."""
        self._seen, self._settled = None, False
        self._runner.start()
        if self.mask is not None:
            self.mask = self.mask.anew()
