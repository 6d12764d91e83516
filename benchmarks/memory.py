"""How much memory something takes at its peak, over what was held before it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from draglive.app.engine.device import Device

STATUS = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")


@dataclass(slots=True)
class Peak:
    """Set when the measured block has ended."""

    megabytes: float | None = None  # None where the system does not say


@contextlib.contextmanager
def peak_memory(device: Device) -> Iterator[Peak]:
    """Measure the block inside: the card's memory on CUDA, the process's on Linux."""
    peak = Peak()
    gc.collect()
    if device.is_cuda:
        device.synchronize()
        torch.cuda.reset_peak_memory_stats(device.on)
        held = torch.cuda.memory_allocated(device.on)
        yield peak
        device.synchronize()
        peak.megabytes = (torch.cuda.max_memory_allocated(device.on) - held) / 1e6
    elif device.on.type == "cpu" and RESET.exists():
        _give_back()
        RESET.write_text("5")  # Linux: the highest resident size so far is the present one
        held = _resident("VmRSS")
        yield peak
        peak.megabytes = (_resident("VmHWM") - held) / 1e6
    else:
        yield peak


def _resident(field: str) -> int:
    found = re.search(rf"{field}:\s+(\d+) kB", STATUS.read_text())
    assert found is not None
    return int(found[1]) * 1024


def _give_back() -> None:
    """Let glibc hand freed memory back: what is taken again would else not count."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
