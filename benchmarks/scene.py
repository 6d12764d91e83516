"""The points and the region that timings are taken with."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from draglive.app.engine.editor import Editor
from draglive.app.engine.types import AddPoint, DragPoint, Point, SetMask, Size


def ring(size: Size, count: int) -> Iterator[tuple[Point, Point]]:
    """Points around the middle, each with a target in the far corner: none ever arrives."""
    for number in range(count):
        angle = 2 * math.pi * number / count
        x = size.width * (0.5 + 0.25 * math.cos(angle))
        y = size.height * (0.5 + 0.25 * math.sin(angle))
        yield Point(x, y), Point(0.0 if x > size.width / 2 else size.width - 1.0, 0.0)


def pull_ring(editor: Editor, count: int, *, masked: bool) -> None:
    """Set the ring's points, and the middle half of the picture movable."""
    size = editor.model.size
    for number, (handle, target) in enumerate(ring(size, count), start=1):
        editor.apply(AddPoint(DragPoint(number, handle, target)))
    if masked:
        mask = np.zeros((size.height, size.width), np.float32)
        mask[size.height // 4 : -size.height // 4] = 1.0
        editor.apply(SetMask(mask))
