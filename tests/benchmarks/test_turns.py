"""Figures: their shape, their intervals, and that they tell fast from slow."""

import itertools
import json

import numpy as np
import pytest

from draglive.benchmarks.page import markdown, page
from draglive.benchmarks.result import Result, dig, table_lines
from draglive.benchmarks.revisions import judge
from draglive.benchmarks.sheets import SHEETS
from draglive.benchmarks.turns import interval, median_interval, summary, take_turns


class Counter:
    """Notes when its turns come."""

    numbers = itertools.count()

    def __init__(self):
        self.turns = []

    def turn(self):
        self.turns.append(next(self.numbers))
        return {"call": [float(len(self.turns))]}


def test_subjects_take_turns_and_the_warm_up_does_not_count():
    first, second = Counter(), Counter()
    samples = take_turns([first, second], 4, warm_up=2)
    assert np.subtract(second.turns, first.turns).tolist() == [1] * 6
    assert samples == [{"call": [3.0, 4.0, 5.0, 6.0]}] * 2


def test_the_interval_of_a_median_holds_it():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(100):
        low, high = median_interval(rng.exponential(1.0, 25))
        held += low <= np.log(2) <= high
    assert 85 <= held <= 100  # 95 % by its name, a little less for so few samples
    assert interval([2.0] * 5) == (2.0, 2.0)


@pytest.mark.parametrize(
    ("factor", "spread", "slower"),
    [(1.0, 0.01, False), (1.05, 0.01, False), (1.2, 0.01, True), (1.2, 1.0, False)],
)
def test_slower_is_what_is_beyond_limit_and_doubt(factor, spread, slower):
    rng = np.random.default_rng(0)
    before, after = rng.lognormal(0, spread, (2, 31))
    after *= factor * np.median(before) / np.median(after)
    case = judge("step", {"step": before.tolist()}, {"step": after.tolist()}, "step")
    assert case["ratio"] == pytest.approx(factor)
    assert case["slower"] is slower


def result():
    case = {"stages": {"step": summary([1.0, 2.0, 3.0])}, "points": 1, "resolution": 32}
    return Result(
        "step",
        {"device": "<some> card", "commit": None},
        {"turns": 3},
        [{"name": "one", **case}, {"name": "two", **case, "points": 2}],
        {"best seen": {"teraflops": 0.5}},
    )


def test_a_result_is_the_same_after_its_json():
    again = Result.from_json(json.loads(json.dumps(result().to_json())))
    assert again == result()
    with pytest.raises(ValueError, match="no benchmark's result"):
        Result.from_json({"cases": []})


def test_a_table_has_every_case_and_no_empty_column():
    lines = list(table_lines(SHEETS["step"], result()))
    assert lines[0].split() == ["case", "step", "p50", "p95", "p99"]
    assert lines[1].split() == ["one", "2.000", "2.900", "2.980"]
    assert lines[-1] == "<some> card"
    assert dig(result().cases[0], "stages.none.p50_ms") is None


def test_a_page_stands_alone():
    text = page([result()])
    assert text.count("<svg") == 1
    assert "&lt;some&gt; card" in text
    assert "<some>" not in text
    for outside in ("src=", "<link", "<script", "@import"):
        assert outside not in text


def test_markdown_has_the_same_figures():
    assert "| one | 2.000 | 2.900 | 2.980 |" in markdown([result()])
