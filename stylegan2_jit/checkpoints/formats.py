"""What a file is, by its content: names and suffixes are not looked at."""

from __future__ import annotations

import contextlib
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from . import nvidia, rosinality, tensorflow
from .checkpoint import ModuleName
from .errors import (
    NotACheckpointError,
    UnreadableFileError,
    UnsupportedModelError,
    printable,
)
from .safetensors_file import read_safetensors
from .source import Source, read_tensor
from .stored import StoredModel
from .torch_file import (
    MAGIC,
    ZIP_START,
    PickledFile,
    list_members,
    read_archive,
    read_pickle,
    read_stream,
)
from .values import TensorRef

WHAT_WORKS = (
    "StyleGAN2 checkpoints of NVIDIA (pickle), rosinality, e4e and PTI (torch) and draglive "
    "(safetensors) do"
)

# what files begin with, and what they are then
BEGINNINGS: list[tuple[bytes, str]] = [
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"BZh", "a bzip2 archive: unpack it first"),
    (b"\xfd7zXZ", "an xz archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive: unpack it first"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"RIFF", "a WebP picture or a sound"),
    (b"%PDF", "a PDF document"),
    (b"\x89HDF", "an HDF5 file (Keras)"),
    (b"\x93NUMPY", "a numpy array"),
    (b"GGUF", "a GGUF language model"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
]


@contextlib.contextmanager
def open_model(path: Path, module: ModuleName) -> Iterator[StoredModel]:
    """Find a file's format and read all of it but the tensors, which can be read inside.

    Raises:
        CheckpointError: it is no StyleGAN2 generator; see `errors`.
    """
    with _open(path) as source:
        start = source.read(0, min(source.size, 1024))
        if _is_safetensors(start):
            yield _ours(path, module)
        else:
            file, container = _unpickled(source, start)
            yield _generator(file, container, module)


def read_latent(path: Path) -> Tensor:
    """A latent saved by torch, such as PTI's pivots.

    Returns:
        float32, its last two axes [num_ws, w_dim].

    Raises:
        CheckpointError: the file holds something else.
    """
    with _open(path) as source:
        file, _ = _unpickled(source, source.read(0, min(source.size, 1024)))
        if not isinstance(file.root, TensorRef) or not _is_latent(file.root):
            raise UnsupportedModelError("no latent: a tensor [1, ws, w_dim] is one")
        return read_tensor(*file.locate(file.root))


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Source]:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise UnreadableFileError("a folder, not a file")
    if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
        raise UnreadableFileError("no regular file")
    with path.open("rb") as file:
        source = Source.of(file)
        if source.size == 0:
            raise NotACheckpointError("an empty file: a download that never began")
        yield source


def _is_safetensors(start: bytes) -> bool:
    """A header's length and its brace; the length's first byte may be a pickle's 0x80."""
    return start[8:9] == b"{" and start[5:8] == b"\0\0\0"


def _ours(path: Path, module: ModuleName) -> StoredModel:
    if module != "G_ema":
        raise UnsupportedModelError(f"has no {module}, only G_ema: ask for that one")
    return read_safetensors(path)


def _unpickled(source: Source, start: bytes) -> tuple[PickledFile, str]:
    """A file's value and the name of its container."""
    if start.startswith(ZIP_START):
        _refuse_other_archives(source)
        return read_archive(source), "torch file"
    if start.startswith(MAGIC):
        return read_stream(source), "torch file of before 2020"
    if start[:1] == b"\x80" and start[1:2] in b"\2\3\4\5":
        return read_pickle(source), "pickle"
    raise NotACheckpointError(f"{_other_file(start, source)}; {WHAT_WORKS}")


def _refuse_other_archives(source: Source) -> None:
    names = list_members(source)
    if any(name.endswith(("/constants.pkl", "/bytecode.pkl")) for name in names):
        raise NotACheckpointError(
            f"a TorchScript archive, a program rather than weights; {WHAT_WORKS}"
        )
    if not any(name.endswith("/data.pkl") for name in names):
        held = ", ".join(printable(name, 40) for name in list(names)[:3]) or "nothing"
        raise NotACheckpointError(f"a zip archive that holds {held}: unpack it first; {WHAT_WORKS}")


def _other_file(start: bytes, source: Source) -> str:
    for beginning, what in BEGINNINGS:
        if start.startswith(beginning):
            return what
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head")):
        return "a web page, not the file that was to be downloaded: its address led elsewhere"
    if start.startswith(b"version https://git-lfs"):
        size = re.search(rb"size (\d{1,20})", start)
        real = f" of {int(size[1]):,} bytes" if size else ""
        return f"a Git LFS pointer, not the file{real} itself: `git lfs pull` fetches that"
    if re.match(rb"\x08[\x01-\x14](\x12|\x1a|\x2a|\x3a|\x42)", start):
        return "an ONNX model"
    if start[4:8] == b"TFL3":
        return "a TensorFlow Lite model"
    if start[257:262] == b"ustar":
        return "a tar archive: unpack it first"
    if not any(start):
        return "a file of zeros: a download that was given its size but not its content"
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in start):
        return f"a text ({printable(start[:40].decode('ascii'), 40)!r})"
    return f"nothing known (it begins with {start[:8].hex(' ')})"


def _is_latent(tensor: TensorRef) -> bool:
    shape = tensor.shape
    return len(shape) in (2, 3) and 1 <= shape[-2] <= 18 and 1 <= shape[-1] <= 4096


def _generator(file: PickledFile, container: str, module: ModuleName) -> StoredModel:
    root = file.root
    if networks := nvidia.find_networks(root):
        return nvidia.read_networks(file, networks, module, f"{container} (NVIDIA)")
    if tensorflow.is_networks(root):
        return tensorflow.read_networks(file.source, root, module)
    if states := rosinality.find_states(root):
        return rosinality.read_states(file, states, module)
    raise UnsupportedModelError(f"{_described(root)}; {WHAT_WORKS}")


def _described(root: object) -> str:
    """What else a readable pickle holds."""
    match root:
        case TensorRef() if _is_latent(root):
            return f"a latent {list(root.shape)}, a place in w+ and no generator"
        case TensorRef():
            return f"a single tensor {list(root.shape)}"
        case dict():
            keys = ", ".join(printable(repr(key), 30) for key in list(root)[:4])
            only = "d" in root and not {"g", "g_ema"} & set(root)
            what = "holds only a discriminator" if only else "holds no generator"
            return f"{what} (its keys: {keys or 'none'})"
    return f"holds no generator but a {type(root).__name__}"
