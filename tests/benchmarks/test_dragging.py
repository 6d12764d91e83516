"""Benchmarks of how well it drags: their measures, and both protocols with a made up detector."""

import numpy as np
import pytest
import torch

from draglive.app.engine.presets import preset
from draglive.app.engine.types import Point
from draglive.benchmarks import landmarks, paired
from draglive.benchmarks.edits import Edits
from draglive.benchmarks.faithfulness import change_outside, frechet_distance, interval_of_frechet
from draglive.benchmarks.landmark_detector import CREATURES, CreatureLandmarks, Landmarks
from draglive.benchmarks.models import open_editor
from draglive.benchmarks.paired import aimed_picture, compare
from draglive.kernels import to_rgba
from draglive.stylegan2_jit import load_generator, seed_to_ws


class Brightness:
    """Finds 'landmarks' at the centre of the light: they move with every change."""

    names = CREATURES

    def find(self, rgba):
        light = rgba[..., :3].astype(float).sum(2) + 1
        y, x = np.mgrid[: light.shape[0], : light.shape[1]]
        centre = np.array([(x * light).sum(), (y * light).sum()]) / light.sum()
        offsets = np.stack([np.arange(13) - 6, np.zeros(13)], axis=1)
        return Landmarks(centre + offsets, np.arange(13) != 3, light.mean(1)[:4])

    def distance(self, one, other):
        return float(np.abs(one.astype(float) - other).mean())


def test_change_outside_counts_only_what_is_far():
    before = np.zeros((100, 100, 4), np.uint8)
    after = before.copy()
    pairs = [(Point(20, 50), Point(40, 50))]
    after[45:55, 15:45] = 200
    assert change_outside(before, after, pairs) == 0
    after[:, 80:] = 10
    assert 2 < change_outside(before, after, pairs) < 4
    everywhere = [(Point(x, y), Point(x, y)) for x in range(0, 101, 10) for y in range(0, 101, 10)]
    assert np.isnan(change_outside(before, after, everywhere))


def test_the_frechet_distance_of_known_normals():
    rng = np.random.default_rng(0)
    real = rng.normal(0, 1, (4000, 3))
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-9)
    ours = rng.normal(2, 3, (4000, 3))
    truth = 3 * (2**2 + (3 - 1) ** 2)
    assert frechet_distance(ours, real) == pytest.approx(truth, rel=0.05)
    low, high = interval_of_frechet(ours[:400], real)
    assert low < truth < high < 1.5 * low


def test_landmarks_of_every_preset_and_count(cpu, small, monkeypatch):
    terms = landmarks.Terms(pairs=2, max_steps=2, presets=("live", "official"))
    found = landmarks.measure(cpu, small, Brightness(), terms)
    monkeypatch.setattr(landmarks, "BLOCK", 1)
    in_shares = landmarks.measure(cpu, small, Brightness(), terms)
    assert [c | {"seconds": 0} for c in in_shares.cases] == [
        c | {"seconds": 0} for c in found.cases
    ]
    assert [c["name"] for c in found.cases] == [
        f"{name}, {count} point{'s' * (count != '1')}"
        for count in ("1", "5", "all")
        for name in ("live", "official")
    ]
    for case in found.cases:
        assert case["edits"] == 2
        assert case["steps"] <= 2
        assert case["after_low_px"] <= case["after_px"] <= case["after_high_px"]
    live, official = (c["after_px"] for c in found.cases[:2])
    assert found.facts["live / official, 1"]["ratio"] == pytest.approx(live / official)


def test_a_ratio_of_the_same_is_one():
    values = np.array([1.0, 2.0, 5.0])
    assert landmarks.interval_of_ratio(2 * values, values) == pytest.approx((2, 2))


def test_paired_tells_near_from_far(cpu, small):
    found = paired.measure(cpu, small, Brightness(), landmarks.Terms(2, 2, ("live",)))
    assert [c["name"] for c in found.cases] == ["no edit", "live"]
    assert found.cases[0]["steps"] is None
    assert found.cases[0]["mse"]["mean"] > 0
    checkpoint = small.load()
    aim = aimed_picture(checkpoint, 0, 1)
    assert compare(aim, aim, Brightness()) == {"mse": 0, "perceptual": 0}
    assert (aim != aimed_picture(checkpoint, 0, 2)).any()


def test_an_edit_can_be_repeated(cpu, small):
    edits = Edits(open_editor(small.load(), cpu, "eager"))
    pulls, how = [(Point(10, 10), Point(20, 10))], preset("live", edits.editor.model)
    first = edits.run(3, pulls, how, 4)
    edits.run(5, pulls, how, 2)
    again = edits.run(3, pulls, how, 4)
    assert (again.before == first.before).all()
    assert (again.after == first.after).all()
    assert again.path == first.path
    assert first.steps == 4
    assert (edits.run(3, pulls, how, 4).after == first.after).all()  # without another between


@pytest.fixture(scope="module")
def pictures():
    generator = load_generator()
    with torch.no_grad():
        return [to_rgba(generator.synthesis(seed_to_ws(generator, s))).numpy() for s in (4, 4, 7)]


def test_the_detector_knows_the_default_model(pictures):
    detector = CreatureLandmarks()
    nose = detector.find(pictures[0]).places[0]
    assert nose == pytest.approx((127, 151), abs=8)  # where the bundled gesture takes hold
    shifted = np.roll(pictures[0], (6, -10), axis=(0, 1))
    assert detector.find(shifted).places[0] - nose == pytest.approx((-10, 6), abs=2.5)


def test_the_perceptual_distance_tells_pictures_apart(pictures):
    detector = CreatureLandmarks()
    same, alike, other = pictures[0], np.clip(pictures[1].astype(int) + 4, 0, 255), pictures[2]
    assert detector.distance(same, same) == 0
    near = detector.distance(same, alike.astype(np.uint8))
    assert 0 < 5 * near < detector.distance(same, other)
