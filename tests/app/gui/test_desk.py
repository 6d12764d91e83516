import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from draglive.app.engine.edit import EditState
from draglive.app.engine.types import (
    ClearPoints,
    DragConfig,
    ModelInfo,
    Point,
    PointState,
    RemovePoint,
    ResetPicture,
    SetClass,
    SetConfig,
    SetMask,
    SetPaused,
    SetSeed,
    SetTruncation,
    Size,
)
from draglive.app.gui.desk import MAX_SEED, Desk
from draglive.app.gui.meters import Meters
from draglive.app.gui.picture.input import Hit, Stroke
from draglive.app.gui.trace import Trace

MODEL = ModelInfo(
    "small", Path("small.safetensors"), Size(64, 48), 10, 0, (4, 8, 16), DragConfig(last_layer=5)
)


class Listener:
    """An engine that only listens."""

    def __init__(self):
        self.posted = []
        self.sinks = []

    def post(self, command):
        self.posted.append(command)

    def add_sink(self, sink):
        self.sinks.append(sink)

    def remove_sink(self, sink):
        self.sinks.remove(sink)


@pytest.fixture
def engine():
    return Listener()


@pytest.fixture
def desk(engine, tmp_path):
    desk = Desk(engine, Trace(None), tmp_path, seed=4, psi=0.7)
    desk.adopt(MODEL)
    return desk


@pytest.mark.parametrize(
    ("action", "command"),
    [
        ("previous", SetSeed(3)),
        ("next", SetSeed(5)),
        ("pause", SetPaused(True)),
        ("reset_points", ClearPoints()),
        ("reset_picture", ResetPicture()),
    ],
)
def test_actions_post_commands(desk, engine, action, command):
    desk.perform(action)
    assert engine.posted == [command]


def test_pause_and_brush_toggle(desk, engine):
    desk.perform("pause")
    desk.perform("pause")
    assert engine.posted == [SetPaused(True), SetPaused(False)]
    desk.perform("brush")
    assert desk.painting
    desk.perform("brush")
    assert not desk.painting


@pytest.mark.parametrize(("seed", "action"), [(0, "previous"), (MAX_SEED, "next")])
def test_seeds_end_where_the_engine_refuses(desk, engine, seed, action):
    desk.choose_seed(seed)
    desk.perform(action)
    assert desk.seed == seed


@pytest.mark.parametrize("text", ["", "-1", "1.5", "abc", "٣", str(MAX_SEED + 1), "1e3"])
def test_nonsense_for_a_seed_is_answered_with_the_rule(desk, engine, text):
    desk.enter_seed(text)
    assert engine.posted == []
    assert desk.seed == 4
    assert desk.message.tone == "error"
    assert str(MAX_SEED) in desk.message.text


def test_a_typed_seed_is_taken_once(desk, engine):
    desk.enter_seed(" 77 ")
    desk.enter_seed("77")
    assert engine.posted == [SetSeed(77)]


def test_another_picture_forgets_the_mask_without_telling_the_engine_twice(desk, engine):
    desk.paint([Stroke(Point(20, 20), Point(30, 20), True)])
    desk.perform("next")
    assert [type(c) for c in engine.posted] == [SetMask, SetSeed]
    assert desk.mask.is_empty


def test_painting_and_clearing_the_mask(desk, engine):
    desk.paint([Stroke(Point(20, 20), Point(30, 20), True)])
    (painted,) = engine.posted
    assert painted.mask.shape == (48, 64)
    assert painted.mask.dtype == np.float32
    desk.clear_mask()
    desk.clear_mask()
    assert [c.mask is None for c in engine.posted] == [False, True]


def test_drag_settings(desk, engine):
    desk.configure(replace(desk.config, step_size=0.01))
    desk.configure(replace(desk.config, step_size=0.01))
    assert engine.posted == [SetConfig(replace(MODEL.defaults, step_size=0.01))]
    desk.tuning.restore_all()
    assert engine.posted[-1] == SetConfig(MODEL.defaults)


def test_layers_push_each_other(desk, engine):
    desk.tuning.set("first_layer", 8)
    assert (desk.config.first_layer, desk.config.last_layer) == (8, 8)
    desk.tuning.set("last_layer", 2)
    assert (desk.config.first_layer, desk.config.last_layer) == (2, 2)
    desk.tuning.set("last_layer", 6)
    assert (desk.config.first_layer, desk.config.last_layer) == (2, 6)


