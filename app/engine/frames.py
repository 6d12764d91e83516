"""A frame on its way to the host, and its points as the device reported them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import types as t
from .device import FrameSlot
from .edit import EditState


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


def read_points(
    state: EditState, slots: Sequence[int | None], report: np.ndarray
) -> tuple[t.PointState, ...]:
    """The points as a view reports them, in the order they were added.

    Args:
        state: the edit when the view was made.
        slots: the point ids by row of the report.
        report: float32 [P, 5] on the host (`device.REPORT_COLUMNS`).

    Raises:
        FloatingPointError: a handle is lost because the features are not finite.
    """
    rows = dict(zip(slots, report.tolist(), strict=True))
    points = []
    for point in state.points:
        x, y, left, moving, trust = rows[point.id]
        if math.isnan(left):
            raise FloatingPointError(f"point {point.id}: its features are not finite numbers")
        points.append(
            t.PointState(
                point.id,
                t.Point(x, y),
                point.target,
                arrived=moving == 0,
                pinned=point.pinned,
                group=point.group,
                flipped=point.flipped,
                trust=trust,
            )
        )
    return tuple(points)
