"""What is fastest here? Measured in a process of its own, remembered in the cache folder.

Compiling for a CPU takes a minute of two cores. A child at low priority does it, which also fills
torch.compile's disk cache, so that the program then compiles from there in seconds. While
somebody drags, the child stands still. The verdict holds for one model, device, dtype, feature
block and version of torch.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import platformdirs
import torch

from .checkpoints import load_checkpoint
from .compile import (
    BACKENDS,
    DTYPES,
    BackendError,
    BackendName,
    Cut,
    build_backend,
    compiler_missing,
    count_blocks,
    in_a_line,
    self_check,
    time_backends,
)
from .latents import seed_to_ws


@dataclass(frozen=True, slots=True)
class Setting:
    """What a verdict holds for."""

    model: str  # the checkpoint's path
    device: str
    dtype: str
    feature_resolution: int
    free: int  # vectors of w+ that get a gradient
    kernels: str = ""  # which build of the fused kernels, where they are in question

    def cache_file(self) -> Path:
        """Where the verdict is kept."""
        device = torch.device(self.device)
        hardware = torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu_features()
        stat = Path(self.model).stat()
        key = json.dumps([asdict(self), hardware, torch.__version__, stat.st_size, stat.st_mtime])
        name = hashlib.sha256(key.encode()).hexdigest()[:24]
        return platformdirs.user_cache_path("draglive") / "backends" / f"{name}.json"


def _cpu_features() -> str:
    return f"{torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Milliseconds of a step and a picture on each back-end, and why others are missing."""

    times_ms: Mapping[str, float]
    refused: Mapping[str, str]

    @property
    def fastest(self) -> BackendName:
        """The back-end with the least time."""
        return cast("BackendName", min(self.times_ms, key=lambda name: self.times_ms[name]))

    def reason(self) -> str:
        """One line with the figures."""
        times = [f"{name} {ms:.1f} ms" for name, ms in sorted(self.times_ms.items())]
        return ", ".join([*times, *(f"no {name}: {why}" for name, why in self.refused.items())])


def read_verdict(setting: Setting) -> Verdict | None:
    """The remembered verdict, or None when this setting was not measured yet."""
    try:
        stored = json.loads(setting.cache_file().read_text())
        times_ms = {name: float(ms) for name, ms in stored["times_ms"].items()}
        refused = {name: str(why) for name, why in stored["refused"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # what others wrote there, or half of what we did
    sound = set(times_ms) <= {"fused", *BACKENDS} and all(ms > 0 for ms in times_ms.values())
    return Verdict(times_ms, refused) if times_ms and sound else None


def write_verdict(setting: Setting, verdict: Verdict) -> None:
    """Remember a verdict.

    Raises:
        OSError: the cache folder cannot be written.
    """
    path = setting.cache_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.part")
    partial.write_text(json.dumps(asdict(verdict)))
    partial.replace(path)


def calibrate(setting: Setting) -> Verdict:
    """Build every back-end that works here, check it against eager, and time them in turns.

    Raises:
        CheckpointError: the model cannot be loaded.
    """
    device = torch.device(setting.device)
    generator = load_checkpoint(Path(setting.model)).generator
    generator.prepare(DTYPES[setting.dtype], device)
    ws = seed_to_ws(generator, 0)
    cut = Cut(count_blocks(setting.feature_resolution), setting.free)
    eager = build_backend("eager", generator.synthesis, cut)
    good = [eager]
    refused: dict[str, str] = {}
    for name in BACKENDS[1:]:
        try:
            backend = build_backend(name, generator.synthesis, cut)
            self_check(backend, eager, ws)
            good.append(backend)
        except (BackendError, RuntimeError) as error:
            refused[name] = in_a_line(error)
    return Verdict(time_backends(good, ws), refused)


class Calibration:
    """A calibration running in a child process at low priority."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._still = False
        self._said: str | None = None  # what the child printed, once it has ended
        self._child = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", __name__, json.dumps(asdict(setting))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # one line when it fails
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # `stop` ends its compilers too; Ctrl-C is not for them
        )

    def poll(self) -> Verdict | None:
        """The verdict once it is there; None before that.

        Raises:
            BackendError: the child failed.
        """
        code = self._child.poll()
        if code is None:
            return None
        verdict = read_verdict(self._setting) if code == 0 else None
        if verdict is None:
            why = self._last_words() or f"exit code {code}"
            raise BackendError(f"measuring the back-ends failed: {why}")
        self._last_words()
        return verdict

    def make_way(self, *, busy: bool) -> None:
        """Stand still while somebody needs the cores, where the system can do that."""
        if busy != self._still and hasattr(os, "killpg") and self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGSTOP if busy else signal.SIGCONT)
            self._still = busy

    def stop(self) -> None:
        """End the child and its compilers, finished or not."""
        if self._child.poll() is None:
            if hasattr(os, "killpg"):
                os.killpg(self._child.pid, signal.SIGKILL)  # it may be standing still
            else:
                self._child.terminate()
        self._last_words()

    def _last_words(self) -> str:
        """Wait for the child to end; what it said."""
        if self._said is None:
            self._said = self._child.communicate()[0].strip()
        return self._said


def worth_calibrating(device: torch.device) -> bool:
    """Whether there is a compiler: without one, eager stays."""
    return compiler_missing(device) is None


def main() -> None:
    """Entry of the child: measure one setting, given as JSON, and remember the verdict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("setting", type=json.loads)
    setting = Setting(**parser.parse_args().setting)
    if hasattr(os, "nice"):
        os.nice(19)
    try:
        write_verdict(setting, calibrate(setting))
    except Exception as error:  # whatever it is, the parent tells the person
        print(in_a_line(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
