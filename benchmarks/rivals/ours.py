"""Drives draglive itself, as the others are driven: a step and a picture to the host."""

from __future__ import annotations

import numpy as np
import torch

from draglive.app.engine.device import open_device
from draglive.app.engine.presets import PresetName, preset
from draglive.app.engine.types import Point
from draglive.stylegan2_jit.config import GeneratorConfig

from ..edits import Edits, all_near
from ..models import Source, open_editor
from .contract import Model, Step, Task


class Ours:
    """See `contract.Driver`.

    Args:
        model: with its path; random weights have none.
        device: where.
        name: of the preset.
        dtype: of the convolutions.
    """

    def __init__(
        self, model: Model, device: torch.device, name: PresetName, dtype: str = "auto"
    ) -> None:
        where = open_device(str(device), dtype)
        shape = None if model.path else GeneratorConfig.from_dict(model.config)
        checkpoint = Source(model.path, shape).load()
        self._edits = Edits(open_editor(checkpoint, where, "fused"))
        self._name = name

    def start(self, task: Task) -> None:
        """Begin an edit."""
        editor = self._edits.editor
        self._pairs = [
            (Point(*h), Point(*t)) for h, t in zip(task.handles, task.targets, strict=True)
        ]
        self._preset = preset(self._name, editor.model, len(self._pairs))
        self._edits.begin(task.seed, self._pairs, self._preset)

    def step(self) -> Step:
        """One step, and its picture on the host."""
        view = self._edits.editor.step()
        self._shown = self._edits.show(view)
        handles = self._edits.handles(view)
        places = [(h.x, h.y) for h in handles]
        return Step(places, all_near(handles, self._pairs, self._preset.arrive_px))

    def picture(self) -> np.ndarray:
        """The present one."""
        return self._shown[..., :3].copy()
