"""Another model in place of the one in use: at a round's boundary, or not at all."""

import threading
import time
import weakref

import pytest
import torch

from draglive.app.engine import loading
from draglive.app.engine import types as t
from draglive.app.engine.engine import Engine, EngineOptions
from draglive.app.engine.log import EventList
from draglive.app.engine.opening import OpenModel
from draglive.stylegan2_jit.checkpoints import save_generator
from draglive.stylegan2_jit.config import GeneratorConfig
from draglive.stylegan2_jit.networks import Generator

from .test_engine import FAR, activity, wait_for

OTHER = GeneratorConfig(
    z_dim=16,
    w_dim=16,
    c_dim=3,
    img_resolution=64,
    channel_base=512,
    channel_max=16,
    num_layers=2,
)


@pytest.fixture(scope="module")
def other_model(tmp_path_factory):
    """A conditional one, of another size."""
    torch.manual_seed(8)
    path = tmp_path_factory.mktemp("models") / "other.safetensors"
    preset = {"feature_resolution": 32}
    save_generator(Generator(OTHER), path, name="other", drag_preset=preset, licence="MIT")
    return path


@pytest.fixture
def engine(small_model):
    options = EngineOptions(small_model, "cpu", "float32", "eager", seed=1, background=False)
    engine = Engine(options, EventList())
    engine.start()
    wait_for(engine.take_frame, "the first picture")
    yield engine
    engine.stop()


@pytest.fixture
def gate(monkeypatch):
    """Holds every loading back until it is opened."""
    gate = threading.Event()
    load = loading.load_checkpoint

    def held(path, *, progress):
        progress(0.25)
        assert gate.wait(20)
        return load(path, progress=progress)

    monkeypatch.setattr(loading, "load_checkpoint", held)
    return gate


def model_name(engine):
    return engine.status().model.name


def test_the_old_model_is_dragged_until_the_new_one_is_there(engine, other_model, gate):
    engine.post(t.AddPoint(FAR))
    engine.open_model(OpenModel(other_model, seed=5))
    wait_for(lambda: engine.opening().share == 0.25, "progress")
    steps = engine.stats().steps
    wait_for(lambda: engine.stats().steps > steps + 20, "steps while it loads")
    assert model_name(engine) == "small"
    gate.set()
    wait_for(lambda: model_name(engine) == "other", "the other model")
    frame = wait_for(engine.take_frame, "its picture")
    assert frame.rgba.shape == (64, 64, 4)
    assert frame.points == ()
    assert engine.opening() is None
    assert engine._log.events == []
    engine.post(t.AddPoint(t.DragPoint(1, t.Point(50, 50), t.Point(10, 10))))
    wait_for(lambda: activity(engine) == "dragging", "a drag on the other model")


def test_the_old_model_is_freed(engine, other_model):
    old = weakref.ref(engine._editor._beginnings._generator)
    engine.open_model(OpenModel(other_model))
    wait_for(lambda: model_name(engine) == "other", "the other model")
    wait_for(engine.take_frame, "its picture")
    assert old() is None


def test_frames_of_the_old_model_are_no_more_offered(engine, other_model):
    engine.open_model(OpenModel(other_model))
    wait_for(lambda: model_name(engine) == "other", "the other model")
    assert wait_for(engine.take_frame, "a picture").rgba.shape[0] == 64


def test_recorders_stay_connected(engine, other_model):
    heights = []
    engine.add_sink(lambda frame: heights.append(frame.rgba.shape[0]))
    engine.open_model(OpenModel(other_model))
    wait_for(lambda: 64 in heights, "a frame of the other model")


