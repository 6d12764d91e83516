import pytest

from draglive.app.engine import threads
from draglive.app.engine.threads import PROBES, ThreadTuner, candidates


class Clock:
    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(threads, "time", clock)
    return clock


def run(tuner, clock, rounds, took_s):
    for _ in range(rounds):
        clock.now += took_s[tuner.threads]
        tuner.observe(took_s[tuner.threads])


@pytest.mark.parametrize("took_s", [{2: 0.02, 1: 0.03}, {2: 0.05, 1: 0.03}], ids=["free", "busy"])
def test_the_fastest_stays(clock, took_s):
    used = []
    tuner = ThreadTuner([2, 1], used.append)
    run(tuner, clock, 2 * PROBES + 20, took_s)
    best = min(took_s, key=took_s.get)
    assert tuner.threads == best
    assert used == ([2, 1, 2] if best == 2 else [2, 1])


def test_a_verdict_does_not_stand_for_ever(clock):
    tuner = ThreadTuner([2, 1], lambda n: None)
    run(tuner, clock, 3 * PROBES, {2: 0.02, 1: 0.03})
    run(tuner, clock, 400, {2: 0.06, 1: 0.03})  # a window has come up
    assert tuner.threads == 1


def test_one_slow_round_decides_nothing(clock):
    tuner = ThreadTuner([2, 1], lambda n: None)
    for number in range(2 * PROBES):
        tuner.observe(1.0 if number in (0, 3) else {2: 0.02, 1: 0.03}[tuner.threads])
    assert tuner.threads == 2


def test_a_single_core_is_left_alone(clock):
    used = []
    tuner = ThreadTuner([1], used.append)
    run(tuner, clock, 100, {1: 0.02})
    assert used == [1]


@pytest.mark.parametrize(
    ("cores", "expected"), [(1, [1]), (2, [2, 1]), (4, [4, 3, 2]), (16, [16, 15, 8])]
)
def test_candidates(cores, expected):
    assert candidates(cores) == expected
