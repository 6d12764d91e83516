"""The desktop's own file dialog, where there is one to be called: zenity or kdialog, on Linux.

No library: those that pip has either bring a toolkit of their own, or call these same programs.
The dialog is a process of its own, so the window goes on meanwhile. No Dear PyGui.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROGRAMS = ("zenity", "kdialog")
CHOSEN, CANCELLED = 0, 1  # exit codes of both


def find_program() -> str | None:
    """Which program has the dialogs here; the desktop's own first."""
    if not sys.platform.startswith("linux"):
        return None
    kde = "KDE" in os.environ.get("XDG_CURRENT_DESKTOP", "")
    order = reversed(PROGRAMS) if kde else PROGRAMS
    return next((path for path in map(shutil.which, order) if path), None)


def command(program: str, title: str, folder: Path, patterns: Sequence[str]) -> list[str]:
    """What asks for a file that exists.

    Args:
        program: of `find_program`.
        title: of the dialog.
        folder: where it begins.
        patterns: of names, as `*.png`.
    """
    kinds = " ".join(patterns)
    if Path(program).name == "kdialog":
        return [program, "--title", title, "--getopenfilename", str(folder), f"({kinds})"]
    filters = [f"--file-filter={name} | {shown}" for name, shown in (("All", kinds), ("Any", "*"))]
    return [program, "--file-selection", f"--title={title}", f"--filename={folder}/", *filters]


class NativeDialog:
    """One dialog of the desktop's.

    Args:
        arguments: of `command`.

    Raises:
        OSError: the program cannot be started.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )

    @property
    def is_done(self) -> bool:
        """Whether the person has answered."""
        return self._process.poll() is not None

    @property
    def is_broken(self) -> bool:
        """Whether it ended without asking anybody: no display of its own, a crash."""
        return self._process.poll() not in (None, CHOSEN, CANCELLED)

    def answer(self) -> Path | None:
        """What was chosen, once it is done; None for nothing."""
        out, _ = self._process.communicate()
        name = out.decode(errors="surrogateescape").rstrip("\n")
        return Path(name) if name and self._process.returncode == CHOSEN else None

    def close(self) -> None:
        """Take it away."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()
