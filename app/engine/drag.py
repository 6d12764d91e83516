"""One drag step on tensors: features, tracking, motion supervision, Adam; no host sync.

The loop of DragGAN (Pan et al. 2023, figure 2) in the order that needs one forward pass a step:
the features of the current w+ say where each handle's patch is now (tracking), and the same
features' gradient says where w+ should go (motion supervision).

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
class View:
    """What one forward pass saw: enough to render its picture and to show its points."""

    activations: list[Tensor]
    ws: Tensor  # float32 [1, num_ws, w_dim]
    report: Tensor  # float32 [P, 4]: handle x, y, distance left, still moving


class MaskTerm:
    """The movable region; what it protects is the picture of the step after it was set."""

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
        self._release_mask()

    def shift(self, ws: Tensor) -> None:
        """Move the picture under the edit (truncation): the edit stays as an offset in w+."""
        self.ws = ws + (self.ws - self._base)
        self._base = ws
        self._release_mask()

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
            self._release_mask()
        self._config, self._backend = config, backend

    def set_mask(self, mask: np.ndarray | None) -> None:
        """Set the movable region, float32 [H, W], 1 = movable; None frees everything."""
        self.mask = None if mask is None else MaskTerm(self._device.upload(mask))

    def look(self, timers: Timers) -> View:
        """Forward and track, without moving w+: for a new picture, or while paused."""
        with torch.no_grad():
            features, activations = self._forward(self.ws, timers)
            return View(activations, self.ws, self._observe(features, timers)[0])

    def step(self, timers: Timers) -> View:
        """One drag step; w+ stays bitwise when every point has arrived."""
        leaf = self.ws.detach().requires_grad_()
        features, activations = self._forward(leaf, timers)
        report, moving = self._observe(features.detach(), timers)
        with timers.stage("loss_backward"):
            pull = self._pull(features.detach(), moving)
            (gradient,) = torch.autograd.grad(features, leaf, pull)
        with timers.stage("update"), torch.no_grad():
            self.ws = self._adam.update(leaf.detach(), gradient * self._layers, moving.amax())
        return View([a.detach() for a in activations], leaf.detach(), report)

    def _forward(self, ws: Tensor, timers: Timers) -> tuple[Tensor, list[Tensor]]:
        with timers.stage("forward"):
            activations = self._backend.features(ws)
        return activations[-1], activations

    def _observe(self, features: Tensor, timers: Timers) -> tuple[Tensor, Tensor]:
        """Track; the points' report, and 1 for each point that is still to move, else 0."""
        with timers.stage("track"), torch.no_grad():
            config, points = self._config, self.points
            points.track(features, self._square, config.tracker, self._image_size)
            distances = points.distances() + 0 * self.ws.sum()  # NaN shows that w+ is lost
            moving = (points.active & (distances > config.stop_px)).float()
            report = torch.cat([points.handles, distances[:, None], moving[:, None]], dim=1)
        return report, moving

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

    def _release_mask(self) -> None:
        if self.mask is not None:
            self.mask.release()
