"""The thread as its users see it: commands in, frames and status out."""

import time

import numpy as np
import pytest

from draglive.app.engine import types as t
from draglive.app.engine import worker
from draglive.app.engine.edit import EditState, fold
from draglive.app.engine.editor import Editor
from draglive.app.engine.engine import Engine, EngineOptions
from draglive.app.engine.log import EventList

NEAR = t.DragPoint(1, t.Point(10, 12), t.Point(10.5, 12))
FAR = t.DragPoint(2, t.Point(20, 20), t.Point(2, 2))
TIMEOUT_S = 20


def wait_for(condition, what):
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"not within {TIMEOUT_S} s: {what}")


@pytest.fixture
def log():
    return EventList()


@pytest.fixture
def engine(small_model, log):
    options = EngineOptions(small_model, "cpu", "float32", "eager", seed=1, background=False)
    engine = Engine(options, log)
    engine.start()
    wait_for(engine.take_frame, "the first picture")
    yield engine
    engine.stop()
    assert not engine._thread.is_alive()


def activity(engine):
    status = engine.status()
    assert isinstance(status, t.Ready), status
    return status.activity


def test_a_model_shows_itself_and_its_machine(engine):
    status = engine.status()
    assert status.model.name == "small"
    assert status.model.size == t.Size(32, 32)
    assert (status.backend.name, status.backend.dtype) == ("eager", "float32")
    assert status.activity == "idle"


def test_points_pull_while_they_are_far_and_rest_when_they_have_arrived(engine):
    engine.post(t.AddPoint(FAR))
    wait_for(lambda: activity(engine) == "dragging", "dragging")
    wait_for(lambda: engine.stats().steps > 3, "steps")
    engine.post(t.RemovePoint(2))
    engine.post(t.AddPoint(NEAR))
    wait_for(lambda: activity(engine) == "idle", "rest")
    wait_for(lambda: (f := engine.take_frame()) and f.arrived and f.points, "the last frame")
    steps = engine.stats().steps
    used = time.process_time()
    time.sleep(0.5)
    assert engine.stats().steps == steps
    assert engine.take_frame() is None
    assert time.process_time() - used < 0.1  # an idle engine costs nothing


def test_it_wakes_when_a_target_moves(engine):
    engine.post(t.AddPoint(NEAR))
    wait_for(lambda: engine.stats().steps > 0 and activity(engine) == "idle", "rest")
    engine.post(t.MoveTarget(1, t.Point(20, 12)))
    wait_for(lambda: activity(engine) == "dragging", "waking")


def test_frames_show_the_newest_target_and_how_long_it_took(engine):
    engine.post(t.AddPoint(FAR))
    engine.post(t.MoveTarget(2, t.Point(3, 7)))

    def shown():
        frame = engine.take_frame()
        return frame if frame and frame.points and frame.points[0].target == (3, 7) else None

    frame = wait_for(shown, "the target")
    assert frame.input_s is not None
    assert engine.stats().mouse_to_frame.count >= 1


def test_pausing_stops_the_steps_but_not_the_pictures(engine):
    engine.post(t.AddPoint(FAR))
    engine.post(t.SetPaused(paused=True))
    wait_for(lambda: activity(engine) == "paused", "pause")
    steps = engine.stats().steps
    engine.post(t.SetSeed(2))
    wait_for(engine.take_frame, "the other picture")
    assert engine.stats().steps == steps


def test_nonsense_is_told_and_changes_nothing(engine, log):
    engine.post(t.AddPoint(t.DragPoint(1, t.Point(500, 0), t.Point(0, 0))))
    wait_for(lambda: "outside the picture" in engine.status().notice, "the notice")
    assert log.events == []


def test_a_failure_is_shown_and_a_reset_heals_it(engine, monkeypatch):
    def fail(self):
        raise RuntimeError("the card fell off\nwith details")

    with monkeypatch.context() as patch:
        patch.setattr(Editor, "advance", fail)
        engine.post(t.AddPoint(FAR))
        wait_for(lambda: isinstance(engine.status(), t.Failed), "the failure")
    failed = engine.status()
    assert failed.error == "the card fell off"
    assert "RuntimeError" in failed.detail
    assert failed.model is not None
    engine.take_frame()
    engine.post(t.ResetPicture())
    wait_for(engine.take_frame, "a picture after the failure")
    assert activity(engine) == "idle"


def test_frames_go_on_after_failures_in_the_middle_of_rendering(engine, monkeypatch):
    """Each failure must give its buffer back: three lost ones would end all frames."""

    def fail(self, view, slot):
        raise RuntimeError("no")

    for seed in range(5):
        with monkeypatch.context() as patch:
            patch.setattr(Editor, "render", fail)
            engine.post(t.SetSeed(seed))
            wait_for(lambda: isinstance(engine.status(), t.Failed), "the failure")
        engine.post(t.SetSeed(seed + 10))
        wait_for(lambda: isinstance(engine.status(), t.Ready), "the recovery")
        wait_for(engine.take_frame, "a picture")


