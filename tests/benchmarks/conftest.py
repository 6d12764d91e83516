"""A model so small that a benchmark of it takes moments."""

import pytest
import torch

from draglive.app.engine.device import open_device
from draglive.benchmarks.models import Source
from draglive.stylegan2_jit.checkpoints import save_generator
from draglive.stylegan2_jit.config import GeneratorConfig

SMALL = GeneratorConfig(
    z_dim=16, w_dim=16, img_resolution=32, channel_base=512, channel_max=16, num_layers=2
)


@pytest.fixture
def cpu():
    return open_device("cpu", "float32")


@pytest.fixture
def small():
    return Source(config=SMALL)


@pytest.fixture(scope="session")
def small_model_file(tmp_path_factory):
    torch.manual_seed(7)
    path = tmp_path_factory.mktemp("models") / "small.safetensors"
    generator = Source(config=SMALL).load().generator
    save_generator(generator, path, name="small", drag_preset={}, licence="MIT")
    return path
