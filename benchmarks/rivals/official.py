"""Drives a checkout of XingangPan/DragGAN: its renderer's own step, picture included.

What it does for its windows besides (the copy to the host, the watermark) is left out: it needs a
font that few systems have, and it flatters nobody but the rival.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np
import torch

from .contract import Model, Places, Step, Task

COMPILED = ("bias_act", "upfirdn2d")  # what it compiles for a card when it is first used


class Official:
    """See `contract.Driver`; the working directory is the checkout."""

    def __init__(self, model: Model, device: torch.device) -> None:
        import dnnlib  # type: ignore[import-not-found]  # noqa: PLC0415 (the checkout's)
        from training.networks_stylegan2 import (  # type: ignore[import-not-found]  # noqa: PLC0415
            Generator,
        )
        from viz.renderer import Renderer  # type: ignore[import-not-found]  # noqa: PLC0415

        self.operations = prepare_operations(device)
        self._new_result: Any = dnnlib.EasyDict
        self._renderer: Any = Renderer(disable_timing=True)
        self._renderer._device = device
        generator = model.build(Generator, device)
        self._renderer.get_network = lambda *_, **__: generator
        self._result: Any = None
        self._task: Task | None = None
        self._points: list[list[int]] = []

    def start(self, task: Task) -> None:
        """Begin an edit."""
        self._task = task
        self._renderer.init_network(
            self._new_result(), pkl="stylegan2", w_load=task.ws, w_plus=True, lr=task.step_size
        )
        self._points = rows_first(task.handles)
        self._render(is_drag=False)

    def step(self) -> Step:
        """One iteration of its loop."""
        self._render(is_drag=True)
        self._points = self._result.points
        places = [(float(x), float(y)) for y, x in self._points]
        return Step(places, bool(self._result.stop))

    def picture(self) -> np.ndarray:
        """The picture of the last iteration."""
        shown: np.ndarray = self._result.image.cpu().numpy()
        return shown

    def _render(self, *, is_drag: bool) -> None:
        assert self._task is not None
        self._result = self._new_result()
        self._renderer._render_drag_impl(
            self._result,
            points=self._points,
            targets=rows_first(self._task.targets),
            is_drag=is_drag,
        )


def rows_first(places: Places) -> list[list[int]]:
    """As it wants them: [y, x], whole pixels."""
    return [[round(y), round(x)] for x, y in places]


def prepare_operations(device: torch.device) -> str:
    """Have its own kernels built; without a compiler it works with what it has in plain torch.

    Returns:
        Which of them it uses.
    """
    if device.type != "cuda":
        return "plain torch"
    modules: list[Any] = [importlib.import_module(f"torch_utils.ops.{name}") for name in COMPILED]
    let_what_is_built_be_imported()
    try:
        for module in modules:
            module._init()
    except Exception:  # whatever stopped the compiler
        for module in modules:
            module._init = lambda: False
        return "plain torch"
    return "compiled"


def let_what_is_built_be_imported() -> None:
    """It imports what it has had built by name; torch no longer makes that possible."""
    building: Any = importlib.import_module("torch.utils.cpp_extension")  # heavy: only for a card

    load = building.load

    def load_by_name(name: str, **how: Any) -> Any:
        sys.modules[name] = load(name=name, **how)
        return sys.modules[name]

    building.load = load_by_name
