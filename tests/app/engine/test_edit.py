from dataclasses import replace

import numpy as np
import pytest

from draglive.app.engine import types as t
from draglive.app.engine.edit import EditError, EditState, apply, fold

SIZE = t.Size(40, 30)
START = EditState(SIZE, t.DragConfig())
A = t.DragPoint(1, t.Point(3, 4), t.Point(5, 6))
B = t.DragPoint(2, t.Point(7, 8), t.Point(9, 10))
MASK = np.ones((30, 40), np.float32)


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ([t.AddPoint(A), t.AddPoint(B)], {"points": (A, B)}),
        (
            [t.AddPoint(A), t.MoveTarget(1, t.Point(1, 1))],
            {"points": (replace(A, target=t.Point(1, 1)),)},
        ),
        (
            [t.AddPoint(A), t.MoveHandle(1, t.Point(1, 1))],
            {"points": (replace(A, handle=t.Point(1, 1)),)},
        ),
        ([t.AddPoint(A), t.AddPoint(B), t.RemovePoint(1)], {"points": (B,)}),
        ([t.AddPoint(A), t.ClearPoints()], {"points": ()}),
        ([t.AddPoint(A), t.ResetPicture()], {"points": ()}),
        (
            [t.AddPoint(A), t.SetMask(MASK), t.SetSeed(9)],
            {"points": (), "mask": None, "seed": 9},
        ),
        (
            [t.AddPoint(A), t.SetMask(MASK), t.SetClass(4)],
            {"points": (), "mask": None, "class_index": 4},
        ),
        ([t.SetClass(4), t.SetSeed(9)], {"class_index": 4, "seed": 9}),
        ([t.AddPoint(A), t.SetTruncation(0.5)], {"points": (A,), "psi": 0.5}),
        ([t.SetMask(MASK), t.ResetPicture()], {"mask": MASK}),
        ([t.SetPaused(paused=True)], {"paused": True}),
        ([t.SetConfig(t.DragConfig(step_size=1.0))], {"config": t.DragConfig(step_size=1.0)}),
    ],
)
def test_state_is_the_fold_of_its_commands(commands, expected):
    state = fold(START, commands)
    for field in ("points", "seed", "psi", "paused", "config"):
        assert getattr(state, field) == expected.get(field, getattr(START, field))
    assert state.mask is expected.get("mask")


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        (t.AddPoint(A), "point 1: the id is taken"),
        (t.AddPoint(t.DragPoint(5, t.Point(40, 0), t.Point(0, 0))), r"handle \(40, 0\) is outside"),
        (t.AddPoint(t.DragPoint(5, t.Point(0, 0), t.Point(0, -1))), r"target \(0, -1\) is outside"),
        (t.MoveTarget(1, t.Point(float("nan"), 0)), r"target \(nan, 0\) is outside"),
        (t.MoveHandle(1, t.Point(0, 30)), "outside the picture: x must be 0 to 39, y 0 to 29"),
        (t.MoveTarget(7, t.Point(0, 0)), "point 7: there is no such point"),
        (t.RemovePoint(7), "point 7: there is no such point"),
        (t.SetSeed(-1), "seed must be from 0 to 4294967295, not -1"),
        (t.SetTruncation(float("nan")), "truncation psi must be from -2 to 2, not nan"),
        (t.SetMask(MASK.T), "mask is 30x40, the picture 40x30"),
        (t.SetMask(MASK[0]), "mask is 0x0, the picture 40x30"),
    ],
)
def test_nonsense_is_refused_with_the_rule(command, rule):
    with pytest.raises(EditError, match=rule):
        apply(apply(START, t.AddPoint(A)), command)


@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [
        (0, 0, True),
        (39, 29, True),
        (-0.5, 29.5, True),
        (39.5, -0.5, True),
        (-0.51, 0, False),
        (0, 29.51, False),
        (float("nan"), 0, False),
        (float("inf"), 0, False),
    ],
)
def test_a_point_is_inside_when_it_lies_on_a_pixel(x, y, inside):
    assert SIZE.contains(t.Point(x, y)) == inside


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"step_size": 0.0}, "step_size must be above 0, not 0.0"),
        ({"momentum": 1.0}, "momentum must be from 0 to below 1, not 1.0"),
        ({"space": "z"}, "space must be 'w' or 'likely', not 'z'"),
        ({"common_spread": 1.0}, "common_spread must be from 0 to below 1, not 1.0"),
        ({"step_size": float("nan")}, "step_size must be above 0, not nan"),
        ({"track_radius_px": 0}, "track_radius_px must be from 1 to 128, not 0"),
        ({"motion_radius_px": 500.0}, "motion_radius_px must be at most 128, not 500.0"),
        ({"mask_weight": -1.0}, "mask_weight must be 0 or above, not -1.0"),
        ({"first_layer": 6}, r"last_layer must be at least first_layer \(6\), not 5"),
        ({"tracker": "l3"}, "tracker must be 'l1' or 'l2', not 'l3'"),
    ],
)
def test_settings_that_no_drag_can_use_are_refused(values, rule):
    with pytest.raises(ValueError, match=rule):
        t.DragConfig(**values)


def test_radii_scale_with_the_picture_and_a_preset_wins():
    assert t.DragConfig.for_model(t.Size(512, 512), {}).track_radius_px == 12
    config = t.DragConfig.for_model(t.Size(256, 256), {"step_size": 0.03})
    assert (config.track_radius_px, config.motion_radius_px, config.step_size) == (6, 1.5, 0.03)
    with pytest.raises(ValueError, match="unknown field 'speed'"):
        t.DragConfig.for_model(t.Size(256, 256), {"speed": 1})
