"""One drag step on tensors: motion supervision, Adam, features, tracking; no host sync.

The loop of DragGAN (Pan et al. 2023, figure 2), in the paper's order and with one forward pass a
step: what the step before saw says where to pull; w+ moves; the new features say where each
handle's patch is now, and the picture shown is made of them. So a target moved just before a step
has its effect in that step's picture.

Knows nothing of threads, windows, commands or files.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from draglive.kernels import (
    clipped_motions,
    disc_offsets,
    keep_map,
    mask_loss_backward,
    motion_supervision_backward,
    square_offsets,
)
from draglive.stylegan2_jit.compile import Backend

from .adam import Adam
from .device import Device
from .points import Points
from .types import DragConfig, Size


class Timers(Protocol):
    """Something that times a stage."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Time what is inside."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A forward pass at the present w+, its graph kept for the next step's backward."""

    leaf: Tensor  # w+, float32 [1, num_ws, w_dim], requires a gradient
    activations: list[Tensor]

    @property
    def features(self) -> Tensor:
        """What is supervised and tracked: [1, C, h, w]."""
        return self.activations[-1]


@dataclass(frozen=True, slots=True)
class View:
    """What one forward pass saw: enough to render its picture and to show its points."""

    activations: list[Tensor]
    ws: Tensor  # float32 [1, num_ws, w_dim]
    report: Tensor  # float32 [P, 4]: handle x, y, distance left, still moving


class MaskTerm:
    """The movable region; it protects the picture as it was when the region was set."""

    def __init__(self, mask: Tensor) -> None:
        self._mask = mask  # float32 [H, W], 1 = movable
        self._anchor: tuple[Tensor, Tensor] | None = None

    def release(self) -> None:
        """Protect the picture of the next step instead."""
        self._anchor = None

    def gradient(self, weight: Tensor, features: Tensor) -> Tensor:
        """Of `weight` (a scalar) times the mask term, to the features [1, C, h, w]."""
        if self._anchor is None:
            keep = keep_map(self._mask, features.shape[2], features.shape[3])
            self._anchor = features.clone(), keep
        gradient: Tensor = mask_loss_backward(weight, features, *self._anchor)
        return gradient


class Drag:
    """w+ on its way, the points that pull it, and the step that moves both.

    Args:
        device: where the tensors live.
        size: the picture's.
        backend: runs the generator up to `config.feature_resolution`.
        config: drag settings.
        ws: float32 [1, num_ws, w_dim], the picture to start from.
    """

    def __init__(
        self, device: Device, size: Size, backend: Backend, config: DragConfig, ws: Tensor
    ) -> None:
        self._device = device
        self._image_size = [size.height, size.width]
        self.points = Points(device)
        self.mask: MaskTerm | None = None
        self.ws = self._base = ws
        self._seen: Seen | None = None
        self._adam = Adam(ws)
        self._one = torch.ones([], device=device.on)
        self._backend = backend
        self.configure(config, backend)

    @property
    def backend(self) -> Backend:
        """What runs the generator."""
        return self._backend

    def start(self, ws: Tensor) -> None:
        """Another picture: w+ anew, momentum forgotten, points and mask as they were."""
        self.ws = self._base = ws
        self._adam.reset()
        self._turn_away()

    def shift(self, ws: Tensor) -> None:
        """Move the picture under the edit (truncation): the edit stays as an offset in w+."""
        self.ws = ws + (self.ws - self._base)
        self._base = ws
        self._turn_away()

    def configure(self, config: DragConfig, backend: Backend) -> None:
        """Take new settings (and the back-end for their feature block) from the next step on."""
        on = self._device.on
        self._disc = disc_offsets(config.motion_radius_px, on)
        self._square = square_offsets(config.track_radius_px, on)
        layer = torch.arange(self.ws.shape[1])
        optimised = (layer >= config.first_layer) & (layer <= config.last_layer)
        self._layers = optimised.float()[None, :, None].to(on)
        self._adam.step_size.fill_(config.step_size)
        if backend.cut.blocks != self._backend.cut.blocks:
            self.points.forget_references()
        if backend != self._backend:
            self._turn_away()
        self._config, self._backend = config, backend

    def set_mask(self, mask: np.ndarray | None) -> None:
        """Set the movable region, float32 [H, W], 1 = movable; None frees everything."""
        self.mask = None if mask is None else MaskTerm(self._device.upload(mask))

    def look(self, timers: Timers) -> View:
        """The present picture and its points, without moving w+."""
        self._look(timers)
        return self._view()

    def step(self, timers: Timers) -> View:
        """One drag step, and what it led to; w+ stays bitwise when every point has arrived."""
        seen = self._look(timers)
        self._seen = None  # its graph is used up, whatever comes of it
        with timers.stage("loss_backward"):
            moving = self._moving()
            pull = self._pull(seen.features.detach(), moving)
            (gradient,) = torch.autograd.grad(seen.features, seen.leaf, pull)
        with timers.stage("update"), torch.no_grad():
            gradient = gradient * self._layers
            self.ws = self._adam.update(self.ws, gradient, moving.amax())
        self._see(timers)
        return self._view()

    def _look(self, timers: Timers) -> Seen:
        """The forward pass at the present w+, run anew only when something changed it."""
        if self._seen is None:
            return self._see(timers)
        with torch.no_grad():
            self.points.take(self._seen.features.detach(), self._image_size)
        return self._seen

    def _see(self, timers: Timers) -> Seen:
        """Run the generator at the present w+ and find the handles there."""
        with timers.stage("forward"):
            leaf = self.ws.detach().requires_grad_()
            seen = self._seen = Seen(leaf, self._backend.features(leaf))
        with timers.stage("track"), torch.no_grad():
            features, tracker = seen.features.detach(), self._config.tracker
            self.points.track(features, self._square, tracker, self._image_size)
        return seen

    def _view(self) -> View:
        assert self._seen is not None
        points, moving = self.points, self._moving()
        distances = points.distances() + 0 * self.ws.sum()  # NaN shows that w+ is lost
        report = torch.cat([points.handles, distances[:, None], moving[:, None]], dim=1)
        return View([a.detach() for a in self._seen.activations], self.ws, report)

    def _moving(self) -> Tensor:
        """1 for each point that is still to move, else 0: float32 [P]."""
        far = self.points.distances() > self._config.stop_px
        return (self.points.active & far).float()

    def _pull(self, features: Tensor, moving: Tensor) -> Tensor:
        """dL/dF: the loss itself is never needed."""
        points, config = self.points, self._config
        motions = clipped_motions(points.handles, points.targets, config.speed_px)
        pull: Tensor = motion_supervision_backward(
            self._one, features, points.handles, motions, moving, self._disc, self._image_size
        )
        if self.mask is not None:
            pull = pull + self.mask.gradient(self._one * config.mask_weight, features)
        return pull

    def _turn_away(self) -> None:
        """Forget what was seen: it is another picture, or seen by another back-end."""
        self._seen = None
        if self.mask is not None:
            self.mask.release()
