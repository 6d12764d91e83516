"""Mouse to frame: read from a trace, and measured in a real window under Xvfb."""

import ctypes.util
import shutil

import pytest

from draglive.app.engine.types import Point
from draglive.benchmarks import latency
from draglive.benchmarks.errors import BenchmarkError
from draglive.benchmarks.latency import Move, describe


def command(t, x):
    return {"t": t, "command": "MoveTarget", "target": [x, 5.0]}


def frame(t, x, step=0):
    return {"t": t, "points": [{"target": [x, 5.0]}], "step": step}


def test_a_move_is_answered_by_the_first_frame_that_knows_it():
    moves = [Move(Point(10, 5), 1.0), Move(Point(20, 5), 2.0)]
    commands = [command(0.5, 10.1), command(1.01, 10.1), command(2.02, 20.0)]
    frames = [frame(0.9, 10.1), frame(1.0, 3.0), frame(1.05, 10.1), frame(2.5, 20.0)]
    case = describe("dragging", moves, commands, frames)
    assert (case["moves"], case["answered"]) == (2, 2)
    assert case["mouse_to_command"]["p50_ms"] == pytest.approx(15)
    assert case["mouse_to_frame"]["p50_ms"] == pytest.approx((50 + 500) / 2)


def test_a_move_overtaken_by_the_next_is_answered_with_it():
    moves = [Move(Point(10, 5), 1.0), Move(Point(20, 5), 2.0)]
    commands = [command(1.01, 10.0), command(2.02, 20.0)]
    case = describe("dragging", moves, commands, [frame(2.5, 20.0)])
    assert case["mouse_to_frame"]["count"] == 2
    assert case["mouse_to_frame"]["p50_ms"] == pytest.approx(1000)


def test_a_window_that_answers_nothing_is_an_error():
    with pytest.raises(BenchmarkError, match="at rest: the window answered none of 1 moves"):
        describe("at rest", [Move(Point(10, 5), 1.0)], [command(1.1, 10.0)], [frame(1.2, 3.0)])


def test_rates_are_those_while_the_mouse_moved():
    moves = [Move(Point(10, 5), 1.0), Move(Point(20, 5), 2.0)]
    commands = [command(1.01, 10.0), command(2.02, 20.0)]
    frames = [
        frame(t, 20.0, step) for t, step in ((0.1, 1), (1.1, 7), (1.3, 8), (1.6, 12), (3, 99))
    ]
    case = describe("crowded", moves, commands, frames)
    assert case["frames_per_s"] == pytest.approx(2 / 0.5)
    assert case["steps_per_s"] == pytest.approx(5 / 0.5)


@pytest.mark.gui
@pytest.mark.skipif(
    shutil.which("Xvfb") is None or ctypes.util.find_library("Xtst") is None,
    reason="needs Xvfb and libXtst",
)
def test_the_window_answers_in_all_situations(cpu, small_model_file, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    found = latency.measure(cpu, small_model_file, moves=3, points=3)
    assert [c["name"] for c in found.cases] == list(latency.SITUATIONS)
    slow = found.facts["turns over 50 ms"]
    assert slow["own ms"] <= slow["took ms"]
    assert (slow["count"] > 0) == (slow["took ms"] > 50)
    for case in found.cases:
        # On a busy machine the moves of a circle overtake each other.
        assert case["answered"] >= (2 if case["name"] == "at rest" else 1)
        assert 0 < case["mouse_to_command"]["p50_ms"] < case["mouse_to_frame"]["p50_ms"]


def test_a_window_that_cannot_open_is_one_line(cpu, tmp_path, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(BenchmarkError, match=r"display ':987' does not answer|libX"):
        latency.measure(cpu, None, moves=1)
