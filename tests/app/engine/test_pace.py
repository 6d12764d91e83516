import itertools
import time

import pytest

from draglive.app.engine.pace import MAX_STEPS_PER_FRAME, Pace, Rates


@pytest.mark.parametrize(
    ("step_ms", "frame_ms", "expected"),
    [
        (30, 20, 1),
        (1, 2, 14),
        (3, 4, 4),
        (0.001, 0.01, MAX_STEPS_PER_FRAME),
        (6, 100, 6),  # some of the round for steps, however slow the picture
        (4, 15, 3),  # too slow for the display: more steps, not more frames
    ],
)
def test_as_many_steps_as_fit_between_two_frames(step_ms, frame_ms, expected):
    pace = Pace(1 / 60)
    for _ in range(60):
        pace.observe(step_ms / 1e3, frame_ms / 1e3)
    assert pace.steps_per_frame() == expected


def test_rates_count_what_was_done():
    rates = Rates()
    for _ in range(10):
        rates.add_round(3, 0.05)
        rates.add_frame(time.perf_counter() - 0.01)
    stats = rates.stats({})
    assert (stats.steps, stats.frames) == (30, 10)
    assert stats.active_s == pytest.approx(0.5)
    assert stats.steps_per_second == 15  # over the last two seconds
    assert stats.mouse_to_frame.count == 10
    assert 10 <= stats.mouse_to_frame.p50_ms < 100


@pytest.mark.parametrize(
    ("full_ms", "previews", "expected"),
    [(40, 2, 0), (90, 2, 1), (300, 2, 2), (300, 1, 1), (90, 0, 0)],
)
def test_pictures_get_coarser_rather_than_late(full_ms, previews, expected):
    pace = Pace(1 / 60)
    for _ in range(30):
        level = pace.coarser(previews)
        pace.observe(0.005, full_ms / 1e3 / 3**level, level)
    assert pace.coarser(previews) == expected


def test_a_preview_leaves_time_for_more_steps():
    pace = Pace(1 / 60)
    for _ in range(60):
        pace.observe(0.002, 0.014)
        pace.observe(0.002, 0.004, 1)
    assert (pace.steps_per_frame(0), pace.steps_per_frame(1)) == (1, 6)


def test_a_slow_first_picture_is_no_verdict():
    pace = Pace(1 / 60)
    pace.observe(0.005, 0.3)  # buffers allocated, caches cold
    levels = []
    for _ in range(10):
        levels.append(pace.coarser(1))
        pace.observe(0.005, [0.015, 0.008][levels[-1]], levels[-1])
    assert levels[0] == 1
    assert levels[-5:] == [0] * 5


def test_pictures_become_whole_again_when_the_machine_does():
    pace = Pace(1 / 60)
    levels = []
    for round_ in range(120):
        busy = 4 if 20 <= round_ < 60 else 1
        levels.append(pace.coarser(1))
        pace.observe(0.005, [0.030, 0.016][levels[-1]] * busy, levels[-1])
    assert levels[19] == 0
    assert levels[59] == 1
    assert levels[-1] == 0
    assert sum(a != b for a, b in itertools.pairwise(levels)) == 2
