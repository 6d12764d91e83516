"""Gestures: where they take hold, and what is said of them."""

import numpy as np
import pytest

from draglive.app.engine.device import open_device
from draglive.benchmarks import gestures
from draglive.benchmarks.landmark_detector import CREATURES
from draglive.benchmarks.models import Source


def scene(**hidden):
    points = {name: np.array([100.0 + 5 * i, 80.0 + 9 * i]) for i, name in enumerate(CREATURES)}
    seen = {name: name not in hidden.get("names", ()) for name in CREATURES}
    return gestures.Scene(points, seen, hidden.get("mane", np.array([40.0, 120.0])))


def test_pulls_go_where_their_names_say():
    ((nose, there, name),) = gestures.turn_head(scene())
    assert (name, *(there - nose)) == ("nose", 24.0, 0.0)  # it looks left: to the right
    ((_, there, _),) = gestures.widen_mane(scene())
    assert tuple(there) == (30.0, 120.0)
    (lip, there, _), (held, still, _) = gestures.lower_lip(scene())
    assert (lip[1] - scene().points["lower lip"][1], there[1] - lip[1]) == (4, 11)
    assert np.array_equal(held, still)
    (left, left_to, _), (right, right_to, _) = gestures.tilt_head(scene())
    assert np.linalg.norm(right_to - left_to) == pytest.approx(np.linalg.norm(right - left))
    np.testing.assert_allclose(left_to + right_to, left + right)


def test_what_is_hidden_is_not_pulled():
    assert gestures.open_mouth(scene(names=("chin",))) == []
    assert gestures.lower_lip(scene(names=("lower lip",))) == []
    assert gestures.tilt_head(scene(names=("left eye",))) == []
    assert gestures.widen_mane(scene(mane=None)) == []


def test_one_seed_of_the_default_model():
    terms = gestures.Terms(seeds=1, max_steps=2, changes={"step_size": 0.02})
    result = gestures.measure(open_device("cpu"), Source(), terms)
    assert result.settings["step_size"] == 0.02
    cases = {case["name"]: case for case in result.cases}
    assert {"turn the head", "open the mouth"} <= set(cases)
    assert cases["turn the head"]["steps"] <= 2
    assert cases["turn the head"]["really_left_px"] < 24
