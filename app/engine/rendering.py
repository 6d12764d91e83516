"""Pictures of views, started on their way to the host.

On a card a picture that needs nothing but w+ is made on a stream of its own, with its copy behind
it, beside the next steps; they may change w+ meanwhile, so the picture gets a copy. Other pictures
stand on the step's own activations, and the next step waits until they are made.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from .device import Device, FrameSlot, StageTimers
from .drag import View
from .runners import Runner


class Renderer:
    """Makes pictures, one after another.

    Args:
        device: where.
        timers: get the stages 'render' and 'readback'.
    """

    def __init__(self, device: Device, timers: StageTimers) -> None:
        self._timers = timers
        self._side = torch.cuda.Stream(device.on) if device.is_cuda else None
        self._last_slot: FrameSlot | None = None

    @torch.no_grad()
    def render(self, runner: Runner, view: View, slot: FrameSlot, coarser: int) -> None:
        """Finish a view's picture and start its way into the slot (`Runner.picture`)."""
        if self._side is not None and runner.pictures_from_w:
            self._render_beside(self._side, runner, view, slot, coarser)
        else:
            if self._last_slot is not None:
                self._last_slot.let_copy_end()  # it may be the same memory each time
            with self._timers.stage("render"):
                rgba = runner.picture(view.seen, coarser)
            with self._timers.stage("readback"):
                slot.read_back(rgba, view.report, self._side)
        self._last_slot = slot

    def _render_beside(
        self, side: torch.cuda.Stream, runner: Runner, view: View, slot: FrameSlot, coarser: int
    ) -> None:
        ws = view.seen.ws.clone()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            with self._timers.stage("render"):
                rgba = runner.picture(replace(view.seen, ws=ws), coarser)
            with self._timers.stage("readback"):
                slot.read_back(rgba, view.report, side)
        ws.record_stream(side)  # the allocator must not hand it out before it was read
