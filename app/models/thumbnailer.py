"""The child that makes thumbnails: paths on standard input, for each what went wrong, or "".

    python -m draglive.app.models.thumbnailer FOLDER

It draws the picture of seed 0, near the average (psi 0.7), in float32 on one core at the lowest
priority, and says in FOLDER what the file holds. It ends with its standard input.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import torch

from draglive.kernels import to_rgba
from draglive.stylegan2_jit.checkpoints import (
    Checkpoint,
    CheckpointError,
    inspect_checkpoint,
    load_checkpoint,
)
from draglive.stylegan2_jit.latents import seed_to_ws

from ..session.errors import FileError
from ..session.pictures import Picture, write_png
from .library import ModelFile
from .thumbnails import SIDE_PX, Facts, ThumbnailShelf

SEED, PSI = 0, 0.7
LOWEST_PRIORITY = 19


def make(shelf: ThumbnailShelf, file: ModelFile) -> Facts:
    """Find out what a file holds, draw its thumbnail, and keep both.

    Raises:
        FileError: they cannot be kept.
    """
    try:
        info = inspect_checkpoint(file.path)
        facts = Facts(info.name, info.format, info.width, info.height, info.classes)
        picture = draw(load_checkpoint(file.path))
        write_png(shelf.picture_path(file), picture, make_folder=True)
    except CheckpointError as error:
        facts = Facts(error=str(error).removeprefix(f"{file.path}: "))
    shelf.keep(file, facts)
    return facts


@torch.inference_mode()
def draw(checkpoint: Checkpoint) -> Picture:
    """The thumbnail of a model: uint8 [h, w, 4], the longer side `SIDE_PX`."""
    generator = checkpoint.generator
    class_index = 0 if generator.config.c_dim else None
    ws = seed_to_ws(generator, SEED, PSI, class_index)
    rgba = to_rgba(generator.synthesis(ws)).numpy()
    height, width = rgba.shape[:2]
    scale = SIDE_PX / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(rgba, size, interpolation=how), np.uint8)


def main() -> None:
    """Until standard input ends."""
    if hasattr(os, "nice"):
        os.nice(LOWEST_PRIORITY)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    shelf = ThumbnailShelf(Path(sys.argv[1]))
    for line in sys.stdin:
        error = ""
        try:
            make(shelf, ModelFile.of(Path(json.loads(line))))
        except (OSError, FileError) as reason:
            error = str(reason)
        print(json.dumps(error), flush=True)


if __name__ == "__main__":
    main()
