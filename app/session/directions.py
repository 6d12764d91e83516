"""Kept edits on disk: a folder of directions in w+, a safetensors file each. No torch.

A file's name is the direction's id, so that names can be anything; what it is called, and of which
model it is, stands in the metadata. Files that cannot be read are left out, and left alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..engine.blends import LONGEST_NAME, MOST_NUMBERS, Direction
from .errors import FileError
from .files import write_bytes

SUFFIX = ".safetensors"
KIND = "draglive direction"
MOST_BYTES = 8 * MOST_NUMBERS
SAFE_ID = re.compile(r"[0-9a-f]{1,32}")


@dataclass(frozen=True, slots=True)
class Kept:
    """A direction and the model that it moves."""

    direction: Direction
    model: str
    made_s: float = 0.0  # when the file was written


def directions_folder() -> Path:
    """Where this person's directions are."""
    return platformdirs.user_data_path("draglive") / "directions"


def write_direction(folder: Path, kept: Kept) -> None:
    """Write or replace a direction's file, in one step.

    Raises:
        FileError: as `write_bytes`.
    """
    direction = kept.direction
    facts = {"kind": KIND, "name": direction.name, "model": kept.model}
    content = save({"direction": direction.offset()}, {"draglive": json.dumps(facts)})
    write_bytes(_path(folder, direction.id), content, make_folder=True)


def remove_direction(folder: Path, direction_id: str) -> None:
    """Remove a direction's file; one that is not there is no error.

    Raises:
        FileError: it cannot be removed.
    """
    path = _path(folder, direction_id)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"{path}: cannot be removed: {error.strerror or error}") from error


def read_directions(folder: Path) -> list[Kept]:
    """All directions in a folder, the oldest first; an unreadable file is left out."""
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        kept = _read(path)
        if kept is not None:
            found.append(kept)
    return sorted(found, key=lambda kept: kept.made_s)


def _path(folder: Path, direction_id: str) -> Path:
    if not SAFE_ID.fullmatch(direction_id):
        raise FileError(f"direction: its id must be hexadecimal digits, not {direction_id!r}")
    return folder / f"{direction_id}{SUFFIX}"


def _read(path: Path) -> Kept | None:
    try:
        if path.stat().st_size > MOST_BYTES or not SAFE_ID.fullmatch(path.stem):
            return None
        with safe_open(path, framework="numpy") as file:
            facts: dict[str, Any] = json.loads((file.metadata() or {}).get("draglive", "{}"))
            offset = file.get_tensor("direction")
        name, model = facts.get("name"), facts.get("model")
        if not isinstance(name, str) or not isinstance(model, str) or facts["kind"] != KIND:
            return None
        if offset.ndim != 2 or not np.isfinite(offset).all():
            return None
        direction = Direction(
            path.stem, name[:LONGEST_NAME] or "?", offset.shape[0], offset.astype("<f4").tobytes()
        )
        return Kept(direction, model, path.stat().st_mtime)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
