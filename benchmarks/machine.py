"""On what and of what a figure was measured: without this card it means nothing."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

import torch

from draglive.app.engine.device import Device

ROOT = Path(__file__).parents[1]


def machine_card(device: Device) -> dict[str, object]:
    """Hardware, versions, commit and time, ready for JSON."""
    return {
        "device": device.name,
        "kind": device.on.type,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "version": _version(),
        "commit": commit(ROOT),
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def commit(checkout: Path) -> str | None:
    """A checkout's commit, with '+' where files differ from it; None without git or a checkout.

    A folder inside a checkout of something else has none.
    """
    head = _git(checkout, "rev-parse", "--short=10", "HEAD")
    top = _git(checkout, "rev-parse", "--show-toplevel")
    if head is None or top is None or not checkout.samefile(top):
        return None
    changed = _git(checkout, "status", "--porcelain", "--untracked-files=no")
    return head + ("+" if changed else "")


def _version() -> str | None:
    try:
        return importlib.metadata.version("draglive")
    except importlib.metadata.PackageNotFoundError:
        return None


def _git(checkout: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(checkout), *words], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
