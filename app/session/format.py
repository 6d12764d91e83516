"""`.draglive` files: what stands in them, and how to read one that is damaged.

docs/session-format.md describes them. In short: JSON, a line a record; a record with `bytes` is
followed by so many bytes (a mask, or tensors as safetensors) and a line feed. Nothing in a file can
run, and nothing in it names another file that would be written to.

    SessionFileError
    ├── NewerFormatError    written by a newer program
    └── (itself)            missing, unreadable, or no session at all

Damage within a file is no error: what cannot be read is left out and counted (`Session.lost`).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from ..engine import types as t
from ..engine.log import (
    Checkpoint,
    Event,
    FallBack,
    Happening,
    Move,
    Origin,
    Record,
    Resume,
    SavedEdit,
    SwitchRunner,
)
from ..engine.masks import PackedMask
from .errors import NewerFormatError, SessionFileError

VERSION: Final = 2
SUFFIX: Final = ".draglive"
MOST_BYTES = 1 << 28  # of one record
LONGEST_SIDE = 4096
LINE_START = b'{"kind":'
START = LINE_START + b'"session",'
COMMANDS: Final[dict[str, type]] = {
    kind.__name__: kind
    for kind in (
        t.AddPoint,
        t.AddPoints,
        t.MoveTarget,
        t.MoveHandle,
        t.RemovePoint,
        t.ClearPoints,
        t.PinPoint,
        t.UnpinPoint,
        t.GroupPoints,
        t.UngroupPoints,
        t.ResetPicture,
        t.SetSeed,
        t.SetClass,
        t.SetTruncation,
        t.SetConfig,
        t.SetPaused,
        t.SetMix,
        t.AddDirection,
        t.SetStrength,
        t.RemoveDirection,
        t.Revisit,
        t.EndGesture,
        t.Undo,
        t.Redo,
        t.GoTo,
        SwitchRunner,
        FallBack,
        Move,
        Resume,
    )
}


class Header(msgspec.Struct, tag_field="kind", tag="session"):
    """The first line."""

    version: int
    program: str
    origin: Origin


class EventLine(msgspec.Struct, tag_field="kind", tag="event", omit_defaults=True):
    """Something happened; a mask follows as zlib-compressed float32."""

    step: int
    time_s: float
    do: str
    args: dict[str, Any] = {}
    looked: bool = False
    state: int = -1
    size: t.Size | None = None  # of the mask
    bytes: int = 0
    crc: int = 0


class CheckpointLine(msgspec.Struct, tag_field="kind", tag="checkpoint", omit_defaults=True):
    """All tensors, which follow."""

    state: int
    step: int
    time_s: float
    left: bool = False
    looked: bool = False
    bytes: int = 0
    crc: int = 0


class ModelLine(msgspec.Struct, tag_field="kind", tag="model"):
    """What the model's file was, once it had been read."""

    sha256: str


class SavedLine(msgspec.Struct, tag_field="kind", tag="saved"):
    """Everything before was saved to a file of the person's."""

    name: str


class EndLine(msgspec.Struct, tag_field="kind", tag="end"):
    """The program ended in order."""


Line = EventLine | CheckpointLine | ModelLine | SavedLine | EndLine
_decode_line = msgspec.json.Decoder(Line).decode
_decode_header = msgspec.json.Decoder(Header).decode


