"""What `torch.save` writes: a zip archive today, a stream of pickles and numbers before 2020.

Both hold one pickle whose tensors name storages by key, and the storages' bytes as they are. The
stream is also how tensors lie inside a plain pickle.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from .errors import DamagedFileError, UnsafeFileError
from .pickle_machine import OPCODES, PickleMachine
from .source import DTYPES, Source, Storage, View
from .values import STORAGES, Keyed, Name, TensorRef, whole

MAGIC = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")  # a pickle of one large number
VERSION = 1001
SMALL_PICKLE = 500  # opcodes; of a header, or of a stream with one storage: they have 30
MOST_STORAGES = 20_000  # a training snapshot has 2,000
DIRECTORY_BYTES = 2**22  # of a zip archive; 40,000 members, a training snapshot has 2,000
ZIP_START, ZIP_ENTRY = b"PK\x03\x04", b"PK\x01\x02"
ZIP_END, ZIP64_END, ZIP64_PLACE = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"


@dataclass(frozen=True, slots=True)
class PickledFile:
    """A file's value, and how to find the numbers of its tensors."""

    root: object
    source: Source
    find: Callable[[Keyed], Storage]

    def locate(self, tensor: TensorRef) -> tuple[Storage, View]:
        """Where a tensor's numbers lie.

        Raises:
            DamagedFileError: nowhere, or not all of them.
        """
        view = View(tensor.offset, tensor.shape, tensor.strides)
        if isinstance(tensor.storage, Keyed):
            return self.find(tensor.storage), view
        blob = tensor.storage.blob
        stream = read_stream(self.source.part(blob.start, blob.size), SMALL_PICKLE)
        if not isinstance(stream.root, Keyed):
            raise DamagedFileError("a storage that is none")
        return stream.find(stream.root), view


def read_pickle(source: Source) -> PickledFile:
    """A plain pickle, tensors nested in it.

    Raises:
        CheckpointError: it is unsafe, or no pickle.
    """

    def nowhere(storage: Keyed) -> Storage:
        raise DamagedFileError(f"storage {storage.key!r} is not in the file")

    return PickledFile(PickleMachine(source).load(), source, nowhere)


def read_stream(source: Source, opcodes: int = OPCODES) -> PickledFile:
    """The stream that `torch.save` wrote before 2020.

    Args:
        source: from its first byte to its last.
        opcodes: how many its main pickle may have.

    Raises:
        CheckpointError: it is unsafe, damaged, or from another kind of machine.
    """
    seen: dict[str, Keyed] = {}

    def remember(identity: object) -> Keyed:
        storage = _storage_named(identity)
        if seen.setdefault(storage.key, storage) != storage:
            raise DamagedFileError(f"two storages called {storage.key!r}")
        return storage

    header = PickleMachine(source, len(MAGIC), opcodes=SMALL_PICKLE)
    version = header.load()
    system = PickleMachine(source, header.position, opcodes=SMALL_PICKLE)
    facts = system.load()
    if version != VERSION or not isinstance(facts, dict) or facts.get("little_endian") is not True:
        raise DamagedFileError("written by torch.save in a version or byte order that is unknown")
    body = PickleMachine(source, system.position, remember, opcodes)
    root = body.load()
    names = PickleMachine(source, body.position, opcodes=opcodes)
    places = _place(source, names.load(), names.position, seen)
    return PickledFile(root, source, lambda storage: _lookup(places, storage))


def _place(
    source: Source, keys: object, position: int, seen: dict[str, Keyed]
) -> dict[str, Storage]:
    """The storages follow each other: a count, then as many numbers."""
    if not isinstance(keys, list) or len(keys) > MOST_STORAGES:
        raise DamagedFileError("no list of its storages, or an endless one")
    places = {}
    for key in keys:
        if not isinstance(key, str) or key not in seen:
            raise DamagedFileError("a storage that no tensor uses")
        wanted = seen[key]
        count = int.from_bytes(source.read(position, 8), "little")
        if count != wanted.count:
            raise DamagedFileError(f"a storage of {count} numbers where {wanted.count} should be")
        size = count * DTYPES[wanted.dtype]
        places[key] = Storage(source.part(position + 8, size), wanted.dtype, count)
        position += 8 + size
    return places


def _lookup(places: dict[str, Storage], storage: Keyed) -> Storage:
    if storage.key not in places:
        raise DamagedFileError(f"storage {storage.key!r} is not in the file")
    return places[storage.key]


