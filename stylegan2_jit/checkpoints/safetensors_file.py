"""Our own format: safetensors with NVIDIA's parameter names and JSON metadata.

Metadata keys (all strings): `config` (GeneratorConfig as JSON, required), `name`, `drag_preset`
(JSON, fields of the drag settings chosen for this model), `licence`, `trained_in_half` (JSON).
Loading reads tensors and JSON; nothing in the file can run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..config import ConfigError, GeneratorConfig
from ..networks import Generator
from .errors import DamagedFileError, MismatchError, NotACheckpointError
from .stored import StoredModel, StoredTensor

HIGHEST_HEADER = 2**22  # a generator's is 20 kB


def read_safetensors(path: Path) -> StoredModel:
    """Read the header of a file that draglive wrote.

    Raises:
        DamagedFileError, NotACheckpointError: it is cut off, or not one of ours.
        MismatchError: its configuration is no generator's.
    """
    _check_header_length(path)
    try:
        file: Any = safe_open(path, framework="pt")  # the library's types say nothing
        shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
        metadata = file.metadata() or {}
    except SafetensorError as error:
        raise DamagedFileError(f"a damaged safetensors file ({error})") from error
    try:
        config = GeneratorConfig.from_dict(_json_object(metadata, "config"))
    except ConfigError as error:
        raise MismatchError(str(error)) from error
    return StoredModel(
        format="safetensors (draglive)",
        config=config,
        tensors={key: StoredTensor(shape, _reader(file, key)) for key, shape in shapes.items()},
        modules=("G_ema",),
        trained_in_half={"true": True, "false": False}.get(metadata.get("trained_in_half", "")),
        name=metadata.get("name"),
        licence=metadata.get("licence"),
        drag_preset=_json_object(metadata, "drag_preset") if "drag_preset" in metadata else {},
    )


def _check_header_length(path: Path) -> None:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    size = path.stat().st_size
    if size < 8 + length:
        raise DamagedFileError(
            f"a safetensors file that was cut off: {size} bytes, its header alone asks for more"
        )
    if length > HIGHEST_HEADER:
        raise DamagedFileError(
            f"a safetensors file with a header of {length} bytes: no generator's"
        )


def _reader(file: Any, key: str) -> Callable[[], Tensor]:  # noqa: ANN401
    def read() -> Tensor:
        try:
            stored = file.get_tensor(key)
        except SafetensorError as error:
            raise DamagedFileError(f"tensor {key} cannot be read ({error})") from error
        # a copy always: the library's tensors lie in the mapped file, which others may cut off
        return torch.empty(stored.shape).copy_(stored)

    return read


def _json_object(metadata: Mapping[str, str], key: str) -> dict[str, float | int | str]:
    if key not in metadata:
        raise NotACheckpointError(
            f"a safetensors file whose metadata has no {key!r}: not a generator that draglive "
            "wrote; `draglive convert` writes them from the checkpoints of other tools"
        )
    try:
        value = json.loads(metadata[key])
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"its metadata {key!r} is not JSON ({error})") from error
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise DamagedFileError(f"its metadata {key!r} must be a JSON object, not {kind}")
    return value


def save_generator(
    generator: Generator, path: Path, *, name: str, drag_preset: Mapping[str, object], licence: str
) -> None:
    """Write a generator in half precision, to a temporary name first.

    Args:
        generator: its state_dict is written as float16, or float32 where that overflows.
        path: of the file; replaced if it exists.
        name: shown to people.
        drag_preset: drag settings for this model.
        licence: of the weights.

    Raises:
        OSError: the file cannot be written; an old one is still there then.
    """
    metadata = {"name": name, "drag_preset": json.dumps(dict(drag_preset)), "licence": licence}
    write_safetensors(generator, path, metadata, half=True)


def write_safetensors(
    generator: Generator, path: Path, metadata: Mapping[str, str], *, half: bool
) -> None:
    """Write a generator to a temporary name, then rename: the file is whole or not there.

    Args:
        generator: its state_dict is written, float32 bit for bit unless `half`.
        path: of the file; replaced if it exists.
        metadata: beside the configuration.
        half: float16, or float32 where that overflows.

    Raises:
        OSError: the file cannot be written; an old one is still there then.
    """
    stored = {key: value.detach().cpu() for key, value in generator.state_dict().items()}
    tensors = {k: (_halved(v) if half else v.float().contiguous()) for k, v in stored.items()}
    config = json.dumps(generator.config.to_dict())
    write_tensors(tensors, path, {**metadata, "config": config})


def write_tensors(tensors: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str]) -> None:
    """Write tensors to a temporary name, then rename: the file is whole or not there.

    Args:
        tensors: contiguous, on the host.
        path: of the file; replaced if it exists.
        metadata: beside them.

    Raises:
        OSError: the file cannot be written; an old one is still there then.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        save_file(dict(tensors), partial, metadata=dict(metadata))
        partial.replace(path)
    except SafetensorError as error:  # the library's name for a full disk
        raise OSError(str(error)) from error
    finally:
        partial.unlink(missing_ok=True)


def _halved(tensor: Tensor) -> Tensor:
    half = tensor.half()
    return (half if half.isfinite().all() else tensor).contiguous()