def test_a_file_that_cannot_be_loaded_leaves_the_old_model_in_use(engine, tmp_path):
    (tmp_path / "bad.safetensors").write_bytes(b"<html>")
    engine.post(t.AddPoint(FAR))
    engine.open_model(OpenModel(tmp_path / "bad.safetensors"))
    opening = wait_for(lambda: (o := engine.opening()) and o.failure and o, "the failure")
    assert "bad.safetensors" in opening.failure.error
    assert "\n" not in opening.failure.error
    assert model_name(engine) == "small"
    engine.post(t.MoveTarget(FAR.id, t.Point(3, 3)))
    wait_for(lambda: engine._log.events and activity(engine) == "dragging", "a drag")
    engine.cancel_opening()
    assert engine.opening() is None


def test_cancelling_leaves_the_old_model_and_its_points(engine, other_model, gate):
    engine.post(t.AddPoint(FAR))
    engine.open_model(OpenModel(other_model))
    wait_for(lambda: engine.opening().share == 0.25, "progress")
    engine.cancel_opening()
    assert engine.opening() is None
    gate.set()
    time.sleep(0.5)
    assert model_name(engine) == "small"
    wait_for(lambda: (f := engine.take_frame()) and f.points, "a picture with its point")


def test_what_was_posted_for_the_old_picture_does_not_reach_the_new_one(
    engine, other_model, monkeypatch
):
    take = engine._opener.take

    def take_late():
        model = take()
        if model is not None:
            engine.post(t.MoveTarget(2, t.Point(1, 1)))  # the hand does not know yet
        return model

    monkeypatch.setattr(engine._opener, "take", take_late)
    engine.open_model(OpenModel(other_model))
    wait_for(lambda: model_name(engine) == "other", "the other model")
    wait_for(engine.take_frame, "its picture")
    assert engine.status().notice == ""
    assert engine._log.events == []


def test_when_the_first_model_cannot_be_loaded_another_can_be_opened(other_model, tmp_path):
    engine = Engine(EngineOptions(tmp_path / "nowhere.pkl", "cpu", "float32", "eager"))
    engine.start()
    wait_for(lambda: isinstance(engine.status(), t.Failed), "the failure")
    engine.open_model(OpenModel(other_model))
    wait_for(lambda: isinstance(engine.status(), t.Ready), "the other model")
    assert wait_for(engine.take_frame, "its picture").rgba.shape == (64, 64, 4)
    engine.stop()


def test_stopping_does_not_wait_for_a_model_on_its_way(engine, other_model, gate):
    engine.open_model(OpenModel(other_model))
    wait_for(lambda: engine.opening().share == 0.25, "progress")
    start = time.monotonic()
    engine.stop()
    assert time.monotonic() - start < 2
    gate.set()


def test_classes_are_pictures_of_their_own(engine, other_model):
    engine.open_model(OpenModel(other_model, seed=5, class_index=2))
    wait_for(lambda: model_name(engine) == "other", "the other model")
    second = wait_for(engine.take_frame, "its picture").rgba.copy()
    engine.post(t.AddPoint(FAR))
    engine.post(t.SetClass(1))
    wait_for(lambda: engine._log.events and activity(engine) == "idle", "the class")
    frame = wait_for(engine.take_frame, "its picture")
    assert frame.points == ()
    assert (frame.rgba != second).any()
    engine.post(t.SetClass(2))
    again = wait_for(lambda: (f := engine.take_frame()) and f.sequence > frame.sequence and f, "2")
    assert (again.rgba == second).all()
    engine.post(t.SetClass(3))
    wait_for(lambda: engine.status().notice == "class must be from 0 to 2, not 3", "the rule")


def test_a_model_without_classes_says_so(engine):
    engine.post(t.SetClass(0))
    wait_for(lambda: "no classes" in engine.status().notice, "the rule")
    assert engine._log.events == []


def test_float16_is_not_used_where_it_would_overflow(other_model):
    from draglive.app.engine.loading import load_editor

    editor, chooser = load_editor(
        EngineOptions(other_model, "cpu", "float16", "eager", background=False)
    )
    chooser.close()
    assert editor.device.dtype_name == "bfloat16"
    assert "in place of float16" in editor.device.note
