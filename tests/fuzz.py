"""Files that are spoilt in every way: `python tests/fuzz.py --help`.

Session files, masks, pictures with a recipe and w+ are changed at random and read, with all that
opening them does before a model is asked. Each is taken, or refused by a typed error in one line;
anything else ends the run with the file kept. Prints a line of JSON for each kind.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from draglive.app.engine import types as t
from draglive.app.engine.course import course_of
from draglive.app.engine.history import fold_damaged
from draglive.app.engine.log import Checkpoint, Event, Origin, Resume, SwitchRunner
from draglive.app.engine.masks import PackedMask
from draglive.app.engine.snapshot import SnapshotError, of_latent, pack, unpack
from draglive.app.session import latents, recipe, saving
from draglive.app.session.errors import SessionError
from draglive.app.session.format import Session, encode, encode_header, read_session
from draglive.app.session.pictures import read_mask

SIZE = t.Size(32, 24)
ORIGIN = Origin(
    "small", "small.safetensors", SIZE, 8, 1, 0.7, None, t.DragConfig(),
    "cpu", "a machine", "float32", "eager", 2, "2.13.0",
)  # fmt: skip
PATHS = (
    "../secret", "../../../../etc/passwd", "/etc/passwd", "/dev/zero", "..", ".", "", "/", "a\0b",
    "x" * 5000, "small.safetensors/../../secret", "~/secret", "C:\\secret", "\\\\host\\share\\x",
    "//host/share/x", "file:///etc/passwd", "%2e%2e%2fsecret", "‥/secret",
)  # fmt: skip
NUMBERS = ("-1", "9223372036854775808", "1e308", "1e999", "NaN", "null", "[]", "{}", '""', "0.5")
MASK = np.linspace(0, 1, SIZE.height * SIZE.width, dtype=np.float32).reshape(SIZE[::-1])


def spoil(content: bytes, rng: random.Random) -> bytes:
    """The same with a few random changes."""
    changed = bytearray(content)
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(len(changed)) if changed else 0
        match rng.randrange(6):
            case 0:
                changed[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                del changed[place : place + rng.randrange(1, 200)]
            case 2:
                changed[place:place] = rng.randbytes(rng.randrange(1, 40))
            case 3:
                other = rng.randrange(len(changed) + 1)
                changed[place:place] = changed[other : other + rng.randrange(1, 300)]
            case 4:
                changed[place : place + 4] = rng.choice(
                    [b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"]
                )
            case _:
                changed[place : place + 1] = rng.choice(NUMBERS).encode()
    return bytes(changed[: rng.randrange(len(changed) + 1)] if rng.random() < 0.1 else changed)


def a_snapshot() -> bytes:
    return pack(of_latent(torch.linspace(-1, 1, 8 * 16).reshape(1, 8, 16)))


def a_session(rng: random.Random) -> tuple[str, bytes]:
    """A session whose lines are whole, and what they hold is not always: checksums fit."""
    mask, tensors, path = PackedMask.of(MASK), a_snapshot(), ORIGIN.path
    match rng.randrange(5):
        case 0:
            mask = PackedMask(mask.size, spoil(mask.content, rng))
        case 1:
            mask = PackedMask(mask.size, zlib.compress(spoil(MASK.tobytes(), rng)))
        case 2:
            tensors = spoil(tensors, rng)
        case 3:
            path = rng.choice(PATHS)
        case _:
            pass
    point = t.DragPoint(1, t.Point(1, 2.5), t.Point(3, 4))
    told = [
        t.AddPoint(point), t.SetMask(mask), t.MoveTarget(1, t.Point(5, 6)), t.EndGesture(),
        t.SetTruncation(0.5), SwitchRunner("fused"), t.AddPoint(replace(point, id=2)), t.Undo(),
        Resume(0.5), t.SetSeed(7), t.SetMask(None), t.GoTo(1), t.RemovePoint(1), t.Redo(),
    ]  # fmt: skip
    records = [Event(2 * n, n / 3, command, n % 2 == 0, -1) for n, command in enumerate(told)]
    lines = [encode(record) for record in records]
    lines.insert(6, encode(Checkpoint(2, 11, 1.9, True, tensors)))
    if rng.random() < 0.2:
        rng.shuffle(lines)
    return "a.draglive", encode_header(replace(ORIGIN, path=path)) + b"".join(lines)


def read_as_session(path: Path) -> None:
    """Read it, and do what an opening does with it before it has a model."""
    session = read_session(path)
    edit = session.edit
    fold_damaged(edit.start, [r for r in edit.records if isinstance(r, Event)])
    course_of(edit)
    for record in edit.records:
        if isinstance(record, Checkpoint):
            read_as_snapshot(record.content)
    require_inside(session, path)


def require_inside(session: Session, path: Path) -> None:
    """Whatever a file says, its model is beside it or the default one."""
    outside = path.parent.parent / "secret"
    outside.touch()
    for name in ("small.safetensors", "secret\\x"):
        (path.parent / name).touch()
    model = saving.find_model(session, path)
    if model != saving.DEFAULT_MODEL and model.resolve().parent != path.parent.resolve():
        raise AssertionError(f"{model} is outside of the session's folder")


def read_as_snapshot(content: bytes) -> None:
    with contextlib.suppress(SnapshotError):  # a state is lost, not the session
        unpack(content, 8, 16)


def read_as_recipe(path: Path) -> None:
    session = recipe.read_recipe(path)
    for record in session.edit.records:
        assert isinstance(record, Checkpoint)
        read_as_snapshot(record.content)
    require_inside(session, path)


def a_picture(rng: random.Random) -> tuple[str, bytes]:
    """A picture whose recipe is not always whole."""
    suffix = rng.choice([*recipe.SUFFIXES])
    path = rng.choice(PATHS) if rng.random() < 0.2 else ORIGIN.path
    whole = recipe.recipe_of(replace(ORIGIN, path=path), "", a_snapshot())
    match rng.randrange(4):
        case 0:
            whole.tensors = spoil(whole.tensors.encode(), rng).decode("latin-1")
        case 1:
            whole.version = rng.choice([0, 2, -1, 2**63 - 1])
        case 2:
            whole.origin = replace(
                whole.origin,
                size=t.Size(rng.choice([0, -1, 2**40]), 5),
                seed=rng.choice([-1, 2**40]),
            )
        case _:
            pass
    black = np.zeros((8, 8, 4), np.uint8)
    return f"a{suffix}", recipe.encode_picture(recipe.SUFFIXES[suffix], black, whole)


def a_mask(rng: random.Random) -> tuple[str, bytes]:
    picture = (MASK * 255).astype(np.uint8)
    match rng.randrange(4):
        case 0:
            return "a.jpg", cv2.imencode(".jpg", picture)[1].tobytes()
        case 1:
            return "a.png", cv2.imencode(".png", np.dstack([picture] * 4))[1].tobytes()
        case 2:
            claims = [(2**31 - 1, 2**31 - 1), (40_000, 30_000), (9_000, 9_000), (0, 5)]
            return "a.png", a_png_that_claims(rng.choice(claims))
        case _:
            return "a.png", cv2.imencode(".png", picture)[1].tobytes()


def a_png_that_claims(size: tuple[int, int]) -> bytes:
    """A PNG file of a few bytes and, if you ask it, so many pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + rows + chunk(b"IEND", b"")


