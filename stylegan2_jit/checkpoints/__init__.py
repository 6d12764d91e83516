"""Weights in files: reading and writing, without ever running code from them."""

from .safetensors_file import (
    DEFAULT_MODEL,
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    load_generator,
    save_generator,
)

__all__ = [
    "DEFAULT_MODEL",
    "Checkpoint",
    "CheckpointError",
    "load_checkpoint",
    "load_generator",
    "save_generator",
]
