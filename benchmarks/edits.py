"""One edit from its start to its end, with all that can be asked of it afterwards."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from draglive.app.engine.device import FrameSlot
from draglive.app.engine.drag import View
from draglive.app.engine.editor import Editor
from draglive.app.engine.presets import Preset
from draglive.app.engine.types import (
    AddPoint,
    ClearPoints,
    DragPoint,
    Point,
    ResetPicture,
    SetConfig,
    SetSeed,
)

Picture = NDArray[np.uint8]
Pairs = Sequence[tuple[Point, Point]]  # handle and target of each point


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """How an edit went."""

    before: Picture
    after: Picture
    pairs: Pairs
    path: list[list[Point]]  # after each step, where the handles were
    seconds: float  # of the steps
    arrived: bool  # as the tracker sees it

    @property
    def steps(self) -> int:
        """How many were made."""
        return len(self.path)


class Edits:
    """Edits on one model, one after the other.

    Args:
        editor: nobody else uses it.
    """

    def __init__(self, editor: Editor) -> None:
        self.editor = editor
        self._slot = FrameSlot(editor.device, editor.model.size)
        self._start = editor.state

    def forget(self) -> None:
        """Be as new: what comes next does not depend, in its last bits, on what was before."""
        self.editor.begin(self._start)

    def picture(self, seed: int) -> Picture:
        """A seed's picture, nothing dragged."""
        self.editor.apply(SetSeed(seed))
        return self.show(self.editor.look())

    def begin(self, seed: int, pairs: Pairs, preset: Preset) -> Picture:
        """Put points on a seed's picture; the picture."""
        if self.editor.state.seed == seed:
            self.editor.apply(ClearPoints())
            self.editor.apply(ResetPicture())
        else:
            self.editor.apply(SetSeed(seed))
        self.editor.apply(SetConfig(preset.config))
        for number, (handle, target) in enumerate(pairs, start=1):
            self.editor.apply(AddPoint(DragPoint(number, handle, target)))
        return self.show(self.editor.look())

    def run(self, seed: int, pairs: Pairs, preset: Preset, max_steps: int) -> Edit:
        """Drag until all points have arrived, at most `max_steps` steps."""
        before = self.begin(seed, pairs, preset)
        path: list[list[Point]] = []
        arrived, seconds = False, 0.0
        while not arrived and len(path) < max_steps:
            start = time.perf_counter()
            path.append(self.handles(self.editor.step()))
            seconds += time.perf_counter() - start
            arrived = all_near(path[-1], pairs, preset.arrive_px)
        after = self.show(self.editor.look())
        return Edit(before, after, pairs, path, seconds, arrived)

    def handles(self, view: View) -> list[Point]:
        """Where a view's handles are, in the order in which they were put."""
        return [point.handle for point in self.editor.points(view)]

    def show(self, view: View) -> Picture:
        """A view's picture on the host: a copy."""
        self.editor.render(view, self._slot)
        self._slot.wait()
        copied: Picture = self._slot.rgba.copy()
        return copied


def all_near(handles: Sequence[Point], pairs: Pairs, arrive_px: float) -> bool:
    """Whether every handle is this near to its target."""
    return all(h.distance(t) <= arrive_px for h, (_, t) in zip(handles, pairs, strict=True))
