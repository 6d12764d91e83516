"""What runs the generator when: eager at once, the fastest back-end as soon as it is ready.

`RunnerChooser` answers the editor's question "what runs this cut of the generator now?" and
prepares a better answer beside the work. The fused kernels come first: they are built on a thread,
checked against eager and timed. Where they cannot run, a child process measures what
torch.compile and TorchScript reach (`calibrate`) and a thread builds the winner. The worker swaps
between two steps.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor

from draglive.kernels.network import Network
from draglive.stylegan2_jit.calibrate import (
    Calibration,
    Setting,
    Verdict,
    read_verdict,
    worth_calibrating,
    write_verdict,
)
from draglive.stylegan2_jit.checkpoints import Checkpoint
from draglive.stylegan2_jit.compile import (
    BackendError,
    Cut,
    build_backend,
    in_a_line,
    self_check,
    warm_up,
)

from .device import Device
from .fused import FusedRunner, network_of
from .fused_kernels import at_once, open_kernels, take_over_points
from .runners import AutogradRunner, Runner, RunnerName
from .selfcheck import check_runner, time_runners

SURVEYED: tuple[RunnerName, ...] = ("fused", "script", "eager")
BackendChoice = Literal["auto", "fused", "compile", "script", "eager"]


@dataclass(frozen=True, slots=True)
class Ready:
    """A runner built beside the work, and why it is the one."""

    name: RunnerName
    cut: Cut
    runner: Runner
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A runner that cannot be had, and why."""

    name: RunnerName
    cut: Cut
    reason: str


