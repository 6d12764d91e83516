"""What is remembered between runs, and what happens to a file that cannot be used."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from draglive.app.engine.description import personal
from draglive.app.engine.types import DragConfig, ModelInfo, Size
from draglive.app.gui.preferences import Memory, Preferences, Settings

SIZE = Size(256, 256)
MODEL = ModelInfo(
    "some", Path("some"), SIZE, 14, 0, (4, 64, 128), DragConfig.for_model(SIZE, {"step_size": 0.03})
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config" / "window.json"


def test_everything_comes_back(path):
    memory = Memory(path)
    memory.change(theme="light", size=(1920, 1080), panel=False, hinted=True)
    memory.fold("Settings", True)
    config = replace(MODEL.defaults, step_size=0.05, tracker="l2", last_layer=9)
    memory.keep_settings(MODEL, config)
    memory.close()
    again = Memory(path)
    assert again.complaint == ""
    assert again.now == memory.now
    assert again.settings == {"some": {"step_size": 0.05, "tracker": "l2", "last_layer": 9}}
    assert personal(MODEL, again.settings["some"]) == config


def test_every_setting_of_a_drag_can_be_remembered():
    assert set(Settings.__struct_fields__) == {f.name for f in fields(DragConfig)}


def test_the_models_own_settings_are_not_kept(path):
    memory = Memory(path)
    memory.keep_settings(MODEL, replace(MODEL.defaults, speed_px=2.0))
    memory.keep_settings(MODEL, MODEL.defaults)
    assert memory.settings == {}


DAMAGED = {
    "no JSON": b"{",
    "not text": b"\xff\xfe",
    "empty": b"",
    "another type": b"[]",
    "a theme": b'{"theme": "pink"}',
    "a size": b'{"size": [1, 99999999]}',
    "a step size": b'{"settings": {"some": {"step_size": -1}}}',
    "a radius": b'{"settings": {"some": {"track_radius_px": 7.5}}}',
    "deep": b"[" * 100_000,
    "huge": b" " * (2 << 20),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_refused_with_a_line_and_put_aside(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    memory = Memory(path)
    complaint = memory.poll()
    assert str(path) in complaint
    assert "\n" not in complaint
    assert memory.poll() == ""
    assert memory.now == Preferences()
    assert path.with_suffix(".damaged.json").read_bytes() == content
    memory.change(theme="light")
    memory.close()
    assert json.loads(path.read_text())["theme"] == "light"


def test_the_first_time_there_is_no_file_and_none_is_made(path):
    memory = Memory(path)
    memory.close()
    assert memory.complaint == ""
    assert not path.parent.exists()


def test_a_disk_that_takes_nothing_is_told(tmp_path):
    (tmp_path / "file").touch()
    memory = Memory(tmp_path / "file" / "window.json")
    memory.poll()
    memory.change(theme="light")
    memory.close()
    assert "not remembered" in memory.poll()


@pytest.mark.parametrize(
    "values", [{"feature_resolution": 256}, {"last_layer": 14}, {"step_size": -1.0}, {"nose": 1}]
)
def test_settings_that_are_not_for_this_model_give_way_to_its_own(values):
    assert personal(MODEL, values) == MODEL.defaults