def _storage_named(identity: object) -> Keyed:
    """A persistent id: ('storage', torch.FloatStorage, key, device, count[, None])."""
    match identity:
        case ("storage", Name("torch", str(kind)), str(key), str(), count, *view) if (
            kind in STORAGES and view in ([], [None])
        ):
            return Keyed(STORAGES[kind], key, whole(count, "a storage's size"))
    raise DamagedFileError("a storage whose description nobody knows")


def read_archive(source: Source) -> PickledFile:
    """The zip archive that `torch.save` writes.

    Raises:
        CheckpointError: it is unsafe or damaged.
    """
    members = list_members(source)
    pickle = next((name for name in members if name.endswith("/data.pkl")), None)
    if pickle is None:
        raise DamagedFileError("a zip archive without data.pkl")
    folder = pickle.removesuffix("data.pkl")
    if f"{folder}byteorder" in members:
        order = members[f"{folder}byteorder"].open(source)
        if order.read(0, min(order.size, 8)) != b"little":
            raise DamagedFileError("written on a big-endian machine")

    def find(storage: Keyed) -> Storage:
        name = f"{folder}data/{storage.key}"
        if name not in members:
            raise DamagedFileError(f"storage {storage.key!r} is not in the file")
        return Storage(members[name].open(source), storage.dtype, storage.count)

    root = PickleMachine(members[pickle].open(source), persistent=_storage_named).load()
    return PickledFile(root, source, find)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a zip archive."""

    header: int  # where its local header starts
    size: int
    stored: bool  # neither compressed nor encrypted

    def open(self, archive: Source) -> Source:
        """Its bytes.

        Raises:
            UnsafeFileError: it is compressed, which could make much of little.
            DamagedFileError: it is not where the directory says.
        """
        if not self.stored:
            raise UnsafeFileError("a zip archive with compressed members: torch.save writes none")
        header = archive.read(self.header, 30)
        if header[:4] != ZIP_START:
            raise DamagedFileError("a zip archive whose directory points nowhere")
        name, extra = struct.unpack_from("<HH", header, 26)
        return archive.part(self.header + 30 + name + extra, self.size)


def list_members(source: Source) -> dict[str, Member]:
    """The directory of a zip archive, bounded in size, nothing unpacked.

    Raises:
        UnsafeFileError: it is larger than any model's.
        DamagedFileError: it is not there: mostly because the download was cut off.
    """
    start, size = _directory(source)
    if size > DIRECTORY_BYTES:
        raise UnsafeFileError(f"a zip archive with a directory of {size} bytes: no model's")
    directory = source.read(start, size)
    members, at = {}, 0
    while at + 46 <= size and directory[at : at + 4] == ZIP_ENTRY:
        flags, method = struct.unpack_from("<HH", directory, at + 8)
        packed, unpacked, name, extra, comment = struct.unpack_from("<IIHHH", directory, at + 20)
        (header,) = struct.unpack_from("<I", directory, at + 42)
        more = directory[at + 46 + name : at + 46 + name + extra]
        unpacked, packed, header = _large(more, unpacked, packed, header)
        title = directory[at + 46 : at + 46 + name].decode("utf-8", "replace")
        members[title] = Member(header, unpacked, method == 0 and not flags & 1)
        at += 46 + name + extra + comment
    return members


def _directory(source: Source) -> tuple[int, int]:
    """Start and size of a zip archive's directory, from the records at its end."""
    tail = min(source.size, 22 + 2**16)
    end = source.read(source.size - tail, tail)
    at = end.rfind(ZIP_END)
    if at < 0 or at + 22 > tail:
        raise DamagedFileError("a zip archive that was cut off: its end is missing")
    size, start = struct.unpack_from("<II", end, at + 12)
    if at >= 20 and end[at - 20 : at - 16] == ZIP64_PLACE:
        (place,) = struct.unpack_from("<Q", end, at - 12)
        record = source.read(place, 56)
        if record[:4] != ZIP64_END:
            raise DamagedFileError("a zip archive whose end points nowhere")
        size, start = struct.unpack_from("<QQ", record, 40)
    return start, size


def _large(extra: bytes, *small: int) -> list[int]:
    """Sizes of 4 GiB and more lie in an extra field, in order, for those that are all ones."""
    values, at = list(small), 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            wide = iter(range(at + 4, min(at + 4 + size, len(extra)) - 7, 8))
            for i, value in enumerate(values):
                if value == 2**32 - 1 and (place := next(wide, None)) is not None:
                    (values[i],) = struct.unpack_from("<Q", extra, place)
        at += 4 + size
    return values