class RunnerChooser:
    """What can run one loaded model.

    Args:
        checkpoint: the model, prepared for the device.
        device: where it runs.
        choice: 'auto', or one by name.
        ws: float32 [1, num_ws, w_dim], any picture, to check and warm up with.
        background: with 'auto', measure what takes a minute of both cores, too; else eager stays
            where the fused kernels cannot run.
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
        config = checkpoint.generator.config
        self._image_size = [config.img_resolution, config.img_width]
        self._synthesis = checkpoint.generator.synthesis
        self._network: Network | None = None  # its constants for fused kernels
        self._path = checkpoint.path
        self._device = device
        self._choice = choice
        self._ws = ws
        self._background = background
        self._built: dict[tuple[RunnerName, Cut], Runner] = {}
        self._better: dict[Cut, RunnerName] = {}
        self._news: queue.SimpleQueue[Ready | Refused] = queue.SimpleQueue()
        self._calibration: tuple[Cut, Calibration] | None = None
        self._asked: set[Cut] = set()
        self._building: set[Cut] = set()  # beside the work
        self.reason = "as asked" if choice != "auto" else "the first picture does not wait"

    def __call__(self, cut: Cut) -> Runner:
        """What runs this cut now.

        Raises:
            BackendError: the one asked for by name cannot be built or is wrong.
        """
        if self._choice == "auto" and cut not in self._asked:
            self._asked.add(cut)
            self._look_for_better(cut)
        name = self._better.get(cut, "eager") if self._choice == "auto" else self._choice
        runner = self._get(name, cut)
        if name == "fused" and self._device.is_cuda:
            self._put_network_aside()
        return runner

    def insist(self, name: RunnerName) -> None:
        """Run every cut by this back-end from now on, as if it had been asked for by name."""
        self._choice = name
        self.reason = "as it was then"

    def poll(self) -> str | None:
        """News since the last call: one line, and `__call__` may answer differently; or None."""
        self._poll_calibration()
        try:
            news = self._news.get_nowait()
        except queue.Empty:
            return None
        self._building.discard(news.cut)
        if isinstance(news, Refused):
            self.reason = news.reason
            if news.name == "fused":
                self._calibrate(news.cut)
            return f"stays on eager: {news.reason}"
        self._take(news)
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

    def survey(self, cut: Cut) -> dict[RunnerName, float | str]:
        """Milliseconds of a step and a picture on each back-end, or why there are none.

        Takes seconds. torch.compile's are those remembered: measuring them takes minutes.
        """
        found: dict[RunnerName, float | str] = {}
        runners = []
        for name in SURVEYED:
            try:
                runners.append(self._get(name, cut))
            except (BackendError, RuntimeError) as error:
                found[name] = in_a_line(error)
        found |= time_runners(runners, self._ws, self._image_size)
        verdict = read_verdict(self._setting(cut))
        measured = verdict.times_ms.get("compile") if verdict else None
        return {**found, "compile": measured or "not measured yet: the window does it, once"}

    def _get(self, name: RunnerName, cut: Cut) -> Runner:
        if (name, cut) not in self._built:
            self._built[name, cut] = self._make(name, cut).runner
        return self._built[name, cut]

    def _put_network_aside(self) -> None:
        """Keep the modules in the host's memory: fused kernels have weights of their own."""
        if self._building or {*self._better.values()} - {"fused"}:
            return
        for key in [key for key in self._built if key[0] != "fused"]:
            del self._built[key]
        self._synthesis.to("cpu")

    def _take(self, ready: Ready) -> None:
        self._built[ready.name, ready.cut] = ready.runner
        self._better[ready.cut] = ready.name
        self.reason = ready.reason

    def _make(self, name: RunnerName, cut: Cut) -> Ready:
        """Build a runner; any but eager is held against eager and warmed up first."""
        take_over_points(self._device)
        if name == "fused":
            return self._make_fused(cut)
        self._synthesis.to(self._device.on)
        backend = build_backend(name, self._synthesis, cut)
        if name != "eager":
            self_check(backend, build_backend("eager", self._synthesis, cut), self._ws)
            warm_up(backend, self._ws)
        return Ready(name, cut, AutogradRunner(backend, self._image_size), self.reason)

    def _make_fused(self, cut: Cut, *, proved: bool = False) -> Ready:
        """Build the fused runner; `proved`: what was found out at an earlier start still holds."""
        kernels = open_kernels(self._device)
        self._network = self._network or network_of(self._synthesis)
        runner = FusedRunner(self._network, cut, self._image_size, kernels)
        setting = replace(self._setting(cut), kernels=kernels.build)
        verdict = read_verdict(setting) if proved and kernels.build else None
        if verdict is None:
            verdict = self._prove(runner, cut)
            if kernels.build:
                with contextlib.suppress(OSError):  # then the next start finds out again
                    write_verdict(setting, verdict)
        times_ms = verdict.times_ms
        if self._choice == "auto" and times_ms["fused"] > times_ms["eager"]:
            raise BackendError(f"back-end fused: {times_ms['fused']:.1f} ms, slower than eager")
        figures = ", ".join(f"{name} {ms:.1f} ms" for name, ms in times_ms.items())
        return Ready("fused", cut, runner, f"{kernels.name}: {figures} a step and picture")

    def _prove(self, runner: FusedRunner, cut: Cut) -> Verdict:
        """Hold a runner against eager, on this machine, and time both."""
        eager = self._get("eager", cut)
        check_runner(runner, eager, self._ws, self._image_size)
        times_ms = time_runners([runner, eager], self._ws, self._image_size)
        runner.forget_plans()
        return Verdict({str(name): ms for name, ms in times_ms.items()}, {})

    def _look_for_better(self, cut: Cut) -> None:
        if self._built or not at_once(self._device):  # nobody waits while something else runs
            self._build_beside("fused", cut)
            return
        try:
            self._take(self._make_fused(cut, proved=True))
        except (BackendError, RuntimeError) as error:
            self.reason = in_a_line(error)
            self._calibrate(cut)

    def _calibrate(self, cut: Cut) -> None:
        """Find out which of the others is the fastest, or remember it."""
        if not self._background:
            return
        setting = self._setting(cut)
        verdict = read_verdict(setting)
        if verdict is not None:
            self._follow(verdict, cut)
        elif self._calibration is None and worth_calibrating(self._device.on):
            self._calibration = cut, Calibration(setting)
            self.reason += "; measuring the others in the background"

    def _poll_calibration(self) -> None:
        if self._calibration is None:
            return
        cut, calibration = self._calibration
        try:
            verdict = calibration.poll()
        except BackendError as error:
            self._calibration = None
            self._news.put(Refused("compile", cut, in_a_line(error)))
            return
        if verdict is not None:
            self._calibration = None
            self._follow(verdict, cut)

    def _follow(self, verdict: Verdict, cut: Cut) -> None:
        """Build the verdict's winner beside the work."""
        self.reason = f"fastest here: {verdict.reason()}"
        if verdict.fastest != "eager":
            self._build_beside(verdict.fastest, cut)

    def _build_beside(self, name: RunnerName, cut: Cut) -> None:
        def build() -> None:
            try:
                self._news.put(self._make(name, cut))
            except Exception as error:  # a compiler may raise anything, and what runs goes on
                self._news.put(Refused(name, cut, in_a_line(error)))

        self._building.add(cut)
        threading.Thread(target=build, name="draglive-backend", daemon=True).start()

    def _setting(self, cut: Cut) -> Setting:
        return Setting(
            model=str(self._path.resolve()),
            device=str(self._device.on),
            dtype=self._device.dtype_name,
            feature_resolution=2 ** (cut.blocks + 1),
            free=cut.free,
        )