def test_truncation_is_live(desk, engine):
    desk.choose_psi(0.4)
    assert engine.posted == [SetTruncation(0.4)]


def test_delete_means_the_point_under_the_pointer(desk, engine):
    desk.perform("remove_point")
    assert engine.posted == []
    desk.point_at(Hit(PointState(7, Point(1, 1), Point(2, 2), False), "handle"))
    desk.perform("remove_point")
    assert engine.posted == [RemovePoint(7)]


def test_brush_sizes_stay_usable(desk):
    for _ in range(40):
        desk.perform("larger")
    assert desk.brush_px == 24
    for _ in range(40):
        desk.perform("smaller")
    assert desk.brush_px == 1


def test_recording_where_nothing_can_be_written_is_told(engine, tmp_path):
    (tmp_path / "file").touch()
    desk = Desk(engine, Trace(None), tmp_path / "file" / "videos")
    desk.perform("record")
    assert desk.recording.seconds is None
    assert desk.message.tone == "error"
    assert str(tmp_path / "file") in desk.message.text


def test_recording_starts_and_stops(desk, engine, tmp_path):
    desk.perform("record")
    assert desk.recording.seconds == 0
    assert len(engine.sinks) == 1
    desk.perform("record")
    assert desk.recording.seconds is None
    (summary,) = desk.recording.close()
    assert summary.path.parent == tmp_path
    assert "seed4" in summary.path.name
    desk.tell_finished([summary])
    assert desk.message.tone == "error"  # this engine sent no picture
    assert engine.sinks == []


def test_the_trace_has_a_line_for_everything(engine, tmp_path):
    trace = Trace(tmp_path / "trace.jsonl")
    desk = Desk(engine, trace, tmp_path)
    desk.adopt(MODEL)
    desk.perform("next")
    desk.paint([Stroke(Point(20, 20), Point(30, 20), True)])
    desk.enter_seed("x")
    meters = Meters()
    for took_s in (9.0, 9.0, 9.0, 0.020, 0.010):  # the first ones do not count
        meters.turned(took_s)
    meters.shown(None)
    trace.close(meters)
    lines = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == [
        "open",
        "command",
        "command",
        "message",
        "end",
    ]
    assert lines[1]["seed"] == 1
    assert 0 < lines[2]["mask"]["movable"] < 1
    assert lines[-1]["turns"] == 5
    assert lines[-1]["longest_turn_ms"] == 20.0


CONDITIONAL = replace(MODEL, classes=10)


def test_classes_are_typed_and_stepped_through(desk, engine):
    desk.adopt(CONDITIONAL)
    desk.enter_class(" 9 ")
    desk.step_class(1)
    desk.step_class(-1)
    desk.enter_class("")
    desk.step_class(-1)
    desk.step_class(1)
    assert engine.posted == [SetClass(9), SetClass(8), SetClass(None), SetClass(0)]


@pytest.mark.parametrize("text", ["10", "-1", "cat", "1.0"])
def test_nonsense_for_a_class_is_answered_with_the_rule(desk, engine, text):
    desk.adopt(CONDITIONAL)
    desk.enter_class(text)
    assert engine.posted == []
    assert desk.message.text == "A class is a number from 0 to 9, or nothing."


def test_another_class_forgets_the_mask(desk, engine):
    desk.adopt(CONDITIONAL)
    desk.paint([Stroke(Point(20, 20), Point(30, 20), True)])
    desk.choose_class(3)
    assert desk.mask.is_empty
    assert [type(c) for c in engine.posted] == [SetMask, SetClass]


def test_another_model_starts_as_it_was_asked_for(desk):
    desk.perform("pause")
    desk.choose_seed(99)  # while it was loaded
    edit = EditState(MODEL.size, MODEL.defaults, seed=7, psi=0.5, class_index=2)
    desk.adopt(replace(MODEL, name="other"), edit)
    assert (desk.seed, desk.psi, desk.class_index, desk.paused) == (7, 0.5, 2, False)
    assert desk.intents.points == ()


def test_the_browser_is_asked_for(desk):
    desk.perform("models")
    assert desk.browsing
