"""What differs between a CPU, a CUDA card and Apple's MPS, and nothing else does.

Streams, clocks for stages, and the slots through which a frame reaches the host. Knows neither
generators nor points.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import math
import platform
import re
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from draglive.stylegan2_jit.compile import DTYPES

from .types import Size, StageStats

RECENT = 512  # samples that percentiles look back on
# Per point: handle x, handle y, distance left, still moving (1) or not (0), trust 0..1.
REPORT_COLUMNS = 5


class DeviceError(ValueError):
    """A device or precision that this machine does not have."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where the engine computes, and in which precision the generator's convolutions run."""

    on: torch.device
    dtype: torch.dtype
    name: str  # the hardware's
    note: str = ""  # why the dtype is not the one that was asked for

    @property
    def is_cuda(self) -> bool:
        """Whether there are streams and events."""
        return self.on.type == "cuda"

    @property
    def dtype_name(self) -> str:
        """'float32', 'bfloat16' or 'float16'."""
        return str(self.dtype).removeprefix("torch.")

    def upload(self, values: np.ndarray) -> Tensor:
        """A host array on the device, without waiting for it."""
        tensor = torch.from_numpy(values)
        if self.is_cuda:
            return tensor.pin_memory().to(self.on, non_blocking=True)
        return tensor.to(self.on)

    @contextlib.contextmanager
    def stream(self) -> Iterator[None]:
        """Work inside goes to a stream of its own where the device has streams."""
        if self.is_cuda:
            with torch.cuda.device(self.on), torch.cuda.stream(torch.cuda.Stream(self.on)):
                yield
        else:
            yield

    def free_caches(self) -> None:
        """Give back memory that nobody uses now."""
        gc.collect()
        if self.is_cuda:
            torch.cuda.empty_cache()
        elif self.on.type == "mps":
            torch.mps.empty_cache()

    def synchronize(self) -> None:
        """Wait for all submitted work: at load and in benchmarks only."""
        if self.is_cuda:
            torch.cuda.synchronize(self.on)
        elif self.on.type == "mps":
            torch.mps.synchronize()


def open_device(name: str = "auto", dtype: str = "auto") -> Device:
    """Find a device.

    Args:
        name: 'auto' (CUDA, then MPS, then CPU), 'cpu', 'cuda', 'cuda:1', 'mps'.
        dtype: 'auto' (what measures fastest and is safe), 'float32', 'bfloat16', 'float16'.

    Raises:
        DeviceError: the device is unknown or not there, or the dtype is unknown.
    """
    if dtype != "auto" and dtype not in DTYPES:
        raise DeviceError(f"dtype must be auto, {', '.join(DTYPES)}, not {dtype!r}")
    device = _find(name)
    if device.type == "cpu":
        _keep_large_buffers()
    chosen = _fastest_dtype(device) if dtype == "auto" else DTYPES[dtype]
    return Device(device, chosen, _hardware_name(device))


def _find(name: str) -> torch.device:
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind, _, index = name.partition(":")
    rule = "device must be auto, cpu, cuda, cuda:N or mps"
    if kind not in ("cpu", "cuda", "mps") or (index and not index.isdecimal()):
        raise DeviceError(f"{rule}, not {name!r}")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise DeviceError(f"device {name!r} is not there: this machine has {count} CUDA devices")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("device 'mps' is not there: it needs a Mac with Apple silicon")
    return torch.device(kind, int(index or 0)) if kind == "cuda" else torch.device(kind)


def _keep_large_buffers() -> None:
    """Let glibc keep freed activations instead of handing each back to the kernel.

    Fresh pages cost more than the arithmetic on them: without this the eager picture takes
    1.5 times as long (2-core Xeon, docs/log.md). Other C libraries are left as they are.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD


def give_memory_back() -> None:
    """Hand what work left behind to the kernel, which glibc was told not to do by itself."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)  # without Python's lock: nobody waits for it


def _fastest_dtype(device: torch.device) -> torch.dtype:
    """float16 on a card with units for it (`loading` sees to models that overflow it).

    On a CPU bfloat16 where a typical convolution runs faster in it. Else float32.
    """
    if device.type == "mps":
        return torch.float32
    if device.type == "cuda":
        return (
            torch.float16 if torch.cuda.get_device_capability(device) >= (7, 0) else torch.float32
        )
    times = _convolution_times()
    return min(times, key=lambda dtype: times[dtype])


