"""The presets: the published columns of settings, and that each one drags."""

from pathlib import Path

import pytest

from draglive.app.engine.presets import PRESETS, preset
from draglive.app.engine.types import (
    AddPoint,
    DragConfig,
    DragPoint,
    ModelInfo,
    Point,
    SetConfig,
    Size,
)


def model(height, **values):
    size = Size(height, height)
    return ModelInfo(
        "some", Path("some"), size, 18, 0, (4, 128, 256), DragConfig.for_model(size, values)
    )


def test_official_is_the_published_column():
    official = preset("official", model(1024, step_size=1e-3, feature_resolution=256))
    config = official.config
    assert (config.motion_radius_px, config.track_radius_px) == (6, 24)
    assert (config.feature_resolution, config.tracker, config.disc) == (128, "l2", "stretched")
    assert (config.first_layer, config.last_layer, config.step_size) == (0, 5, 1e-3)
    assert (config.speed_px, config.momentum, config.space) == (1, 0.9, "w")
    assert config.common_spread == 0
    assert official.arrive_px == 4
    assert preset("official", model(256)).arrive_px == 2


def test_paper_is_the_published_column():
    paper = preset("paper", model(512, tracker="l2"), points=6)
    config = paper.config
    assert (config.motion_radius_px, config.track_radius_px, config.mask_weight) == (3, 12, 20)
    assert (config.tracker, config.disc, paper.arrive_px) == ("l1", "centred", 2)
    assert (config.speed_px, config.momentum, config.space) == (1, 0.9, "w")
    assert preset("paper", model(512), points=5).arrive_px == 1


def test_live_is_the_models_own():
    chosen = model(256, step_size=0.03, feature_resolution=256)
    assert preset("live", chosen).config == chosen.defaults


@pytest.mark.parametrize("name", PRESETS)
def test_each_drags(editor, name):
    editor.apply(SetConfig(preset(name, editor.model).config))
    editor.apply(AddPoint(DragPoint(1, Point(16, 16), Point(28, 9))))
    before = editor.ws.clone()
    for _ in range(3):
        editor.step()
    assert (editor.ws != before).any()
