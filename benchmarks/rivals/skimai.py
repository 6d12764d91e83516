"""Drives a checkout of skimai/DragGAN: its `optimize`, held at every picture that it shows.

Its seventh block must exist: it supervises the one of 256 px. It has no network classes of its own
(they come inside NVIDIA's pickles), so those of an official checkout are used.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .contract import Model, Places, Step, Task

NETWORKS = "DRAGLIVE_NETWORKS"  # environment: the official checkout
FOREVER = 1_000_000_000


class Skimai:
    """See `contract.Driver`; the working directory is the checkout."""

    def __init__(self, model: Model, device: torch.device) -> None:
        sys.path.insert(0, str(Path("stylegan2").resolve()))
        importlib.import_module("PIL.Image")  # it relies on Streamlit's pages for that
        import dnnlib  # type: ignore[import-not-found]  # noqa: PLC0415 (the checkout's)
        import draggan  # type: ignore[import-not-found]  # noqa: PLC0415
        import legacy  # type: ignore[import-not-found]  # noqa: PLC0415
        import utils  # type: ignore[import-not-found]  # noqa: PLC0415

        self._draggan, self._utils, self._device = draggan, utils, device
        generator = model.build(network_class(), device)
        dnnlib.util.open_url = lambda *_, **__: contextlib.nullcontext()
        legacy.load_network_pkl = lambda *_, **__: {"G_ema": generator}
        self._generator = draggan.load_model("ours", device, False)
        self._run: Run | None = None
        self._utils.draw_handle_target_points = self._draw
        self._handles: Places = []

    def start(self, task: Task) -> None:
        """Begin an edit: its first picture."""
        if self._run is not None:
            self._run.abandon()
        self._run = Run(lambda run: self._optimize(task, run))
        self._handles = task.handles

    def step(self) -> Step:
        """To the next picture that it shows."""
        assert self._run is not None
        stopped = not self._run.go_on()
        return Step(self._handles, stopped, worked=not stopped)

    def picture(self) -> np.ndarray:
        """The one that it showed last, its markers drawn in."""
        assert self._run is not None
        return np.asarray(self._run.shown)

    def _optimize(self, task: Task, run: Run) -> None:
        self._draggan.optimize(
            task.ws.cpu().numpy(),
            self._generator,
            [(round(x), round(y)) for x, y in task.handles],
            [(round(x), round(y)) for x, y in task.targets],
            lr=task.step_size,
            max_iter=FOREVER,
            display_every=1,
            device=self._device,
            empty=run,
            target_resolution=self._generator.img_resolution,
        )

    def _draw(self, _picture: Any, handles: Places, *_: Any) -> None:
        """In place of its drawing: take note of the handles."""
        self._handles = [(float(x), float(y)) for x, y in handles]


class Run:
    """A loop on a thread of its own that waits at every picture until it may go on."""

    def __init__(self, work: Any) -> None:
        self.shown: Any = None
        self._may_go, self._has_shown = threading.Semaphore(0), threading.Semaphore(0)
        self._ended = self._abandoned = False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._carry_out, args=[work], daemon=True)
        self._thread.start()
        self._has_shown.acquire()  # the first picture
        self._raise()

    def image(self, picture: Any, **_: Any) -> None:
        """What its loop calls to show a picture."""
        self.shown = picture
        self._has_shown.release()
        self._may_go.acquire()
        if self._abandoned:
            raise SystemExit

    def go_on(self) -> bool:
        """To the next picture; False if there is none any more."""
        if self._ended:
            return False
        self._may_go.release()
        self._has_shown.acquire()
        self._raise()
        return not self._ended

    def abandon(self) -> None:
        """Let it end."""
        self._abandoned = True
        self._may_go.release()
        self._thread.join()

    def _carry_out(self, work: Any) -> None:
        try:
            work(self)
        except Exception as error:  # told to whoever waits
            self._error = error
        finally:
            self._ended = True
            self._has_shown.release()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error


def network_class() -> Any:
    """NVIDIA's generator, from the official checkout.

    Raises:
        RuntimeError: no such checkout was named.
    """
    if NETWORKS not in os.environ:
        raise RuntimeError(
            "this checkout has no network classes: name an official one as well (--official PATH)"
        )
    sys.path.append(os.environ[NETWORKS])
    from training.networks_stylegan2 import (  # type: ignore[import-not-found]  # noqa: PLC0415
        Generator,
    )

    return Generator
