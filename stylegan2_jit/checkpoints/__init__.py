"""Weights in files: reading and writing, without ever running code from them."""

from .checkpoint import Checkpoint, CheckpointInfo, ModuleName, PrecisionAdvice
from .errors import (
    CheckpointError,
    DamagedFileError,
    LoadCancelledError,
    MismatchError,
    NotACheckpointError,
    OutputError,
    UnreadableFileError,
    UnsafeFileError,
    UnsupportedModelError,
)
from .loading import (
    DEFAULT_MODEL,
    convert_checkpoint,
    inspect_checkpoint,
    load_checkpoint,
    load_generator,
    load_latent,
)
from .safetensors_file import save_generator

__all__ = [
    "DEFAULT_MODEL",
    "Checkpoint",
    "CheckpointError",
    "CheckpointInfo",
    "DamagedFileError",
    "LoadCancelledError",
    "MismatchError",
    "ModuleName",
    "NotACheckpointError",
    "OutputError",
    "PrecisionAdvice",
    "UnreadableFileError",
    "UnsafeFileError",
    "UnsupportedModelError",
    "convert_checkpoint",
    "inspect_checkpoint",
    "load_checkpoint",
    "load_generator",
    "load_latent",
    "save_generator",
]
