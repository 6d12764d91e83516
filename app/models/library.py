"""The files in the models folder, and those that were opened lately."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from ..session.errors import FileError
from ..session.files import write_json

SUFFIXES = (".safetensors", ".pkl", ".pt", ".pth")  # offered; what a file is, its content says
MOST_RECENT = 12
DEEPEST = 3  # folders below the models folder are looked into, so far down


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file that may hold a model."""

    path: Path
    size_bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> ModelFile:
        """Look at a file.

        Raises:
            OSError: there is none, or it may not be looked at.
        """
        status = path.stat()
        return cls(path, status.st_size, status.st_mtime_ns)


def list_folder(folder: Path) -> list[ModelFile]:
    """The files with a model's suffix in a folder and those below, by name; empty without one."""
    found = []
    for place, folders, names in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = [f for f in folders if depth < DEEPEST and not f.startswith(".")]
        for name in names:
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                with contextlib.suppress(OSError):  # gone in the meantime, or a dead link
                    found.append(ModelFile.of(Path(place, name)))
    return sorted(found, key=lambda file: str(file.path.relative_to(folder)).casefold())


class RecentModels:
    """The models opened lately, newest first, in a file that other windows write too.

    Args:
        path: of the list; made when there is something to remember.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def files(self) -> list[ModelFile]:
        """Those that are still there."""
        found = []
        for path in self._paths():
            with contextlib.suppress(OSError):
                found.append(ModelFile.of(path))
        return found

    def remember(self, path: Path) -> None:
        """A model was opened; where the list cannot be written, it is forgotten again."""
        path = path.resolve()
        paths = [path, *(other for other in self._paths() if other != path)]
        with contextlib.suppress(FileError):
            write_json(self._path, [str(p) for p in paths[:MOST_RECENT]], make_folder=True)

    def _paths(self) -> list[Path]:
        try:
            entries = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # the first time, or a damaged list
            return []
        if not isinstance(entries, list):
            return []
        return [Path(entry) for entry in entries if isinstance(entry, str)]
