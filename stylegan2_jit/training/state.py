"""A run on disk: all that going on needs, in one safetensors file, whole or not there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ..checkpoints.safetensors_file import write_tensors
from .folder import DataError

FILE = "state.safetensors"


@dataclass(slots=True)
class Progress:
    """Counters of a run, over all its sittings."""

    steps: int = 0
    pictures: int = 0
    seconds: float = 0.0
    warm: bool = False  # the phase on pairs alone is over
    augmentation: float = 0.0
    path_mean: float = 0.0


def save(
    folder: Path,
    modules: dict[str, nn.Module],
    optimizers: dict[str, torch.optim.Optimizer],
    progress: Progress,
    about: dict[str, object],
) -> None:
    """Write parameters, the optimisers' moments and counters."""
    tensors = {
        f"{name}/{key}": value.detach().cpu().contiguous()
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }
    for name, optimizer in optimizers.items():
        for index, moments in optimizer.state_dict()["state"].items():
            for key, value in moments.items():
                tensors[f"{name}/{index}/{key}"] = value.detach().cpu().contiguous()
    metadata = {"progress": json.dumps(asdict(progress)), "about": json.dumps(about)}
    write_tensors(tensors, folder / FILE, metadata)


def load(
    folder: Path,
    modules: dict[str, nn.Module],
    optimizers: dict[str, torch.optim.Optimizer],
    about: dict[str, object],
) -> Progress | None:
    """Go on from a folder's state, if it has one; None if not.

    Raises:
        DataError: the state is damaged, or of another run (`about` differs).
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise DataError(f"{path}: a damaged state of training ({error})") from error
    before = json.loads(metadata["about"])
    for name, value in about.items():
        if before.get(name) != value:
            raise DataError(f"{path}: began with {name} {before.get(name)!r}, not {value!r}")
    for name, module in modules.items():
        module.load_state_dict(_below(tensors, name))
    for name, optimizer in optimizers.items():
        _restore(optimizer, _below(tensors, name))
    return Progress(**json.loads(metadata["progress"]))


def read_weights(module: nn.Module, path: Path) -> None:
    """Load a module's parameters from a safetensors file of the same names.

    Raises:
        DataError: the file cannot be read, or is another network's.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        module.load_state_dict(tensors)
    except (OSError, SafetensorError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    except RuntimeError as error:
        raise DataError(f"{path}: not the weights of this network: {error}") from error


def _below(tensors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    start = name + "/"
    return {key[len(start) :]: value for key, value in tensors.items() if key.startswith(start)}


def _restore(optimizer: torch.optim.Optimizer, moments: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        index, _, name = key.partition("/")
        state.setdefault(int(index), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
