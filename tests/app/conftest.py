"""Small models for the tests: random weights, 32 pixels; and the command line in this process."""

import sys
from pathlib import Path

import pytest
import torch

from draglive.app import cli
from draglive.app.engine.backends import RunnerChooser
from draglive.app.engine.device import open_device
from draglive.app.engine.editor import Editor
from draglive.stylegan2_jit.checkpoints import Checkpoint, save_generator
from draglive.stylegan2_jit.config import GeneratorConfig
from draglive.stylegan2_jit.latents import seed_to_ws
from draglive.stylegan2_jit.networks import Generator

SMALL = GeneratorConfig(
    z_dim=16, w_dim=16, img_resolution=32, channel_base=512, channel_max=16, num_layers=2
)
PRESET = {"step_size": 0.05, "feature_resolution": 16, "track_radius_px": 3}


@pytest.fixture(scope="session")
def small_generator():
    torch.manual_seed(7)
    return Generator(SMALL)


@pytest.fixture
def checkpoint(small_generator):
    return Checkpoint(small_generator.prepare(torch.float32), "small", PRESET, Path("small"))


@pytest.fixture(scope="session")
def small_model(small_generator, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "small.safetensors"
    save_generator(small_generator, path, name="small", drag_preset=PRESET, licence="MIT")
    return path


@pytest.fixture
def editor(checkpoint):
    device = open_device("cpu", "float32")
    ws = seed_to_ws(checkpoint.generator, 0)
    chooser = RunnerChooser(checkpoint, device, "eager", ws, background=False)
    return Editor(checkpoint, device, chooser, seed=1)


@pytest.fixture
def draglive(monkeypatch, capsys):
    """Run a command in this process: exit code, output, errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["draglive", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
