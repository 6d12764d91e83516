"""From a path to a generator, to facts about it, or to a file of our own.

Knows no formats: `formats.open_model` finds out what a file is.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch
from torch import Tensor

from ..layers import binomial_filter
from ..networks import Generator
from .checkpoint import Cancelled, Checkpoint, CheckpointInfo, ModuleName, Progress
from .errors import (
    DamagedFileError,
    LoadCancelledError,
    MismatchError,
    OutputError,
    UnsupportedModelError,
    told_of,
)
from .formats import open_model, read_latent
from .precision import advice_for
from .safetensors_file import write_safetensors
from .stored import StoredModel

DEFAULT_MODEL = Path(__file__).parent.parent / "assets" / "creatures-256.safetensors"
HASHED_AT_ONCE = 2**22  # bytes


def load_generator(path: Path | None = None) -> Generator:
    """The generator in a file (None: the default model), float32 on the CPU, prepared.

    Raises:
        CheckpointError: see `load_checkpoint`.
    """
    return load_checkpoint(path).generator


def load_checkpoint(
    path: Path | None = None,
    *,
    module: ModuleName = "G_ema",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Checkpoint:
    """Read a generator and what its file says of it; no code of the file runs.

    Args:
        path: a checkpoint of any known format, found by content; None for the default model.
        module: which of the file's generators; others are not decoded.
        progress: told the share that is done, in this thread.
        cancelled: asked between tensors.

    Returns:
        The generator in float32 on the CPU, prepared.

    Raises:
        CheckpointError: see `errors`; one line with the file's name.
    """
    path = DEFAULT_MODEL if path is None else path
    with told_of(path):
        with open_model(path, module) as stored:
            generator = _build(stored, path.stat().st_size, progress, cancelled)
        return Checkpoint(
            generator=generator,
            name=stored.name or path.stem,
            drag_preset=stored.drag_preset,
            path=path,
            format=stored.format,
            precision=advice_for(generator, stored.trained_in_half),
        )


def inspect_checkpoint(
    path: Path,
    *,
    module: ModuleName = "G_ema",
    sha256: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> CheckpointInfo:
    """Facts about the generator in a file, without reading its weights.

    Args:
        path: a checkpoint of any known format.
        module: which of the file's generators.
        sha256: hash the file too, which reads all of it.
        progress: told the share that is hashed.
        cancelled: asked while hashing.

    Raises:
        CheckpointError: as `load_checkpoint`, but for values of tensors, which are not looked at.
    """
    with told_of(path):
        with open_model(path, module) as stored:
            pass  # the tensors' shapes are enough
        expected = _meta_generator(stored)
        _check_shapes(stored, expected, path.stat().st_size)
        return CheckpointInfo(
            path=path,
            format=stored.format,
            name=stored.name or path.stem,
            config=stored.config,
            modules=stored.modules,
            parameters=sum(p.numel() for p in expected.parameters()),
            precision=advice_for(expected, stored.trained_in_half),
            size_bytes=path.stat().st_size,
            licence=stored.licence,
            sha256=_hash(path, progress, cancelled) if sha256 else None,
        )


def convert_checkpoint(  # noqa: PLR0913  two files and how; all else by keyword
    path: Path,
    out: Path,
    *,
    module: ModuleName = "G_ema",
    half: bool = False,
    force: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> CheckpointInfo:
    """Write the generator of any known file as our safetensors, float32 bit for bit.

    Args:
        path: of the file to read.
        out: of the file to write, whole or not at all.
        module: which of the file's generators.
        half: write float16, or float32 where that overflows.
        force: replace `out` if it exists.
        progress: told the share that is read.
        cancelled: asked between tensors.

    Returns:
        What the new file holds.

    Raises:
        CheckpointError: as `load_checkpoint`; `OutputError` if `out` exists or cannot be written.
    """
    _refuse_to_replace(out, force)
    with told_of(path), open_model(path, module) as stored:
        generator = _build(stored, path.stat().st_size, progress, cancelled)
    metadata = {
        "name": stored.name or path.stem,
        "drag_preset": json.dumps(dict(stored.drag_preset)),
        "trained_in_half": json.dumps(stored.trained_in_half),
        **({"licence": stored.licence} if stored.licence else {}),
    }
    _refuse_to_replace(out, force)  # it may have come while we read
    try:
        write_safetensors(generator, out, metadata, half=half)
    except OSError as error:
        raise OutputError(f"{out}: {error.strerror or error}") from error
    return inspect_checkpoint(out)


def _refuse_to_replace(out: Path, force: bool) -> None:
    if out.is_dir():
        raise OutputError(f"{out}: a folder, not a file to write")
    if out.exists() and not force:
        raise OutputError(f"{out}: exists already; it is replaced only with --force")


def _hash(path: Path, progress: Progress | None, cancelled: Cancelled | None) -> str:
    size = max(path.stat().st_size, 1)
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(HASHED_AT_ONCE):
            digest.update(piece)
            done += len(piece)
            _report(progress, cancelled, done / size)
    return digest.hexdigest()


def _report(progress: Progress | None, cancelled: Cancelled | None, share: float) -> None:
    if cancelled is not None and cancelled():
        raise LoadCancelledError("cancelled")
    if progress is not None:
        progress(min(share, 1.0))


def _meta_generator(stored: StoredModel) -> Generator:
    with torch.device("meta"):  # no time spent on random weights
        return Generator(stored.config)


def _check_shapes(stored: StoredModel, expected: Generator, size_bytes: int) -> None:
    """Every tensor of the configuration's network is there, of its shape, and no other."""
    total = sum(tensor.numel for tensor in stored.tensors.values())
    if total > size_bytes:  # all of them name the same numbers
        raise DamagedFileError(f"its tensors have {total} values, more than it has bytes")
    wanted = expected.state_dict()
    for key, value in wanted.items():
        if key not in stored.tensors:
            raise MismatchError(f"tensor {key} is missing")
        found = stored.tensors[key].shape
        if found != tuple(value.shape):
            raise MismatchError(
                f"tensor {key} is {list(found)}, its configuration asks for {list(value.shape)}"
            )
    surplus = sorted(set(stored.tensors) - set(wanted))
    if surplus:
        raise MismatchError(f"tensor {surplus[0]!r} belongs to no layer of its configuration")


def _build(
    stored: StoredModel, size_bytes: int, progress: Progress | None, cancelled: Cancelled | None
) -> Generator:
    generator = _meta_generator(stored)
    _check_shapes(stored, generator, size_bytes)
    total = sum(tensor.numel for tensor in stored.tensors.values())
    values: dict[str, Tensor] = {}
    done = 0
    for key, tensor in stored.tensors.items():
        _report(progress, cancelled, done / total)
        values[key] = tensor.read()
        if not values[key].isfinite().all():
            raise DamagedFileError(f"tensor {key} has values that are not finite")
        if key.endswith("resample_filter") and not values[key].allclose(binomial_filter()):
            raise UnsupportedModelError("resamples with another filter than [1, 3, 3, 1]")
        done += tensor.numel
    generator.load_state_dict(values, assign=True)
    generator.prepare(torch.float32)
    _report(progress, cancelled, 1.0)
    return generator


def load_latent(path: Path) -> Tensor:
    """A latent in w+ from a torch file, such as PTI's pivots.

    Returns:
        float32 [1, num_ws, w_dim].

    Raises:
        CheckpointError: the file holds something else; see `errors`.
    """
    with told_of(path):
        values = read_latent(path)
        if not values.isfinite().all():
            raise DamagedFileError("has values that are not finite")
        return values.reshape(1, *values.shape[-2:])