def _convolution_times() -> dict[torch.dtype, float]:
    """Seconds of a typical convolution, by dtype: the best of some, in turns.

    A start falls together with much else; a median once took bfloat16 for slower, and the whole
    session was four times as slow.
    """
    dtypes = torch.float32, torch.bfloat16
    tensors = {dtype: _typical(dtype) for dtype in dtypes}
    best = dict.fromkeys(dtypes, math.inf)
    for _ in range(6):
        for dtype, (x, kernel) in tensors.items():
            start = time.perf_counter()
            torch.nn.functional.conv2d(x, kernel, padding=1)
            best[dtype] = min(best[dtype], time.perf_counter() - start)
    return best


def _typical(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Features and weights of a 64² block."""
    x = torch.randn(1, 128, 64, 64).to(dtype).contiguous(memory_format=torch.channels_last)
    kernel = torch.randn(128, 128, 3, 3).to(dtype).contiguous(memory_format=torch.channels_last)
    return x, kernel


def _hardware_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo")
    if device.type == "cpu" and info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                name = re.sub(r"\((R|TM)\)| Processor| CPU", "", line.partition(":")[2]).strip()
                threads = torch.get_num_threads()
                return f"{name} ({threads} thread{'s' * (threads > 1)})"
    return platform.processor() or platform.machine()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the device, or the host, has no memory left: torch says it in different ways."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "not enough memory" in str(error)


class StageTimers:
    """How long each named stage takes: host clock on a CPU, events on a CUDA card.

    Not thread-safe by itself; `stats` may be called from another thread.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._samples: dict[str, deque[float]] = {}
        self._counts: dict[str, int] = {}
        self._pending: deque[tuple[str, torch.cuda.Event, torch.cuda.Event]] = deque()

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is inside; nested stages are fine."""
        if not self._device.is_cuda:
            start = time.perf_counter()
            yield
            self.add(name, (time.perf_counter() - start) * 1e3)
            return
        before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        before.record()
        yield
        after.record()
        self._pending.append((name, before, after))

    def add(self, name: str, duration_ms: float) -> None:
        """Add a sample measured elsewhere."""
        self._samples.setdefault(name, deque(maxlen=RECENT)).append(duration_ms)
        self._counts[name] = self._counts.get(name, 0) + 1

    def harvest(self) -> None:
        """Collect the events that have passed; waits for none."""
        while self._pending and self._pending[0][2].query():
            name, before, after = self._pending.popleft()
            self.add(name, before.elapsed_time(after))

    def latest_s(self, name: str) -> float:
        """The newest sample of a stage in seconds; 0 before there is one."""
        samples = self._samples.get(name)
        return samples[-1] / 1e3 if samples else 0.0

    def clear(self) -> None:
        """Forget all samples: the warm-up is over."""
        self._samples, self._counts = {}, {}
        self._pending.clear()

    def stats(self) -> dict[str, StageStats]:
        """Count since the start, percentiles of the recent samples, by stage."""
        return {
            name: percentiles(list(samples), self._counts[name])
            for name, samples in list(self._samples.items())
        }


def percentiles(samples_ms: list[float], count: int | None = None) -> StageStats:
    """Summarise samples (at least one); `count` when more were seen than kept."""
    p50, p95, p99 = np.percentile(samples_ms, [50, 95, 99]).tolist()
    return StageStats(len(samples_ms) if count is None else count, p50, p95, p99)


class FrameSlot:
    """Host memory for one frame: pixels and the points' report; pinned on CUDA.

    `rgba` is uint8 [H, W, 4]; `report` float32 [P, 5] (`REPORT_COLUMNS`).
    """

    def __init__(self, device: Device, size: Size) -> None:
        self._device = device
        pinned = device.is_cuda
        shape = (size.height, size.width, 4)
        self._pixels = torch.empty(shape, dtype=torch.uint8, pin_memory=pinned)
        self._report = torch.empty(0, REPORT_COLUMNS, pin_memory=pinned)
        self._done = torch.cuda.Event() if pinned else None

    def read_back(self, rgba: Tensor, report: Tensor) -> None:
        """Start copying from the device, on the current stream."""
        if self._report.shape != report.shape:
            self._report = torch.empty(report.shape, pin_memory=self._device.is_cuda)
        self._pixels.copy_(rgba, non_blocking=self._device.is_cuda)
        self._report.copy_(report, non_blocking=self._device.is_cuda)
        if self._done is not None:
            self._done.record()

    def let_copy_end(self) -> None:
        """Let the device, not the host, wait until the copy has read its source."""
        if self._done is not None:
            self._done.wait()

    def ready(self) -> bool:
        """Whether the copy has arrived."""
        return self._done is None or self._done.query()

    def wait(self) -> None:
        """Until the copy has arrived."""
        if self._done is not None:
            self._done.synchronize()

    @property
    def rgba(self) -> np.ndarray:
        """The pixels, once `ready`."""
        return self._pixels.numpy()

    @property
    def report(self) -> np.ndarray:
        """The points' report, once `ready`."""
        return self._report.numpy()
