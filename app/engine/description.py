"""A model in the words of `types.ModelInfo`, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from draglive.stylegan2_jit.checkpoints import Checkpoint
from draglive.stylegan2_jit.latents import class_vector

from . import types as t
from .device import Device
from .edit import EditError, EditState
from .log import Origin


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
        w_dim=config.w_dim,
    )


def origin_of(model: t.ModelInfo, state: EditState, device: Device, backend: str) -> Origin:
    """Where an edit begins that is in this state, and on what."""
    return Origin(
        model=model.name,
        path=str(model.path),
        size=model.size,
        num_ws=model.num_ws,
        seed=state.seed,
        psi=state.psi,
        class_index=state.class_index,
        config=state.config,
        device=device.on.type,
        hardware=device.name,
        dtype=device.dtype_name,
        backend=backend,
        threads=torch.get_num_threads(),
        torch=str(torch.__version__),
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


def personal(model: t.ModelInfo, settings: Mapping[str, float | int | str]) -> t.DragConfig:
    """A person's own settings of a drag; the model's, where theirs are not for this model.

    Args:
        model: to be dragged.
        settings: field of `DragConfig` → value; the model's own for all others.
    """
    try:
        config = replace(model.defaults, **settings)  # type: ignore[arg-type]
        check_config(model, config)
    except (TypeError, ValueError):  # of an earlier model of that name
        return model.defaults
    return config


def check_class(model: t.ModelInfo, index: int | None) -> None:
    """Refuse a class that this model does not have.

    Raises:
        EditError: the rule and the index.
    """
    try:
        class_vector(index, model.classes)
    except ValueError as error:
        raise EditError(str(error)) from error


def check_blend(model: t.ModelInfo, command: t.Command) -> None:
    """Refuse layers and directions that this model does not have.

    Raises:
        EditError: the rule and the value.
    """
    if isinstance(command, t.SetMix) and command.mix and command.mix.last_layer >= model.num_ws:
        last = model.num_ws - 1
        raise EditError(f"last_layer must be at most {last}, not {command.mix.last_layer}")
    if isinstance(command, t.AddDirection):
        direction = command.direction
        width = len(direction.content) // 4 // max(direction.rows, 1)
        if (direction.rows, width) != (model.num_ws, model.w_dim):
            raise EditError(
                f"slider {direction.name!r} is of {direction.rows} x {width} numbers, "
                f"{model.name} has {model.num_ws} x {model.w_dim}"
            )
