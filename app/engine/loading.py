"""From a model file to an editor that is ready to draw: what loads, how, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from draglive.stylegan2_jit.checkpoints import PrecisionAdvice, load_checkpoint
from draglive.stylegan2_jit.latents import seed_to_ws

from .backends import BackendChoice, RunnerChooser
from .description import personal
from .device import Device, open_device
from .editor import Editor
from .log import SavedEdit
from .opening import Tell


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to start an engine.

    Attributes:
        model: checkpoint; None for the default model.
        device: see `device.open_device`.
        dtype: see `device.open_device`.
        backend: 'auto', or one by name.
        seed: of the first picture.
        psi: truncation psi of the first picture.
        class_index: of a conditional model.
        edit: go on with it instead, where it ended.
        settings: the person's own, in place of the models' defaults: model → field → value.
        frames_per_second: how often frames are due; steps fill the time between.
        spare_core: leave one of the CPU's cores to a window: it may have to be drawn by the CPU.
        background: with 'auto', find and build the fastest back-end beside the work.
    """

    model: Path | None = None
    device: str = "auto"
    dtype: str = "auto"
    backend: BackendChoice = "auto"
    seed: int = 0
    psi: float = 1.0
    class_index: int | None = None
    edit: SavedEdit | None = None
    settings: Mapping[str, Mapping[str, float | int | str]] = field(default_factory=dict)
    frames_per_second: float = 60.0
    spare_core: bool = False
    background: bool = True


def tell_nobody(_what: str, _share: float | None) -> None:
    """Nobody waits for news."""


def load_editor(
    options: EngineOptions, device: Device | None = None, tell: Tell = tell_nobody
) -> tuple[Editor, RunnerChooser]:
    """Load the model and set an editor up on it; its tensors are ready for any stream.

    Args:
        options: what to load and how.
        device: where to; None opens the one that the options name.
        tell: told what is being done; whatever it raises ends the loading.

    Raises:
        CheckpointError, DeviceError, BackendError, EditError, ValueError: what was asked for is
            not there or not possible; one line each.
    """
    device = device or open_device(options.device, options.dtype)
    checkpoint = load_checkpoint(
        options.model, progress=lambda share: tell("reading the model", share)
    )
    tell("getting ready to draw", None)
    device = _without_overflow(device, checkpoint.precision)
    checkpoint.generator.prepare(device.dtype, device.on)
    ws = seed_to_ws(checkpoint.generator, 0)
    chooser = RunnerChooser(checkpoint, device, options.backend, ws, background=options.background)
    try:
        editor = Editor(
            checkpoint,
            device,
            chooser,
            seed=options.seed,
            psi=options.psi,
            class_index=options.class_index,
        )
        if own := options.settings.get(editor.model.name):
            editor.begin(replace(editor.state, config=personal(editor.model, own)))
        device.synchronize()
        tell("ready", 1.0)
    except BaseException:
        chooser.close()
        raise
    return editor, chooser


def elsewhere(device: Device) -> tuple[Device, ...]:
    """Where an edit may take less of a device's memory, the nearest first; none from a CPU."""
    if device.on.type == "cpu":
        return ()
    lower = [replace(device, dtype=torch.bfloat16)] if device.dtype == torch.float32 else []
    return (*lower, open_device("cpu"))


def move(editor: Editor, device: Device) -> RunnerChooser:
    """Let an edit go on on another device.

    Returns:
        What runs the generator there.

    Raises:
        CheckpointError: the model's file is gone, or another by now.
        MemoryError, RuntimeError: there is no memory either.
    """
    checkpoint = load_checkpoint(editor.model.path)
    checkpoint.generator.prepare(device.dtype, device.on)
    ws = seed_to_ws(checkpoint.generator, 0)
    chooser = RunnerChooser(checkpoint, device, "auto", ws, background=False)
    editor.move(checkpoint, device, chooser)
    return chooser


def _without_overflow(device: Device, advice: PrecisionAdvice) -> Device:
    """The same device, in bfloat16 where float16 was asked for and the model is not safe in it."""
    if device.dtype != torch.float16 or advice.half_safe:
        return device
    note = f"bfloat16 in place of float16: {advice.reason}"
    return replace(device, dtype=torch.bfloat16, note=note)
