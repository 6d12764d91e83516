"""w+ in files: safetensors, and NVIDIA's `.npz` and `.pt`; none of them runs anything.

The array is called `w`, float32 [1, num_ws, w_dim], as NVIDIA's projector names it.
"""

from __future__ import annotations

import io
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from draglive.stylegan2_jit.checkpoints.source import Source, read_tensor
from draglive.stylegan2_jit.checkpoints.torch_file import read_archive
from draglive.stylegan2_jit.checkpoints.values import TensorRef

from .errors import FileError, LatentError
from .files import write_bytes

SUFFIXES: Final = (".safetensors", ".npz", ".pt")
MOST_BYTES: Final = 1 << 24
ZIP: Final = b"PK\x03\x04"


def write_latent(path: Path, ws: Tensor) -> None:
    """Write a w+ in one step, in the format that the name says.

    Args:
        path: ends in `.safetensors`, `.npz` or `.pt`.
        ws: float32 [1, num_ws, w_dim].

    Raises:
        FileError: another suffix, or as `write_bytes`.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise FileError(f"{path}: a latent's name must end in {known}, not {suffix!r}")
    write_bytes(path, encode_latent(suffix, ws))


def encode_latent(suffix: str, ws: Tensor) -> bytes:
    """A file of a w+, float32 [1, num_ws, w_dim]; the suffix is one of `SUFFIXES`."""
    ws, content = ws.detach().cpu().contiguous(), io.BytesIO()
    match suffix:
        case ".safetensors":
            content.write(save({"w": ws}))
        case ".npz":
            np.savez(content, w=ws.numpy())
        case ".pt":
            torch.save({"w": ws}, content)
    return content.getvalue()


def read_latent(path: Path) -> Tensor:
    """The w+ in a file: float32 [1, num_ws, w_dim], finite.

    A [num_ws, w_dim] array, and `ws` for its name, are taken as well.

    Raises:
        LatentError: missing, unreadable, or not such an array.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise LatentError(f"{path}: larger than any w+")
        ws = _read(path)
    except OSError as error:
        raise LatentError(f"{path}: cannot be read: {error.strerror or error}") from error
    except _UNREADABLE as error:
        reason = " ".join(str(error).split())[:120]
        raise LatentError(f"{path}: not a latent that can be read: {reason}") from error
    if ws.ndim == 2:
        ws = ws[None]
    if ws.ndim != 3 or ws.shape[0] != 1 or not ws.is_floating_point() or not ws.numel():
        raise LatentError(f"{path}: w must be float [1, num_ws, w_dim], not {list(ws.shape)}")
    ws = ws.float()
    if not bool(ws.isfinite().all()):
        raise LatentError(f"{path}: its numbers are not finite")
    return ws


_UNREADABLE = (  # CheckpointError is a ValueError
    SafetensorError,
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,  # numpy's word for a damaged header
    tokenize.TokenError,
    ValueError,
    LookupError,
    TypeError,
    RuntimeError,
    EOFError,
    MemoryError,
)


def _read(path: Path) -> Tensor:
    content = path.read_bytes()
    match path.suffix.lower():
        case ".safetensors":
            found: object = load(content)
        case ".npz":
            found = _read_npz(content)
        case ".pt":
            found = _read_pt(content)
        case suffix:
            raise ValueError(f"its name must end in {', '.join(SUFFIXES)}, not {suffix!r}")
    if isinstance(found, dict):
        found = found.get("w", found.get("ws"))
    if not isinstance(found, Tensor):
        raise ValueError("it has no array named w")  # noqa: TRY004
    return found


def _read_npz(content: bytes) -> dict[str, Tensor]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
            raise ValueError("larger than any w+ once it is unpacked")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in ("w", "ws") if name in arrays}


def _read_pt(content: bytes) -> object:
    """By the project's own machine for pickles, which runs nothing (docs/adr/0007)."""
    if not content.startswith(ZIP):
        raise ValueError("not a file that torch 1.6 or newer saved")
    file = read_archive(Source.of(io.BytesIO(content)))
    named = file.root if isinstance(file.root, dict) else {"w": file.root}
    return {
        name: read_tensor(*file.locate(tensor))
        for name, tensor in named.items()
        if name in ("w", "ws") and isinstance(tensor, TensorRef)
    }
