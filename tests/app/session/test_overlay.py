"""Points are drawn where they are, legibly on any picture, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest

from draglive.app.engine.types import Point, PointState
from draglive.app.session.overlay import HANDLE, LOST, OUTLINE, TARGET, UNSURE, draw_points


def state(handle, target):
    return PointState(1, Point(*handle), Point(*target), arrived=False)


def centre_of(picture, colour):
    """The centre of the pixels of one colour, (x, y)."""
    rows, columns = np.nonzero(np.abs(picture.astype(int) - colour).max(axis=-1) < 60)
    assert rows.size
    return columns.mean(), rows.mean()


@pytest.mark.parametrize("grey", [0, 128, 255])
@pytest.mark.parametrize("side", [128, 256, 512, 1024])
def test_handle_and_target_are_where_they_are(side, grey):
    picture = np.full((side, side, 4), (grey, grey, grey, 255), np.uint8)
    handle, target = (0.3 * side + 0.4, 0.25 * side), (0.7 * side, 0.75 * side - 0.3)
    draw_points(picture, [state(handle, target)])
    assert centre_of(picture, HANDLE) == pytest.approx(handle, abs=0.35)
    assert centre_of(picture, TARGET) == pytest.approx(target, abs=0.5)
    assert (picture[..., 3] == 255).all()


def test_the_line_joins_them():
    picture = np.zeros((256, 256, 4), np.uint8)
    draw_points(picture, [state((40, 128), (200, 128))])
    assert (picture[128, 60:180, :3] > 200).all()
    assert picture[100].max() == 0


def test_only_pixels_under_the_drawing_change():
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 4), np.uint8)
    picture = noise.copy()
    draw_points(picture, [state((128, 128), (140, 128))])
    changed = (picture != noise).any(axis=-1)
    assert changed[124:132, 124:140].any()
    changed[112:145, 115:157] = False
    assert not changed.any()


def test_no_points_no_change():
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 4), np.uint8)
    picture = noise.copy()
    draw_points(picture, [])
    np.testing.assert_array_equal(picture, noise)


def test_handles_lie_above_targets_and_lines():
    picture = np.zeros((256, 256, 4), np.uint8)
    draw_points(picture, [state((128, 128), (128, 128)), state((60, 128), (200, 128))])
    assert np.abs(picture[128, 128].astype(int) - HANDLE).max() < 10


def test_takes_rgb_too():
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgb = np.zeros((64, 64, 3), np.uint8)
    for picture in (rgba, rgb):
        draw_points(picture, [state((20, 20), (40, 40))])
    np.testing.assert_array_equal(rgba[..., :3], rgb)


@pytest.mark.parametrize("outside", [(-500.0, 20.0), (1e4, 1e4), (31.0, -1.0)])
def test_what_lies_outside_is_clipped(outside):
    picture = np.zeros((32, 32, 4), np.uint8)
    draw_points(picture, [state((16, 16), outside)])
    assert np.abs(picture[16, 16].astype(int) - HANDLE).max() < 60


def test_both_outlines_show_on_black_and_white():
    for grey in (0, 255):
        picture = np.full((256, 256, 4), (grey, grey, grey, 255), np.uint8)
        draw_points(picture, [state((60, 60), (60, 60))])
        near = picture[40:80, 40:80, :3].reshape(-1, 3)
        assert (near.min(axis=1) > 200).any()  # the white one
        assert (near.max(axis=1) < 60).any()  # the halo
    assert OUTLINE[:3] == (255, 255, 255)


def test_a_pin_has_no_target_and_doubt_has_a_shape_and_a_colour():
    pinned = replace(state((60, 60), (128, 100)), pinned=True)
    shown = {}
    for name, point in (
        ("pin", pinned),
        ("unsure", replace(state((128, 100), (128, 100)), trust=0.8)),
        ("lost", replace(state((128, 100), (128, 100)), trust=0.2)),
    ):
        shown[name] = np.zeros((512, 512, 4), np.uint8)
        draw_points(shown[name], [point])
    assert centre_of(shown["pin"], HANDLE) == pytest.approx((128, 100), abs=1)
    assert shown["pin"][60, 60].max() == 0
    with pytest.raises(AssertionError):
        centre_of(shown["pin"], TARGET)
    assert centre_of(shown["unsure"], UNSURE) == pytest.approx((128, 100), abs=1)
    assert centre_of(shown["lost"], LOST)[0] == pytest.approx(128, abs=1)
    columns = [np.nonzero(shown[name][..., 3])[1] for name in ("lost", "pin")]
    assert np.ptp(columns[0]) > np.ptp(columns[1])
