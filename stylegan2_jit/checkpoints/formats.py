"""What a file is, by its content: names and suffixes are not looked at."""

from __future__ import annotations

from pathlib import Path

from .checkpoint import ModuleName
from .errors import NotACheckpointError, UnreadableFileError, UnsupportedModelError
from .safetensors_file import read_safetensors
from .stored import StoredModel


def read_model(path: Path, module: ModuleName) -> StoredModel:
    """Find a file's format and read all of it but the tensors.

    Raises:
        CheckpointError: it is no StyleGAN2 generator; see `errors`.
    """
    if path.is_dir():
        raise UnreadableFileError("a folder, not a file")
    with path.open("rb") as file:
        start = file.read(16)
    if start[8:9] == b"{":
        if module != "G_ema":
            raise UnsupportedModelError(f"has no {module}, only G_ema")
        return read_safetensors(path)
    raise NotACheckpointError("not a safetensors file, or a damaged one")
