"""Session files of a person's own: made from a journal in one step; the model they were made with.

A saved file holds every event, the tensors of every state that was left, and those of the end;
the checkpoints of each second, which only a recovery needs, stay behind. Of the model it has the
file's name and SHA-256 and no path: what is opened is looked for beside the session, or is the
default model.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..engine.log import Checkpoint, Event, Origin, Record, Resume
from .errors import FileError, SessionFileError
from .files import file_sha256, reason, replacing
from .format import SUFFIX, ModelLine, Session, encode, encode_header, read_session

# Named here again: whoever imports the checkpoints imports torch.
DEFAULT_MODEL = Path(__file__).parents[2] / "stylegan2_jit" / "assets" / "creatures-256.safetensors"


def save_session(source: Path, path: Path) -> None:
    """Make a session file from a journal, or from another session file, in one step.

    Args:
        source: the journal, with all that is to be saved.
        path: must end in `.draglive`; a file of that name is replaced.

    Raises:
        SessionFileError: the source cannot be read.
        FileError: another suffix, the folder is missing, no right, disk full.
    """
    if path.suffix.lower() != SUFFIX:
        raise FileError(f"{path}: a session's name must end in {SUFFIX}, not {path.suffix!r}")
    session = read_session(source)
    origin = session.edit.origin
    try:
        with replacing(path) as temporary, temporary.open("wb") as file:
            file.write(encode_header(replace(origin, path=Path(origin.path).name)))
            file.write(encode(ModelLine(session.model_sha256 or file_sha256(Path(origin.path)))))
            for record in _kept(session.edit.records):
                file.write(encode(record))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {reason(path, error)}") from error


def _kept(records: tuple[Record, ...]) -> Iterator[Record]:
    """All events; of the checkpoints those that a state, the end or a resumption needs."""
    events = (record.command for record in records if isinstance(record, Event))
    needed = {command.checkpoint_s for command in events if isinstance(command, Resume)}
    last = max((n for n, r in enumerate(records) if isinstance(r, Checkpoint)), default=-1)
    for number, record in enumerate(records):
        going = isinstance(record, Checkpoint) and not record.left
        if not going or number == last or record.time_s in needed:
            yield record


def _is_file(place: Path) -> bool:
    """As of a path; a name that no file can have is none."""
    try:
        return place.is_file()
    except OSError:
        return False


def _is(model: Path, sha256: str) -> bool:
    return file_sha256(model) == sha256


def find_model(session: Session, path: Path, *, own: bool = False) -> Path:
    """The model that a session was made with.

    Args:
        session: read from `path`.
        path: the session's file.
        own: the file is a journal of this person's, and may name any place.

    Raises:
        SessionFileError: the model is not there, or is another than it was.
    """
    origin: Origin = session.edit.origin
    name = Path(origin.path).name
    places = [Path(origin.path)] if own else []
    places += [path.parent / name, DEFAULT_MODEL] if name else [DEFAULT_MODEL]
    there = [place for place in places if _is_file(place)]
    for place in there:
        if (place.name == name) if not session.model_sha256 else _is(place, session.model_sha256):
            return place
    if any(place.name == name for place in there):
        raise SessionFileError(f"{path}: model {name} is another file than it was made with")
    raise SessionFileError(
        f"{path}: its model {name} is not there: put it beside the session, or name it by --model"
    )
