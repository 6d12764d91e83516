"""Models beside renderings: each measure by what it promises, all on the default model."""

import numpy as np
import pytest
import torch

from draglive.app.engine.device import open_device
from draglive.benchmarks import quality
from draglive.benchmarks.errors import BenchmarkError
from draglive.benchmarks.landmark_detector import CreatureLandmarks
from draglive.benchmarks.models import Source
from draglive.stylegan2_jit import GeneratorConfig


def test_precision_and_recall_tell_what_is_missing():
    everything = torch.randn(200, 3, dtype=torch.float64)
    half = everything[everything[:, 0] > 0]
    assert quality.covered(half, everything) == 1
    assert 0.4 < quality.covered(everything, half) < 0.8
    assert quality.covered(everything + 100, everything) == 0


def test_a_batch_is_judged_as_its_pictures_are():
    detector = CreatureLandmarks()
    rgba = np.random.RandomState(0).randint(0, 255, (2, 128, 128, 4), dtype=np.uint8)
    batch = torch.from_numpy(rgba[..., :3].copy()).permute(0, 3, 1, 2) / 127.5 - 1
    places, features = detector.find_all(batch)
    for picture, place, feature in zip(rgba, places, features, strict=True):
        alone = detector.find(picture)
        assert np.allclose(place, alone.places, atol=1e-3)
        assert np.allclose(feature, alone.features, atol=1e-4)
    apart = detector.distances(batch[:1], batch[1:])
    assert apart.shape == (1,)
    assert float(apart) == pytest.approx(detector.distance(rgba[0], rgba[1]), rel=1e-4)
    assert float(detector.distances(batch, batch).max()) == 0


def test_the_default_model_is_nearer_to_renderings_than_chance():
    chance = GeneratorConfig(
        z_dim=64, w_dim=32, img_resolution=256, channel_base=1024, channel_max=32, num_layers=2
    )
    result = quality.measure(
        open_device("cpu"), [Source(), Source(config=chance)], quality.Terms(samples=16)
    )
    ours, random = result.cases
    assert ours["frechet"] < random["frechet"] / 5
    assert ours["truth_px"] < 8 < random["truth_px"]
    assert ours["precision"] > 0.3  # of so few, one outlier among the renderings covers chance too
    assert ours["detector_px"] == random["detector_px"] < 4
    assert 0 < ours["path_length"] < float("inf")


def test_another_kind_of_model_is_refused():
    small = GeneratorConfig(z_dim=8, w_dim=8, img_resolution=32, channel_base=64, channel_max=8)
    with pytest.raises(BenchmarkError, match="at least 43 components, not 8"):
        quality.measure(open_device("cpu"), [Source(config=small)], quality.Terms(samples=6))
    with pytest.raises(BenchmarkError, match="samples must be at least 6, not 5"):
        quality.Terms(samples=5)