def a_latent(rng: random.Random) -> tuple[str, bytes]:
    ws = torch.linspace(-1, 1, 8 * 16).reshape(1, 8, 16)
    if rng.random() < 0.1:
        return "a.npz", a_claiming_npz(rng)
    suffix = rng.choice(latents.SUFFIXES)
    return f"a{suffix}", latents.encode_latent(suffix, ws)


def a_claiming_npz(rng: random.Random) -> bytes:
    """An array of nothing, or of much more than there is: so many numbers, or a zip bomb."""
    claim, file = rng.choice(["0,", "1, 10**9, 10", "1, 8, 2**70", "(" * 90]), io.BytesIO()
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({claim}), }}".encode().ljust(117)
    rows = bytes(rng.choice([0, 512, 1 << 25]))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(
            "w.npy", b"\x93NUMPY\x01\0" + struct.pack("<H", 118) + header + b"\n" + rows
        )
    return file.getvalue()


@dataclass(frozen=True)
class Kind:
    """What is spoilt, by its name and content, and what reads it."""

    make: Callable[[random.Random], tuple[str, bytes]]
    read: Callable[[Path], object]


KINDS = {
    "sessions": Kind(a_session, read_as_session),
    "masks": Kind(a_mask, lambda path: read_mask(path, SIZE)),
    "pictures": Kind(a_picture, read_as_recipe),
    "latents": Kind(a_latent, latents.read_latent),
}


@dataclass
class Fuzzed:
    """How so many files of one kind fared."""

    files: int = 0
    taken: int = 0
    refused: int = 0
    longest_s: float = 0.0
    errors: set[str] = field(default_factory=set)


def fuzz(kind: Kind, times: int, seed: int, folder: Path) -> Fuzzed:
    """Spoil and read so many files.

    Raises:
        Exception: whatever was neither taking nor refusing; the file is still in the folder.
    """
    found = Fuzzed()
    folder = folder / "beside"  # what lies above it is none of a session's business
    folder.mkdir()
    for number in range(times):
        rng = random.Random(f"{seed} {number}")
        name, content = kind.make(rng)
        path = folder / name
        path.write_bytes(spoil(content, rng) if rng.random() < 0.8 else content)
        start_s = time.process_time()
        try:
            kind.read(path)
            found.taken += 1
        except SessionError as error:
            if "\n" in str(error):
                raise AssertionError(f"more than a line: {error!r}") from error
            found.refused += 1
            found.errors.add(type(error).__name__)
        found.files += 1
        found.longest_s = max(found.longest_s, time.process_time() - start_s)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50_000, help="files of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=KINDS)
    given = parser.parse_args()
    saving.DEFAULT_MODEL = Path(tempfile.mkdtemp()) / "default.safetensors"  # hashed each time
    saving.DEFAULT_MODEL.write_bytes(b"a model")
    for name, kind in KINDS.items():
        if given.only in (None, name):
            folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
            found = asdict(fuzz(kind, given.times, given.seed, folder))
            report = {**found, "errors": sorted(found["errors"]), "folder": str(folder)}
            print(json.dumps({name: report}), flush=True)


if __name__ == "__main__":
    main()
