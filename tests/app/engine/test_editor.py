import numpy as np
import pytest
import torch

from draglive.app.engine import types as t
from draglive.app.engine.device import FrameSlot
from draglive.app.engine.edit import EditError, EditState, fold
from draglive.app.engine.log import EventList
from draglive.stylegan2_jit.latents import seed_to_ws

A = t.DragPoint(1, t.Point(10, 12), t.Point(20, 12))


def test_the_state_is_the_fold_of_the_event_list(editor):
    start = EditState(editor.model.size, editor.model.defaults, seed=1)
    log = EventList()
    editor.log_to(log)
    for command in (
        t.AddPoint(A),
        t.MoveTarget(1, t.Point(5, 5)),
        t.SetPaused(paused=True),
        t.SetTruncation(0.7),
    ):
        editor.apply(command)
        editor.step()
    state = fold(start, (e.command for e in log.events))
    assert (state.points, state.psi, state.paused) == (
        editor.state.points,
        editor.state.psi,
        editor.state.paused,
    )
    assert [e.step for e in log.events] == [0, 1, 2, 3]
    times = [e.time_s for e in log.events]
    assert times == sorted(times)


def test_a_refused_command_leaves_no_trace(editor):
    log = EventList()
    editor.log_to(log)
    editor.apply(t.AddPoint(A))
    before = editor.state
    config = editor.state.config
    for command, rule in (
        (t.AddPoint(A), "the id is taken"),
        (t.MoveTarget(1, t.Point(99, 0)), "outside the picture"),
        (t.SetConfig(t.DragConfig(feature_resolution=100)), "feature_resolution must be one of"),
        (t.SetConfig(t.DragConfig(last_layer=8, feature_resolution=16)), "last_layer must be"),
    ):
        with pytest.raises(EditError, match=rule):
            editor.apply(command)
    assert editor.state is before
    assert editor.state.config is config
    assert len(log.events) == 1


def test_seed_and_reset_make_the_seeds_own_picture(editor, small_generator):
    editor.apply(t.SetSeed(5))
    expected = seed_to_ws(small_generator, 5)
    assert torch.equal(editor.ws, expected)
    editor.apply(t.AddPoint(A))
    editor.step()
    assert not torch.equal(editor.ws, expected)
    editor.apply(t.ResetPicture())
    assert torch.equal(editor.ws, expected)
    assert editor.points(editor.look()) == ()


def test_a_frame_shows_the_picture_that_its_points_belong_to(editor, small_generator):
    editor.apply(t.AddPoint(A))
    slot = FrameSlot(editor.device, editor.model.size)
    request = editor.render(editor.step(), slot)
    expected = small_generator.synthesis(editor.ws)[0].permute(1, 2, 0) * 127.5 + 128
    difference = slot.rgba[..., :3].astype(int) - expected.clamp(0, 255).to(torch.uint8).numpy()
    assert np.abs(difference).max() <= 1  # float32 rounding may cross an integer
    assert [p.id for p in request.points()] == [1]
    assert request.step == 1


def test_lost_features_are_an_error_not_a_picture(editor):
    editor.apply(t.AddPoint(A))
    editor._drag.ws = editor.ws * float("nan")
    with pytest.raises(FloatingPointError, match="point 1"):
        editor.points(editor.step())
