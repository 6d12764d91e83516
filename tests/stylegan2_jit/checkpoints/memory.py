"""How much memory this process has held."""

import re
from pathlib import Path

import pytest

STATUS = Path("/proc/self/status")


def peak_memory(*, reset=False):
    """The most memory that the process has held since the last reset, in bytes."""
    if not STATUS.exists():
        pytest.skip("the memory's peak is read from /proc")
    if reset:
        STATUS.with_name("clear_refs").write_text("5")
    return int(re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text())[1]) * 1024
