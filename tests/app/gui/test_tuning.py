"""The settings: every field changes what the engine is told, and finds back to the model's own."""

from dataclasses import dataclass, field, fields
from pathlib import Path

import pytest

from draglive.app.engine.presets import PRESETS, preset
from draglive.app.engine.types import DragConfig, ModelInfo, Size
from draglive.app.gui.panel.tuning import SETTINGS, Tuning, choices, limits

SIZE = Size(256, 256)
MODEL = ModelInfo(
    "some",
    Path("some"),
    SIZE,
    14,
    0,
    (4, 8, 16, 32, 64, 128, 256),
    DragConfig.for_model(SIZE, {"step_size": 0.03, "feature_resolution": 64}),
)


@dataclass
class Desk:
    model: ModelInfo | None = MODEL
    config: DragConfig = MODEL.defaults
    told: list[DragConfig] = field(default_factory=list)

    def configure(self, config):
        self.config = config
        self.told.append(config)


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def tuning(desk):
    return Tuning(desk)


def test_every_field_of_a_drag_has_a_setting_but_the_disc_that_a_preset_brings():
    assert {s.field for s in SETTINGS} == {f.name for f in fields(DragConfig)} - {"disc"}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.field)
@pytest.mark.parametrize("by", [1, -1])
def test_keys_go_from_end_to_end_and_never_beyond(tuning, desk, setting, by):
    tuning.chosen = SETTINGS.index(setting)
    for _ in range(500):
        tuning.nudge(by)
    if values := [value for _, value in choices(setting.field, MODEL)]:
        ends = values[0], values[-1]
    else:
        ends = limits(setting.field, MODEL)
    assert getattr(desk.config, setting.field) == pytest.approx(ends[by > 0])


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.field)
def test_a_setting_that_differs_finds_back(tuning, desk, setting):
    tuning.chosen = SETTINGS.index(setting)
    tuning.nudge(1)
    if not tuning.differs(setting.field):  # it was at the end
        tuning.nudge(-1)
    assert tuning.differs(setting.field)
    tuning.restore(setting.field)
    assert not tuning.differs(setting.field)
    tuning.restore_all()
    assert desk.config == MODEL.defaults


def test_the_first_press_shows_which_setting_is_meant(tuning):
    tuning.choose(1)
    assert (tuning.chosen, tuning.shown, tuning.asked) == (0, True, True)
    tuning.choose(1)
    tuning.choose(-1)
    tuning.choose(-1)
    assert tuning.chosen == len(SETTINGS) - 1


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_recognised_until_something_is_changed(tuning, desk, name):
    tuning.take(name)
    assert tuning.preset == name
    assert desk.config == preset(name, MODEL).config
    tuning.set("speed_px", 2.5)
    assert tuning.preset is None


def test_without_a_model_nothing_is_told(tuning, desk):
    desk.model = None
    tuning.take("paper")
    tuning.nudge(1)
    tuning.restore("speed_px")
    tuning.restore_all()
    assert desk.told == []
    assert tuning.preset is None
