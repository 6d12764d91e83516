"""A model in the words of `types.ModelInfo`."""

from __future__ import annotations

from draglive.stylegan2_jit.checkpoints import Checkpoint

from . import types as t


def describe(checkpoint: Checkpoint) -> t.ModelInfo:
    """What the window and reports show of a model.

    Raises:
        ValueError: its drag preset is not usable.
    """
    config = checkpoint.generator.config
    size = t.Size(config.img_width, config.img_resolution)
    return t.ModelInfo(
        name=checkpoint.name,
        path=checkpoint.path,
        size=size,
        num_ws=config.num_ws,
        classes=config.c_dim,
        feature_resolutions=config.block_resolutions,
        defaults=t.DragConfig.for_model(size, checkpoint.drag_preset),
    )
