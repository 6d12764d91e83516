"""Runs the step benchmark's cases for whatever revision of draglive it finds on its path.

A program, started by `revisions` once a revision. It uses only what every revision has: the engine
and its values. Lines of JSON in: `{"case": index}`; lines out: milliseconds by what was timed.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from draglive.app.engine.device import FrameSlot
from draglive.app.engine.engine import EngineOptions, load_editor
from draglive.app.engine.types import AddPoint, DragPoint, Point, SetMask

STEPS = 3


class Case:
    """An editor with points that never arrive."""

    def __init__(self, plan: dict[str, Any], backend: Any, points: int, masked: bool) -> None:
        model = plan["model"] and Path(plan["model"])
        options = EngineOptions(
            model, plan["device"], plan["dtype"], backend=backend, background=False
        )
        self._editor, _ = load_editor(options)
        width, height = self._editor.model.size
        for number in range(points):
            angle = 2 * math.pi * number / points
            x, y = width * (0.5 + 0.25 * math.cos(angle)), height * (0.5 + 0.25 * math.sin(angle))
            target = Point(0.0 if x > width / 2 else width - 1.0, 0.0)
            self._editor.apply(AddPoint(DragPoint(number + 1, Point(x, y), target)))
        if masked:
            mask = np.zeros((height, width), np.float32)
            mask[height // 4 : -height // 4] = 1.0
            self._editor.apply(SetMask(mask))
        self._slot = FrameSlot(self._editor.device, self._editor.model.size)

    def turn(self) -> dict[str, list[float]]:
        """Some steps and a picture, each waited for."""
        steps = [self._timed(self._editor.advance) for _ in range(STEPS)]
        return {"step": steps, "picture": [self._timed(self._show)]}

    def _show(self) -> None:
        self._editor.render(self._editor.look(), self._slot)
        self._slot.wait()

    def _timed(self, call: Callable[[], object]) -> float:
        start = time.perf_counter()
        call()
        self._editor.device.synchronize()
        return (time.perf_counter() - start) * 1e3


def main() -> None:
    """Load all cases, say which device it is, then take turns when asked."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever else is printed is no answer
    plan = json.loads(sys.stdin.readline())
    kinds = itertools.product(plan["backends"], plan["points"], (False, True))
    cases = [Case(plan, *kind) for kind in kinds]
    answers.write(json.dumps(len(cases)) + "\n")
    for line in sys.stdin:
        answers.write(json.dumps(cases[json.loads(line)["case"]].turn()) + "\n")


if __name__ == "__main__":
    main()
