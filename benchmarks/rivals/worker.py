"""Runs one implementation in a process of its own: questions and answers are lines of JSON.

    {"do": "open", "kind", "device", "weights", "model", "preset", "dtype"}
                                                     → {"torch", "operations"}, where known
    {"do": "start", "seed", "ws", "handles", "targets", "step_size"}          → {}
    {"do": "step"}                                   → {"ms", "handles", "stopped", "worked"}
    {"do": "picture", "to"}                          → {}, a .npy file is written
    {"do": "memory"}                                 → {"megabytes"} at the peak, all in all

An answer may be {"error": line} instead.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .contract import Driver, Model, Task

STATUS = Path("/proc/self/status")


def drive(kind: str, model: Model, device: torch.device, question: dict[str, Any]) -> Driver:
    """The driver of a kind; only its own module is loaded."""
    match kind:
        case "official":
            from .official import Official  # noqa: PLC0415 (each in its own environment)

            return Official(model, device)
        case "skimai":
            from .skimai import Skimai  # noqa: PLC0415

            return Skimai(model, device)
        case "freedrag":
            from .freedrag import FreeDrag  # noqa: PLC0415

            return FreeDrag(model, device)
        case "draglive":
            from .ours import Ours  # noqa: PLC0415

            return Ours(model, device, question["preset"], question["dtype"])
    raise ValueError(f"there is no driver for {kind!r}")


class Worker:
    """Answers questions."""

    def __init__(self) -> None:
        self._driver: Driver | None = None
        self._device = torch.device("cpu")

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Do what a question asks."""
        handlers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "open": self._open,
            "start": self._start,
            "step": self._step,
            "picture": self._picture,
            "memory": self._memory,
        }
        return handlers[question["do"]](question)

    def _open(self, question: dict[str, Any]) -> dict[str, Any]:
        model = read_model(Path(question["weights"]), question["model"])
        self._device = torch.device(question["device"])
        self._driver = drive(question["kind"], model, self._device, question)
        operations = getattr(self._driver, "operations", None)
        return {"torch": torch.__version__, "operations": operations}

    def _start(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._driver is not None
        ws = torch.tensor(question["ws"], dtype=torch.float32, device=self._device)
        handles, targets = ([(x, y) for x, y in question[name]] for name in ("handles", "targets"))
        step_size = question["step_size"]
        self._driver.start(Task(question["seed"], ws, handles, targets, step_size))
        return {}

    def _step(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._driver is not None
        self._synchronize()
        start = time.perf_counter()
        step = self._driver.step()
        self._synchronize()
        ms = (time.perf_counter() - start) * 1e3
        return {
            "ms": ms,
            "handles": step.handles,
            "stopped": step.stopped,
            "worked": step.worked,
        }

    def _picture(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._driver is not None
        np.save(question["to"], self._driver.picture())
        return {}

    def _memory(self, question: dict[str, Any]) -> dict[str, Any]:
        if self._device.type == "cuda":
            return {"megabytes": torch.cuda.max_memory_allocated(self._device) / 1e6}
        if not STATUS.exists():
            return {"megabytes": None}
        found = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text())
        return {"megabytes": int(found[1]) * 1024 / 1e6 if found else None}

    def _synchronize(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)


def read_model(weights: Path, path: str | None) -> Model:
    """What `versus.export` wrote."""
    with np.load(weights) as arrays:
        tensors = {
            name: torch.from_numpy(arrays[name]) for name in arrays.files if name != "config"
        }
        config = json.loads(str(arrays["config"]))
    return Model(config, tensors, Path(path) if path else None)


def main() -> None:
    """Answer until there are no more questions."""
    warnings.simplefilter("ignore")  # whatever the checkout's code warns of is not ours to mend
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever else is printed is no answer
    worker = Worker()
    for line in sys.stdin:
        try:
            answer = worker.answer(json.loads(line))
        except Exception as error:  # whatever it is, the parent tells it in a line
            answer = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