def _plain(value: object) -> object:
    """Numpy's numbers as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} cannot be written down")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode
# From a version's first line to the next one's. 2 knows more commands, and points that have more.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: lambda first: first}


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """What a file holds.

    Attributes:
        edit: the edit, as far as it could be read.
        model_sha256: of the model's file; empty where the program ended before it knew.
        unsaved: events since it was last saved to a file of the person's.
        ended: the program that wrote it ended in order.
        lost: how many records could not be read.
    """

    edit: SavedEdit
    model_sha256: str
    unsaved: int
    ended: bool
    lost: int


def encode_header(origin: Origin) -> bytes:
    """The first line."""
    return _line(Header(VERSION, f"draglive {_own_version()}", origin))


def _own_version() -> str:
    try:
        return metadata.version("draglive")
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        return "of a checkout"


def encode(record: Record | ModelLine | SavedLine | EndLine) -> bytes:
    """A record as it stands in a file."""
    match record:
        case Checkpoint(state, step, time_s, left, content, looked):
            line = CheckpointLine(state, step, time_s, left, looked)
            line.bytes, line.crc = len(content), zlib.crc32(content)
            return _line(line, content)
        case Event(command=t.SetMask(mask)):
            return _encode_mask(
                record, PackedMask.of(mask) if isinstance(mask, np.ndarray) else mask
            )
        case Event(step, time_s, command, looked, state):
            args = msgspec.to_builtins(command, enc_hook=_plain)
            return _line(EventLine(step, time_s, type(command).__name__, args, looked, state))
        case _:
            return _line(record)


def _encode_mask(event: Event, mask: PackedMask | None) -> bytes:
    content = mask.content if mask else b""
    line = EventLine(event.step, event.time_s, "SetMask", {}, event.looked, event.state)
    if mask is not None:
        line.size, line.bytes, line.crc = mask.size, len(content), zlib.crc32(content)
    return _line(line, content)


def _line(line: Line | Header, content: bytes = b"") -> bytes:
    text: bytes = _encode(line) + b"\n"
    return text + content + b"\n" if content else text


def read_session(path: Path) -> Session:
    """Read a file, and leave out what is damaged.

    Raises:
        SessionFileError: it is missing, cannot be read, or is no session; `NewerFormatError`: it
            was written by a newer program.
    """
    return parse_session(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        SessionFileError: it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise SessionFileError(f"{path}: cannot be read: {error.strerror or error}") from error


def parse_session(content: bytes, name: str) -> Session:
    """As `read_session`, from the bytes of a file of that name."""
    first, _, rest = content.partition(b"\n")
    origin = _parse_header(first, name).origin
    records: list[Record] = []
    sha256, unsaved, ended, lost = "", 0, False, 0
    for item in _items(rest):
        match item:
            case Event() | Checkpoint():
                records.append(item)
                unsaved += isinstance(item, Event)
            case ModelLine(sha256=found):
                sha256 = found
            case SavedLine():
                unsaved = 0
            case EndLine():
                pass
            case None:
                lost += 1
        ended = isinstance(item, EndLine)
    return Session(SavedEdit(origin, tuple(records)), sha256, unsaved, ended, lost)


def _parse_header(line: bytes, name: str) -> Header:
    if not line.startswith(START):
        raise SessionFileError(f"{name}: not a draglive session: its first line is another")
    try:
        known = msgspec.json.decode(line, type=dict[str, Any])
        version = known.get("version")
        if not isinstance(version, int) or version < 1:
            raise SessionFileError(f"{name}: its version must be 1 or more, not {version!r}")
        if version > VERSION:
            raise NewerFormatError(
                f"{name}: written by a newer draglive ({known.get('program')}; format {version}, "
                f"this one knows {VERSION}): please update"
            )
        for older in range(version, VERSION):
            known = MIGRATIONS[older](known)
        header: Header = _decode_header(_encode(known))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SessionFileError(f"{name}: its first line is damaged: {error}") from error
    require_sane(header.origin, name)
    return header


def require_sane(origin: Origin, name: str) -> None:
    """Whether an edit can have begun so.

    Raises:
        SessionFileError: it cannot.
    """
    width, height = origin.size
    sane = max(width, height) <= LONGEST_SIDE and min(width, height) >= 4
    sane = sane and 1 <= origin.num_ws <= 64
    if not sane or not 0 <= origin.seed < 2**32 or not -2 <= origin.psi <= 2:
        raise SessionFileError(f"{name}: its first line is damaged: not the beginning of an edit")


def _items(content: bytes) -> Iterator[Record | ModelLine | SavedLine | EndLine | None]:
    """The records in order; None for each that cannot be read."""
    place, debris = 0, False
    while place < len(content):
        end = content.find(b"\n", place)
        end = len(content) if end < 0 else end
        text = content[place:end]
        line = _parse_line(text)
        place = end + 1
        if line is None:
            if not debris or text.startswith(LINE_START):
                yield None
            continue
        size = line.bytes if isinstance(line, EventLine | CheckpointLine) else 0
        block = content[place : place + size] if 0 < size <= MOST_BYTES else b""
        item = _item(line, block)
        if item is not None:  # a damaged block may have swallowed lines: they are read after it
            place += len(block) + 1 if block else 0
        debris = item is None  # what follows may be the rest of its block
        yield item


def _parse_line(text: bytes) -> Line | None:
    """One line; of two that a cut has joined, the second."""
    for start in dict.fromkeys((0, text.rfind(LINE_START))):
        try:
            line: Line = _decode_line(text[start:] if start >= 0 else b"")
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        return line
    return None


def _item(line: Line, block: bytes) -> Record | ModelLine | SavedLine | EndLine | None:
    match line:
        case EventLine() | CheckpointLine():
            if len(block) != line.bytes or (block and zlib.crc32(block) != line.crc):
                return None
            if not (0 <= line.step < 2**53 and 0 <= line.time_s < 1e12):
                return None
            if isinstance(line, EventLine):
                return _event(line, block)
            return Checkpoint(line.state, line.step, line.time_s, line.left, block, line.looked)
        case _:
            return line


def _event(line: EventLine, block: bytes) -> Event | None:
    try:
        command = _mask(line, block) if line.do == "SetMask" else _command(line)
    except (msgspec.ValidationError, ValueError, KeyError):
        return None
    return Event(line.step, line.time_s, command, line.looked, line.state)


def _command(line: EventLine) -> t.Command | Happening:
    command: t.Command | Happening = msgspec.convert(line.args, COMMANDS[line.do])
    return command


def _mask(line: EventLine, block: bytes) -> t.SetMask:
    if line.size is None:
        return t.SetMask(None)
    width, height = line.size
    if not (1 <= width <= LONGEST_SIDE and 1 <= height <= LONGEST_SIDE):
        raise ValueError("mask: its size is not that of a picture")
    mask = PackedMask(line.size, block)
    values = mask.mask()
    if not bool(((values >= 0) & (values <= 1)).all()):
        raise ValueError("mask: its values must be from 0 to 1")
    return t.SetMask(mask)
