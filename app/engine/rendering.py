"""Pictures of views, started on their way to the host.

On a card a picture that needs nothing but w+ is made on a stream of its own, with its copy behind
it, beside the next steps; they may change w+ meanwhile, so the picture gets a copy. Other pictures
stand on the step's own activations, and the next step waits until they are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor

from .device import Device, FrameSlot, StageTimers
from .drag import View
from .runners import Runner, Seen


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
        if self._side is None:
            self._read_back(self._picture(runner, view.seen, coarser), view, slot)
        elif runner.pictures_from_w:
            seen = replace(view.seen, ws=view.seen.ws.clone())
            with _after_the_present(self._side, seen.ws, view.report):
                self._read_back(self._picture(runner, seen, coarser), view, slot)
        else:
            if self._last_slot is not None:
                self._last_slot.let_copy_end()  # it may be the same memory each time
            rgba = self._picture(runner, view.seen, coarser)
            with _after_the_present(self._side, rgba, view.report):
                self._read_back(rgba, view, slot)
        self._last_slot = slot

    def _picture(self, runner: Runner, seen: Seen, coarser: int) -> Tensor:
        with self._timers.stage("render"):
            return runner.picture(seen, coarser)

    def _read_back(self, rgba: Tensor, view: View, slot: FrameSlot) -> None:
        with self._timers.stage("readback"):
            slot.read_back(rgba, view.report)


@contextmanager
def _after_the_present(stream: torch.cuda.Stream, *read: Tensor) -> Iterator[None]:
    """Work inside goes to a stream, after all submitted so far; it may read these tensors."""
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        yield
    for tensor in read:
        tensor.record_stream(stream)  # the allocator must not hand it out before it was read
