"""Drives a checkout of LPengYang/FreeDrag: its generator function, a step at a time.

Its optimiser's step size is written into its loop; the run's own is put in its place, because it
belongs to the model. Loss bound and longest sub-motion are those of its animals.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from .contract import Model, Places, Step, Task, to_bytes

FEATURES, LAYERS = 128, 6
LOSS, MOTION = 0.4, 4.0
FOREVER = 1_000_000_000


class FreeDrag:
    """See `contract.Driver`; the working directory is the checkout."""

    def __init__(self, model: Model, device: torch.device) -> None:
        import functions  # type: ignore[import-not-found]  # noqa: PLC0415 (the checkout's)
        from training import networks  # type: ignore[import-not-found]  # noqa: PLC0415

        self._functions, self._device = functions, device
        self._generator = model.build(networks.Generator, device)
        self._generator.requires_grad_(False)
        self._adam = torch.optim.Adam
        self._steps: Iterator[Any] = iter(())
        self._picture: Any = None
        self._handles: Places = []

    def start(self, task: Task) -> None:
        """Begin an edit."""
        places = {
            "handle": [np.array([y, x]) for x, y in task.handles],
            "target": [np.array([y, x]) for x, y in task.targets],
        }
        size = self._generator.img_resolution
        torch.optim.Adam = lambda *a, **k: self._adam(*a, **{**k, "lr": task.step_size})  # type: ignore[misc,assignment]
        self._handles = task.handles
        self._steps = self._functions.free_drag(
            self._generator,
            places,
            np.zeros((size, size)),
            min(FEATURES, size),
            LAYERS,
            task.ws.to(self._device),
            FOREVER,
            torch.tensor(LOSS, device=self._device),
            torch.tensor(MOTION, device=self._device),
            1,
            self._device,
        )

    def step(self) -> Step:
        """To its next picture."""
        found = next(self._steps, None)
        if found is None:
            return Step(self._handles, stopped=True, worked=False)
        self._picture, places = found[0], found[1]
        self._handles = [(float(x), float(y)) for y, x in places.tolist()]
        return Step(self._handles, stopped=False)

    def picture(self) -> np.ndarray:
        """The one that it showed last."""
        return to_bytes(self._picture)
