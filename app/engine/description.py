"""A model in the words of `types.ModelInfo`, and what can be asked of it."""

from __future__ import annotations

from draglive.stylegan2_jit.checkpoints import Checkpoint
from draglive.stylegan2_jit.latents import class_vector

from . import types as t
from .edit import EditError


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


def check_config(model: t.ModelInfo, config: t.DragConfig) -> None:
    """Refuse settings that this model cannot be dragged by.

    Raises:
        EditError: a feature block or a layer that it does not have.
    """
    resolutions = model.feature_resolutions
    if config.feature_resolution not in resolutions:
        known = ", ".join(map(str, resolutions))
        raise EditError(
            f"feature_resolution must be one of {known}, not {config.feature_resolution}"
        )
    if config.last_layer >= model.num_ws:
        last = model.num_ws - 1
        raise EditError(f"last_layer must be at most {last}, not {config.last_layer}")


def check_class(model: t.ModelInfo, index: int | None) -> None:
    """Refuse a class that this model does not have.

    Raises:
        EditError: the rule and the index.
    """
    try:
        class_vector(index, model.classes)
    except ValueError as error:
        raise EditError(str(error)) from error
