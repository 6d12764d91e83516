"""The points on the device: where they are, where they should go, what they look for.

Tensors of a fixed capacity (`capacity_for`) with an active mask, so that shapes stay while a person
works. Each handle keeps its own reference feature: adding a point never disturbs the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from draglive.kernels import track_points

from .device import Device
from .runners import Seen
from .snapshot import Snapshot
from .types import DragPoint, Tracker


def capacity_for(points: int) -> int:
    """How many slots: 1 to 6, 8, 12, 16, 24, 32 and so on.

    A slot without a point costs next to nothing in windows of its own, but more slots make more
    maps whole (`windows.plan_windows`): five points in eight slots take 1.2 times as long.
    """
    if points <= 6:
        return max(points, 1)
    power: int = 2 ** (points - 1).bit_length()
    return power * 3 // 4 if points <= power * 3 // 4 else power


class PointTable:
    """Which slot of the device tensors holds which point; host side."""

    def __init__(self) -> None:
        self.slots: list[int | None] = [None]

    def assign(self, points: Sequence[DragPoint]) -> None:
        """Give each point a slot; known ones keep theirs."""
        wanted = {point.id: None for point in points}
        self.slots = [i if i in wanted else None for i in self.slots]
        known = set(self.slots)
        self.slots += [None] * (capacity_for(len(wanted)) - len(self.slots))
        free = (slot for slot, point_id in enumerate(self.slots) if point_id is None)
        for point_id in [i for i in wanted if i not in known]:
            self.slots[next(free)] = point_id

    def rows(self, points: Sequence[DragPoint], taken: frozenset[int]) -> np.ndarray:
        """Per slot: handle x, y, target x, y, active, taken anew; float32 [P, 6]."""
        table = np.zeros((len(self.slots), 6), dtype=np.float32)
        slots = {point_id: slot for slot, point_id in enumerate(self.slots)}
        if points:
            rows = [(*p.handle, *p.target, 1.0, float(p.id in taken)) for p in points]
            table[[slots[point.id] for point in points]] = rows
        return table


class Points:
    """Handles, targets and references as tensors.

    Attributes:
        handles: float32 [P, 2], (x, y) image pixels.
        targets: float32 [P, 2].
        active: bool [P].
        references: float32 [P, C], the features that the handles look for; empty before the
            first tracking.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self.table = PointTable()
        on = device.on
        self.handles = torch.zeros(1, 2, device=on)
        self.targets = torch.zeros(1, 2, device=on)
        self.active = torch.zeros(1, dtype=torch.bool, device=on)
        self.references = torch.empty(1, 0, device=on)
        self._fresh = torch.zeros(1, dtype=torch.bool, device=on)
        self._any_fresh = True  # known to the host, so that most steps skip the sampling

    def set(self, points: Sequence[DragPoint], taken: frozenset[int]) -> None:
        """Make the device's points those of the list.

        Args:
            points: all of them; a known id keeps its tracked handle and its reference.
            taken: ids whose handle was put anew; `track` gives them a reference.
        """
        self.table.assign(points)
        self._grow(len(self.table.slots))
        rows = self._device.upload(self.table.rows(points, taken))
        fresh = rows[:, 5] > 0
        self.targets.copy_(rows[:, 2:4])
        self.active.copy_(rows[:, 4] > 0)
        self.handles.copy_(torch.where(fresh[:, None], rows[:, 0:2], self.handles))
        self._fresh |= fresh
        self._any_fresh = self._any_fresh or bool(taken)

    @property
    def count(self) -> int:
        """How many there are; slots may be more."""
        return sum(slot is not None for slot in self.table.slots)

    @property
    def fresh(self) -> Tensor:
        """Which handles were put where the features were not looked at yet: bool [P]."""
        return self._fresh

    def restore(self, kept: Snapshot) -> None:
        """Be as in a snapshot; where shapes agree, in the same memory."""
        self.table.slots = kept.slots
        on = self._device.on
        self.handles = _become(self.handles, kept.handles, on)
        self.targets = _become(self.targets, kept.targets, on)
        self.active = _become(self.active, kept.active, on)
        self.references = _become(self.references, kept.references, on)
        self._fresh = _become(self._fresh, kept.fresh, on)
        self._any_fresh = True  # perhaps: looking once too often changes nothing

    def forget_references(self) -> None:
        """Take all references anew, where the handles are: the features changed their meaning."""
        self.references = self.references[:, :0]
        self._any_fresh = True

    @property
    def any_fresh(self) -> bool:
        """Whether a handle was put where the features were not looked at yet."""
        return self._any_fresh

    def take(self, seen: Seen) -> None:
        """Take references for the handles put anew."""
        if not self._any_fresh:
            return
        here = seen.sample(self.handles[:, None])[:, 0]
        if self.references.shape != here.shape:
            self.references = here
        self.references.copy_(torch.where(self._fresh[:, None], here, self.references))
        self._fresh.zero_()
        self._any_fresh = False

    def track(self, seen: Seen, square: Tensor, tracker: Tracker) -> None:
        """Move handles to where their patches went; those put anew stay and take a reference.

        Args:
            seen: features around the handles.
            square: offsets of the search, float32 [K, 2].
            tracker: distance in feature space.
        """
        following = self.active & ~self._fresh if self._any_fresh else self.active
        self.take(seen)
        found = track_points(
            seen.features,
            seen.origins,
            self.handles,
            self.references,
            following,
            square,
            squared=tracker == "l2",
            map_size=seen.map_size,
            image_size=seen.image_size,
        )
        self.handles.copy_(found)

    def _grow(self, capacity: int) -> None:
        missing = capacity - self.handles.shape[0]
        if missing > 0:
            self.handles = _padded(self.handles, missing)
            self.targets = _padded(self.targets, missing)
            self.active = _padded(self.active, missing)
            self.references = _padded(self.references, missing)
            self._fresh = _padded(self._fresh, missing)


def _become(tensor: Tensor, value: Tensor, on: torch.device) -> Tensor:
    """The tensor with another value; another tensor where the shape is another."""
    return tensor.copy_(value) if tensor.shape == value.shape else value.to(on, copy=True)


def _padded(tensor: Tensor, rows: int) -> Tensor:
    return torch.cat([tensor, tensor.new_zeros(rows, *tensor.shape[1:])])
