"""Our own format: safetensors with NVIDIA's parameter names and JSON metadata.

Metadata keys (all strings): `config` (GeneratorConfig as JSON, required), `name`, `drag_preset`
(JSON, fields of the drag settings chosen for this model), `licence`. Loading reads tensors and
JSON; nothing in the file can run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..config import GeneratorConfig
from ..networks import Generator

DEFAULT_MODEL = Path(__file__).parent.parent / "assets" / "creatures-256.safetensors"


class CheckpointError(ValueError):
    """A file that cannot be loaded as a generator: one line with the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A generator with what its file says of it."""

    generator: Generator
    name: str
    drag_preset: Mapping[str, float | int | str]
    path: Path


def load_generator(path: Path | None = None) -> Generator:
    """The generator in a file (None: the default model), float32 on the CPU, prepared.

    Raises:
        CheckpointError: see `load_checkpoint`.
    """
    return load_checkpoint(path).generator


def load_checkpoint(path: Path | None = None) -> Checkpoint:
    """Read a generator and what its file says of it.

    Args:
        path: a safetensors file; None for the default model.

    Raises:
        CheckpointError: the file is missing, is not safetensors, has no or a wrong configuration,
            or its tensors are not those that the configuration asks for.
    """
    path = DEFAULT_MODEL if path is None else path
    try:
        tensors, metadata = _read(path)
        config = GeneratorConfig.from_dict(_json_object(metadata, "config"))
        generator = _build(config, tensors)
        preset = _json_object(metadata, "drag_preset") if "drag_preset" in metadata else {}
    except CheckpointError:
        raise
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: there is no such file") from error
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror or error}") from error
    except SafetensorError as error:
        raise CheckpointError(f"{path}: not a safetensors file, or a damaged one ({error})") from (
            error
        )
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error
    return Checkpoint(generator, metadata.get("name", path.stem), preset, path)


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
    """
    tensors = {k: _halved(v.detach().cpu()) for k, v in generator.state_dict().items()}
    metadata = {
        "name": name,
        "config": json.dumps(generator.config.to_dict()),
        "drag_preset": json.dumps(dict(drag_preset)),
        "licence": licence,
    }
    partial = path.with_name(path.name + ".part")
    try:
        save_file(tensors, partial, metadata=metadata)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _halved(tensor: Tensor) -> Tensor:
    half = tensor.half()
    return (half if half.isfinite().all() else tensor).contiguous()


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    if path.is_dir():
        raise CheckpointError(f"{path}: a folder, not a file")
    with safe_open(path, framework="pt") as file:
        names = file.keys()  # the handle itself cannot be iterated
        return {key: file.get_tensor(key).float() for key in names}, file.metadata() or {}


def _json_object(metadata: Mapping[str, str], key: str) -> dict[str, float | int | str]:
    if key not in metadata:
        raise ValueError(f"its metadata has no {key!r}: not a generator that draglive wrote")
    try:
        value = json.loads(metadata[key])
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its metadata {key!r} is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise ValueError(f"its metadata {key!r} must be a JSON object, not {type(value).__name__}")  # noqa: TRY004
    return value


def _build(config: GeneratorConfig, tensors: Mapping[str, Tensor]) -> Generator:
    with torch.device("meta"):  # no time spent on random weights
        generator = Generator(config)
    expected = generator.state_dict()
    for key, value in expected.items():
        if key not in tensors:
            raise ValueError(f"tensor {key} is missing")
        if tensors[key].shape != value.shape:
            found, wanted = list(tensors[key].shape), list(value.shape)
            raise ValueError(f"tensor {key} is {found}, its configuration asks for {wanted}")
        if not tensors[key].isfinite().all():
            raise ValueError(f"tensor {key} has values that are not finite")
    surplus = sorted(set(tensors) - set(expected))
    if surplus:
        raise ValueError(f"tensor {surplus[0]!r} belongs to no layer of its configuration")
    generator.load_state_dict(dict(tensors), assign=True)
    return generator.prepare(torch.float32)
