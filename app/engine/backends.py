"""Which back-end runs when: eager at once, the fastest one as soon as it is ready.

`BackendChooser` answers the editor's question "what runs this cut of the generator now?" and
prepares a better answer beside the work: a child process measures (`calibrate`), a thread builds,
checks and warms the winner up, and the worker swaps between two steps.
"""

from __future__ import annotations

import queue
import threading
from typing import Literal

from torch import Tensor

from draglive.stylegan2_jit.calibrate import (
    Calibration,
    Setting,
    Verdict,
    read_verdict,
    worth_calibrating,
)
from draglive.stylegan2_jit.checkpoints import Checkpoint
from draglive.stylegan2_jit.compile import (
    Backend,
    BackendError,
    BackendName,
    Cut,
    build_backend,
    in_a_line,
    self_check,
    warm_up,
)

from .device import Device

BackendChoice = Literal["auto", "eager", "script", "compile"]


class BackendChooser:
    """The back-ends of one loaded model.

    Args:
        checkpoint: the model, prepared for the device.
        device: where it runs.
        choice: 'auto', or one by name.
        ws: float32 [1, num_ws, w_dim], any picture, to check and warm up with.
        background: with 'auto', find and build the fastest beside the work; else eager stays.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: Device,
        choice: BackendChoice,
        ws: Tensor,
        *,
        background: bool,
    ) -> None:
        self._synthesis = checkpoint.generator.synthesis
        self._path = checkpoint.path
        self._device = device
        self._choice = choice
        self._ws = ws
        self._background = background
        self._built: dict[tuple[BackendName, Cut], Backend] = {}
        self._better: dict[Cut, BackendName] = {}
        self._ready: queue.SimpleQueue[Backend | str] = queue.SimpleQueue()
        self._calibration: tuple[Cut, Calibration] | None = None
        self._asked: set[Cut] = set()
        self.reason = "as asked" if choice != "auto" else "the first picture does not wait"

    def __call__(self, cut: Cut) -> Backend:
        """The back-end for this cut, now.

        Raises:
            BackendError: the one asked for by name cannot be built or is wrong.
        """
        if self._choice != "auto":
            return self._get(self._choice, cut)
        if cut not in self._asked:
            self._asked.add(cut)
            self._look_for_better(cut)
        return self._get(self._better.get(cut, "eager"), cut)

    def poll(self) -> str | None:
        """News since the last call: one line, and `__call__` may answer differently; or None."""
        self._poll_calibration()
        try:
            news = self._ready.get_nowait()
        except queue.Empty:
            return None
        if isinstance(news, str):
            self.reason = news
            return news
        self._built[news.name, news.cut] = news
        self._better[news.cut] = news.name
        return f"now on the {news.name} back-end"

    def make_way(self, *, busy: bool) -> None:
        """Let the measuring stand still while points are on their way: it takes cores and cache."""
        if self._calibration is not None:
            self._calibration[1].make_way(busy=busy)

    def close(self) -> None:
        """End what runs in the background."""
        if self._calibration is not None:
            self._calibration[1].stop()
            self._calibration = None

    def _get(self, name: BackendName, cut: Cut) -> Backend:
        if (name, cut) not in self._built:
            self._built[name, cut] = self._make(name, cut)
        return self._built[name, cut]

    def _make(self, name: BackendName, cut: Cut) -> Backend:
        """Build a back-end; any but eager is held against eager and warmed up first."""
        backend = build_backend(name, self._synthesis, cut)
        if name != "eager":
            self_check(backend, build_backend("eager", self._synthesis, cut), self._ws)
            warm_up(backend, self._ws)
        return backend

    def _look_for_better(self, cut: Cut) -> None:
        if not self._background:
            self.reason = "a short run builds nothing in the background"
            return
        setting = self._setting(cut)
        verdict = read_verdict(setting)
        if verdict is not None:
            self._follow(verdict, cut)
        elif self._calibration is None and worth_calibrating(self._device.on):
            self._calibration = cut, Calibration(setting)
            self.reason = "measuring the others in the background"
        else:
            self.reason = "there is no compiler, or others are being measured"

    def _poll_calibration(self) -> None:
        if self._calibration is None:
            return
        cut, calibration = self._calibration
        try:
            verdict = calibration.poll()
        except BackendError as error:
            self._calibration = None
            self._ready.put(f"stays on eager: {error}")
            return
        if verdict is not None:
            self._calibration = None
            self._follow(verdict, cut)

    def _follow(self, verdict: Verdict, cut: Cut) -> None:
        """Build the verdict's winner beside the work."""
        self.reason = f"fastest here: {verdict.reason()}"
        if verdict.fastest != "eager":
            arguments = (verdict.fastest, cut)
            threading.Thread(
                target=self._build, args=arguments, name="draglive-backend", daemon=True
            ).start()

    def _build(self, name: BackendName, cut: Cut) -> None:
        try:
            self._ready.put(self._make(name, cut))
        except (BackendError, RuntimeError) as error:
            self._ready.put(f"stays on eager: {in_a_line(error)}")

    def _setting(self, cut: Cut) -> Setting:
        return Setting(
            model=str(self._path.resolve()),
            device=str(self._device.on),
            dtype=self._device.dtype_name,
            feature_resolution=2 ** (cut.blocks + 1),
            free=cut.free,
        )
