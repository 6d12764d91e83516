"""The models that benchmarks run: files, or random weights where only the shapes matter.

How long a network takes does not depend on what it learnt; so a size that nobody has a model of
can be timed.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import torch

from draglive.app.engine.backends import BackendChoice, RunnerChooser
from draglive.app.engine.device import Device
from draglive.app.engine.editor import Editor
from draglive.stylegan2_jit.checkpoints import Checkpoint, load_checkpoint
from draglive.stylegan2_jit.config import GeneratorConfig
from draglive.stylegan2_jit.latents import seed_to_ws
from draglive.stylegan2_jit.networks import Generator


@dataclass(frozen=True, slots=True)
class Source:
    """Where a model comes from.

    Attributes:
        path: of its file; None for the default model.
        config: instead of a file: random weights of this shape.
    """

    path: Path | None = None
    config: GeneratorConfig | None = None

    def load(self) -> Checkpoint:
        """The model, a copy of its own.

        Raises:
            CheckpointError: the file cannot be loaded.
        """
        if self.config is None:
            return load_checkpoint(self.path)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            generator = Generator(self.config)
        name = f"random weights, {self.config.img_resolution} px"
        return Checkpoint(generator, name, {}, Path(name))


def random_model(
    resolution: int, *, channel_max: int = 512, channel_base: int = 32768
) -> GeneratorConfig:
    """Config-f of the StyleGAN2 paper at a resolution, or a narrower one."""
    return GeneratorConfig(
        img_resolution=resolution, channel_max=channel_max, channel_base=channel_base
    )


def open_editor(
    checkpoint: Checkpoint,
    device: Device,
    backend: BackendChoice,
    *,
    seed: int = 0,
    psi: float = 1.0,
) -> Editor:
    """An editor on a loaded model, which nobody else may use.

    Raises:
        BackendError, EditError, ValueError: see `engine.load_editor`.
    """
    checkpoint.generator.prepare(device.dtype, device.on)
    ws = seed_to_ws(checkpoint.generator, 0)
    chooser = RunnerChooser(checkpoint, device, backend, ws, background=False)
    return Editor(checkpoint, device, chooser, seed=seed, psi=psi)


def with_dtype(device: Device, name: str) -> Device:
    """The same device computing in another precision; 'auto' leaves it."""
    return device if name == "auto" else dataclasses.replace(device, dtype=getattr(torch, name))
