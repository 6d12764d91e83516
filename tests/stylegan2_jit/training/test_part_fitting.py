"""Readers of parts: fitted to maps that were moved to where pictures show them."""

import pytest
import torch
import torch.nn.functional as F

from draglive.stylegan2_jit.config import GeneratorConfig
from draglive.stylegan2_jit.networks import Generator
from draglive.stylegan2_jit.parts import GRID
from draglive.stylegan2_jit.training import part_fitting
from draglive.stylegan2_jit.training.part_fitting import Samples, fit, look
from draglive.stylegan2_jit.training.registration import flow, moved
from draglive.stylegan2_jit.training.renderer import Renderer
from draglive.stylegan2_jit.training.surface import PARTS

SHIFT_PX = 3


@pytest.fixture
def random():
    return torch.Generator().manual_seed(3)


def test_the_flow_leads_to_where_the_other_picture_shows_it(random):
    clouds = F.interpolate(torch.rand(1, 3, 20, 20, generator=random), size=160, mode="bicubic")
    picture = clouds[..., 16:144, 16:144] * 2 - 1
    rendering = clouds[..., 16:144, 16 - SHIFT_PX : 144 - SHIFT_PX] * 2 - 1
    found = flow(picture, rendering) * (GRID / 2)
    inside = found[0, :, 8:-8, 8:-8]
    assert inside[0].median() == pytest.approx(SHIFT_PX, abs=0.1)
    assert inside[1].abs().median() < 0.1
    back = moved(rendering, flow(picture, rendering))
    assert (back - picture).abs().mean() < 0.1 * (rendering - picture).abs().mean()


def test_no_difference_no_flow(random):
    picture = torch.rand(1, 3, 128, 128, generator=random)
    assert flow(picture, picture).abs().max() == 0


def painted(random):
    """Features of one kind left, of another right, and the parts that they are."""
    kinds = torch.randn(2, 8, generator=random)
    features = torch.empty(4, 8, 64, 64)
    parts = torch.zeros(4, 2 * GRID, 2 * GRID, dtype=torch.uint8)
    for number, column in enumerate((20, 28, 36, 44)):
        features[number, :, :, :column] = kinds[0][:, None, None]
        features[number, :, :, column:] = kinds[1][:, None, None]
        parts[number, :, 4 * column :] = PARTS.index("mane")
    noise = 0.2 * torch.randn(features.shape, generator=random)
    return Samples((features + noise).half(), parts, parts)


def test_a_fitted_reader_tells_parts_and_again_the_same(random, monkeypatch):
    monkeypatch.setattr(part_fitting, "PLACES", 300)
    monkeypatch.setattr(part_fitting, "BATCH", 256)
    samples = painted(random)
    told = []
    readers = [fit(samples, 60, lambda share, loss: told.append(share)) for _ in range(2)]
    assert told[-1] == 1
    ours, other = (reader.state_dict() for reader in readers)
    assert all(torch.equal(ours[name], other[name]) for name in ours)
    found = readers[0](samples.features).argmax(1)
    assert found.shape == (4, GRID, GRID)
    assert (found == samples.parts[:, ::2, ::2]).float().mean() > 0.97


def test_models_whose_latents_drive_no_rendering_are_refused():
    config = GeneratorConfig(
        z_dim=16, w_dim=16, img_resolution=32, channel_base=512, channel_max=16, num_layers=2
    )
    with pytest.raises(ValueError, match="z must have at least 43 components, not 16"):
        look(Generator(config), Renderer("cpu"), [0], 1.0)
