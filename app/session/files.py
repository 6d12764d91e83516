"""Files that appear whole or not at all: written to a temporary name, then renamed.

Knows nothing of what is in them.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import FileError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` and with its suffix, to be written inside the block.

    When the block ends well it takes the place of `path` in one step; otherwise it is removed and
    `path` stays as it was. A link is followed, so that it is the file that changes.

    Raises:
        OSError: the file cannot be renamed.
    """
    path = path.resolve()
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes, *, make_folder: bool = False) -> None:
    """Write a file in one step; a device or pipe (`/dev/stdout`) is written to directly.

    Args:
        path: the file; what was there before is replaced.
        content: all of its bytes.
        make_folder: create the folders it lies in; otherwise they must exist.

    Raises:
        FileError: the folder is missing, a folder has that name, no right, disk full.
    """
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(content)  # renaming would put a file in the device's place
            return
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {reason(path, error)}") from error


def require_writable(path: Path) -> None:
    """Make sure, before long work, that a file can be written at `path`.

    Raises:
        FileError: the folder is missing, a folder has that name, no right.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        return  # a device or pipe
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent):
            pass
        if path.is_dir():
            raise IsADirectoryError
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {reason(path, error)}") from error


def write_json(path: Path, payload: object, *, make_folder: bool = False) -> None:
    """Write `payload` as indented JSON, in one step.

    Raises:
        FileError: as `write_bytes`.
        TypeError, ValueError: the payload is not JSON; NaN and infinities are not.
    """
    text = json.dumps(payload, indent=2, ensure_ascii=False, allow_nan=False)
    write_bytes(path, (text + "\n").encode(), make_folder=make_folder)


def reason(path: Path, error: OSError) -> str:
    """Why a file cannot be written, in words: the missing folder by name, else the system's."""
    if not path.parent.is_dir():
        return f"there is no folder {str(path.parent)!r}"
    if path.is_dir():
        return "a folder has that name"
    return error.strerror or str(error)


def file_sha256(path: Path) -> str:
    """A file's SHA-256 in hexadecimal digits; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
