"""What can be wrong with a checkpoint. Each error is one line: the file, what it is, what works.

CheckpointError
├── UnreadableFileError    missing, a folder, no permission, a disk that fails
├── NotACheckpointError    something else: a web page, a picture, an archive, another tool's file
├── DamagedFileError       was a checkpoint once: cut off, or bytes that contradict each other
├── UnsafeFileError        wants to run code, or more time or memory than any model needs
├── UnsupportedModelError  a sound file, but of a network that is no StyleGAN2 generator
├── MismatchError          the file says one thing of its network and its tensors another
├── OutputError            the file to write exists already, or cannot be written
└── LoadCancelledError     whoever asked for it has changed their mind
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


class CheckpointError(ValueError):
    """A file that cannot be used as was asked: one line."""


class UnreadableFileError(CheckpointError):
    """The system does not hand out the file's bytes."""


class NotACheckpointError(CheckpointError):
    """A file of another kind; the line says which, as far as its content tells."""


class DamagedFileError(CheckpointError):
    """A checkpoint that was cut off or changed."""


class UnsafeFileError(CheckpointError):
    """A file that asks for what no checkpoint needs: foreign code, or endless work."""


class UnsupportedModelError(CheckpointError):
    """A sound file that holds no generator of a kind that runs here."""


class MismatchError(CheckpointError):
    """Two parts of a file contradict each other: the line shows both."""


class OutputError(CheckpointError):
    """A file that must not or cannot be written."""


class LoadCancelledError(CheckpointError):
    """Loading was cancelled; nothing of it remains."""


@contextlib.contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Put the file's name before errors raised inside, and turn the system's into ours.

    Code below knows no paths: it says what is wrong, and this says with which file.

    Raises:
        CheckpointError: of the class raised inside; `UnreadableFileError` for an OSError,
            `UnsafeFileError` for a MemoryError.
    """
    name = printable(str(path))
    try:
        yield
    except CheckpointError as error:
        raise type(error)(f"{name}: {printable(str(error), 600)}") from error
    except FileNotFoundError as error:
        raise UnreadableFileError(f"{name}: there is no such file") from error
    except OSError as error:
        raise UnreadableFileError(f"{name}: {error.strerror or error}") from error
    except MemoryError as error:
        raise UnsafeFileError(f"{name}: needs more memory than there is") from error


def brief(value: object) -> str:
    """A stranger's value for a line: lists within lists could take for ever to write out."""
    if value is None or isinstance(value, bool | int | float | str):
        return printable(repr(value), 80)
    return f"a {type(value).__name__}"


def printable(text: str, limit: int = 300) -> str:
    """Text of a stranger's file in one line: no control characters, no more than `limit`."""
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return line if len(line) <= limit else line[: limit - 1] + "…"