def test_a_point_that_comes_no_nearer_does_not_burn_the_machine(engine, monkeypatch):
    monkeypatch.setattr(worker, "PATIENCE_STEPS", 20)
    monkeypatch.setattr(worker, "PROGRESS_PX", 1000.0)
    engine.post(t.AddPoint(FAR))
    wait_for(lambda: "comes nearer" in engine.status().notice, "the notice")
    assert activity(engine) == "idle"
    engine.post(t.MoveTarget(2, t.Point(5, 5)))
    wait_for(lambda: activity(engine) == "dragging", "waking")


def test_memory_goes_back_once_after_each_spell_of_work(engine, monkeypatch):
    tidied = []
    monkeypatch.setattr(worker, "TIDY_AFTER_S", 0.3)
    monkeypatch.setattr(worker, "give_memory_back", lambda: tidied.append(1))
    for spell in (1, 2):
        engine.post(t.SetSeed(spell))
        wait_for(lambda count=spell: len(tidied) >= count, "memory goes back")
        time.sleep(3 * worker.NAP_S)
        assert len(tidied) == spell


def test_a_new_sink_gets_the_present_picture_though_nothing_happens(engine):
    frames = []
    engine.add_sink(lambda frame: frames.append(frame.rgba.copy()))
    wait_for(lambda: frames, "a frame for the sink")
    assert frames[0].shape == (32, 32, 4)


def test_a_removed_sink_is_left_alone(engine):
    frames = []
    engine.add_sink(frames.append)
    wait_for(lambda: frames, "a frame for the sink")
    engine.remove_sink(frames.append)
    engine.post(t.SetSeed(3))
    wait_for(engine.take_frame, "a picture")
    count = len(frames)
    engine.post(t.SetSeed(4))
    wait_for(engine.take_frame, "a picture")
    assert len(frames) == count


def test_the_events_fold_into_the_state(engine, log):
    for command in (t.SetSeed(3), t.AddPoint(NEAR), t.SetTruncation(0.5), t.AddPoint(FAR)):
        engine.post(command)
        wait_for(lambda c=command: c in [e.command for e in log.events], "the event")
    start = EditState(t.Size(32, 32), engine.status().model.defaults, seed=1)
    state = fold(start, (event.command for event in log.events))
    assert (state.seed, state.psi, state.points) == (3, 0.5, (NEAR, FAR))


def test_a_mask_works_from_the_next_step(engine):
    engine.post(t.AddPoint(FAR))
    engine.post(t.SetMask(np.zeros((32, 32), np.float32)))
    wait_for(lambda: engine.stats().steps > 5, "steps")
    assert activity(engine) == "dragging"


def test_stopping_while_it_drags_is_quick(small_model):
    engine = Engine(EngineOptions(small_model, "cpu", "float32", "eager", background=False))
    engine.start()
    engine.post(t.AddPoint(FAR))
    wait_for(lambda: engine.stats().steps > 2, "steps")
    start = time.monotonic()
    engine.stop()
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"model": "nowhere.safetensors"}, "nowhere.safetensors: there is no such file"),
        ({"device": "cuda:99"}, "'cuda:99' is not there"),
        ({"device": "tpu"}, "device must be auto, cpu, cuda, cuda:N or mps, not 'tpu'"),
        ({"seed": -1}, "seed must be from 0"),
        ({"class_index": 3}, "this model has no classes"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_a_line(options, line, small_model, tmp_path):
    if "model" in options:
        options = {"model": tmp_path / options["model"]}
    engine = Engine(EngineOptions(**{"model": small_model, **options}))
    engine.start()
    status = wait_for(
        lambda: s if isinstance(s := engine.status(), t.Failed) else None, "the failure"
    )
    assert line in status.error
    engine.stop()


def test_stopping_before_the_start_is_fine(small_model):
    Engine(EngineOptions(small_model)).stop()


def test_frames_and_status_say_how_many_commands_they_know(engine):
    posted = engine.post(t.SetTruncation(0.9))
    posted = engine.post(t.SetTruncation(0.8))
    posted = engine.post(t.RemovePoint(77))
    assert posted == 3
    wait_for(lambda: (f := engine.take_frame()) and f.commands == posted, "the frame")
    assert engine.status().commands == posted
    assert engine.status().history.edit.psi == 0.8


def test_an_undone_edit_rests_as_it_was_until_something_is_done_to_it(engine):
    engine.post(t.AddPoint(FAR))
    wait_for(lambda: engine.stats().steps > 3, "steps")
    engine.post(t.SetTruncation(0.9))
    engine.post(t.Undo())
    posted = engine.post(t.EndGesture())
    wait_for(lambda: engine.status().commands == posted, "the undo")
    assert activity(engine) == "idle"
    steps = engine.stats().steps
    time.sleep(0.2)
    assert engine.stats().steps == steps
    engine.post(t.MoveTarget(2, t.Point(3, 3)))
    wait_for(lambda: engine.stats().steps > steps, "steps towards another target")


def test_the_tensors_are_logged_each_second_and_at_the_end(engine, log):
    engine.post(t.AddPoint(NEAR))
    wait_for(lambda: log.checkpoints, "a checkpoint")
    wait_for(lambda: activity(engine) == "idle", "rest")
    wait_for(lambda: log.checkpoints[-1].step == engine.stats().steps, "the last one")
