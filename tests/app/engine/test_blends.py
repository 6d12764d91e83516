"""Mixing, directions, and what a window asks beside the edit."""

import numpy as np
import pytest
import torch

from draglive.app.engine import types as t
from draglive.app.engine.answering import answer, colour
from draglive.app.engine.asking import (
    Dragged,
    FeaturePicture,
    Inquiry,
    Print,
    SeedPicture,
    StatePicture,
)
from draglive.app.engine.edit import EditError, EditState, apply, fold
from draglive.app.engine.history import History
from draglive.app.engine.log import Checkpoint, Event, EventList
from draglive.app.engine.rerun import rerun
from draglive.app.engine.snapshot import unpack
from draglive.app.session.format import encode, encode_header, parse_session

PULL = t.AddPoint(t.DragPoint(1, t.Point(10, 12), t.Point(20, 12)))
START = EditState(t.Size(32, 32), t.DragConfig())


def direction(editor, seed=0):
    numbers = np.random.default_rng(seed).normal(size=editor.ws.shape[1:])
    return t.Direction.of(numbers.astype(np.float32), "smile")


def drag(editor, steps=5):
    editor.apply(PULL)
    for _ in range(steps):
        editor.step()
    editor.apply(t.ClearPoints())


def test_mixing_takes_layers_of_another_seed_and_keeps_what_was_dragged(editor):
    own, other = editor.seed_ws(1, 1.0, None), editor.seed_ws(5, 1.0, None)
    drag(editor)
    offset = editor.ws - own
    editor.apply(t.SetMix(t.Mix(5, 2, 4)))
    expected = own.clone()
    expected[:, 2:5] = other[:, 2:5]
    assert torch.allclose(editor.ws, expected + offset, atol=1e-6)
    editor.apply(t.SetMix(None))
    assert torch.allclose(editor.ws, own + offset, atol=1e-6)


def test_a_slider_moves_the_picture_under_the_edit_and_stays_with_another_seed(editor):
    smile = direction(editor)
    drag(editor)
    before = editor.ws.clone()
    editor.apply(t.AddDirection(smile, 0.5))
    assert torch.allclose(editor.ws, before + 0.5 * torch.from_numpy(smile.offset()), atol=1e-6)
    editor.apply(t.SetSeed(9))
    expected = editor.seed_ws(9, 1.0, None) + 0.5 * torch.from_numpy(smile.offset())
    assert torch.allclose(editor.ws, expected, atol=1e-6)
    editor.apply(t.SetStrength(smile.id, 0.0))
    assert torch.allclose(editor.ws, editor.seed_ws(9, 1.0, None), atol=1e-6)
    editor.apply(t.RemoveDirection(smile.id))
    assert editor.state.sliders == ()


def test_what_was_dragged_becomes_a_slider_without_moving_the_picture(editor):
    drag(editor)
    before = editor.ws.clone()
    kept = t.Direction.of(answer(editor, Dragged(0)).content, "pull")
    editor.apply(t.AddDirection(kept, 1.0, absorbs=True))
    assert torch.equal(editor.ws, before)
    assert float(editor.dragged.abs().max()) < 1e-6
    editor.apply(t.SetStrength(kept.id, 0.0))
    assert torch.allclose(editor.ws, editor.seed_ws(1, 1.0, None), atol=1e-5)
    editor.apply(t.ResetPicture())
    assert torch.equal(editor.ws, editor.seed_ws(1, 1.0, None))


def test_undo_and_redo_bring_mix_and_sliders_back_bitwise(editor):
    smile = direction(editor)
    for command in (t.SetMix(t.Mix(5, 2, 4)), t.AddDirection(smile, 0.5)):
        editor.apply(command)
        editor.apply(t.EndGesture())
    drag(editor)
    seen = [(editor.state.mix, editor.state.sliders, editor.ws.clone())]
    while editor.history.can_undo:
        editor.apply(t.Undo())
        seen.append((editor.state.mix, editor.state.sliders, editor.ws.clone()))
    assert seen[-1][:2] == (None, ())
    for mix, sliders, ws in reversed(seen[:-1]):
        editor.apply(t.Redo())
        assert (editor.state.mix, editor.state.sliders) == (mix, sliders)
        assert torch.equal(editor.ws, ws)


def test_a_slider_in_the_hand_makes_one_state(editor):
    smile = direction(editor)
    editor.apply(t.AddDirection(smile, 0.1))
    for strength in (0.2, 0.3, 0.4):
        editor.apply(t.SetStrength(smile.id, strength))
    assert len(editor.history.states) == 2
    editor.apply(t.EndGesture())
    editor.apply(t.SetStrength(smile.id, 0.9))
    assert len(editor.history.states) == 3


def test_a_session_file_knows_them_and_does_them_again_bitwise(editor, checkpoint, request):
    log = EventList()
    editor.log_to(log)
    smile = direction(editor)
    editor.apply(t.SetMix(t.Mix(5, 2, 4)))
    editor.apply(t.AddDirection(smile, 0.5))
    drag(editor)
    editor.apply(t.SetStrength(smile.id, -1.25))
    drag(editor)
    lines = [encode_header(log.origin), *(encode(record) for record in log.records)]
    session = parse_session(b"".join(lines), "test")
    assert session.lost == 0
    again = request.getfixturevalue("editor_again")
    for record in session.edit.records:
        if isinstance(record, Event):
            rerun(again, record)
        else:
            assert isinstance(record, Checkpoint)
    assert again.state.sliders == editor.state.sliders
    assert torch.equal(again.ws, editor.ws)


@pytest.fixture
def editor_again(checkpoint):
    from draglive.app.engine.backends import RunnerChooser
    from draglive.app.engine.device import open_device
    from draglive.app.engine.editor import Editor

    device = open_device("cpu", "float32")
    ws = torch.zeros(1, checkpoint.generator.config.num_ws, checkpoint.generator.config.w_dim)
    chooser = RunnerChooser(checkpoint, device, "eager", ws, background=False)
    return Editor(checkpoint, device, chooser, seed=1)


REFUSED = [
    (t.SetMix(t.Mix(-1, 0, 1)), "seed must be"),
    (t.SetMix(t.Mix(1, 3, 2)), "layers must go up"),
    (t.SetMix(t.Mix(1, 3, 99)), "last_layer must be at most 7"),
    (t.SetStrength("nobody", 1.0), "no such slider"),
    (t.RemoveDirection("nobody"), "no such slider"),
    (t.AddDirection(t.Direction("1", "torn", 8, b"123")), "are not 8 vectors"),
    (t.AddDirection(t.Direction("1", "torn", 0, b"1234")), "are not 0 vectors"),
    (t.AddDirection(t.Direction("1", "big", 1, np.ones(4, "<f4").tobytes())), "has 8 x 16"),
    (t.AddDirection(t.Direction("1", "", 1, np.ones(4, "<f4").tobytes())), "1 to 60 letters"),
    (t.AddDirection(t.Direction("1", "nan", 1, np.full(4, np.nan, "<f4").tobytes())), "finite"),
]


@pytest.mark.parametrize(("command", "rule"), REFUSED)
def test_what_makes_no_sense_is_refused_and_changes_nothing(editor, command, rule):
    before = editor.ws.clone()
    with pytest.raises(EditError, match=rule):
        editor.apply(command)
    assert torch.equal(editor.ws, before)
    assert len(editor.history.states) == 1


def test_a_strength_has_an_end_and_an_id_is_taken_once():
    one = t.Direction.of(np.ones((8, 16), np.float32), "one")
    state = apply(START, t.AddDirection(one))
    with pytest.raises(EditError, match="has it already"):
        apply(state, t.AddDirection(one))
    for strength in (4.1, float("nan")):
        with pytest.raises(EditError, match="strength must be"):
            apply(state, t.SetStrength(one.id, strength))


def test_another_seed_ends_the_mix_and_a_reset_stills_the_sliders():
    one = t.Direction.of(np.ones((8, 16), np.float32), "one")
    state = fold(START, [t.SetMix(t.Mix(1, 0, 2)), t.AddDirection(one, 1.0), t.SetSeed(3)])
    assert state.mix is None
    assert state.sliders == (t.Slider(one, 1.0),)
    state = fold(state, [t.SetMix(t.Mix(1, 0, 2)), t.ResetPicture()])
    assert (state.mix, state.sliders) == (None, (t.Slider(one, 0.0),))


def test_questions_are_answered_beside_the_edit(editor):
    editor.apply(PULL)
    for _ in range(3):
        editor.step()
    editor.apply(t.Undo())
    before, points = editor.ws.clone(), editor.points(editor.look())
    whole = answer(editor, SeedPicture(3, 1.0, None, 0))
    small = answer(editor, SeedPicture(3, 1.0, None, 8))
    assert whole.content.shape == (32, 32, 4)
    assert small.content.shape == (8, 8, 4)
    pooled = whole.content.reshape(8, 4, 8, 4, 4).mean((1, 3))
    assert np.abs(pooled - small.content).max() <= 1
    left = answer(editor, StatePicture(1, 0)).content
    here = answer(editor, StatePicture(0, 0)).content
    assert np.array_equal(here, editor.draw(before))
    assert not np.array_equal(left, here)
    assert "state 7" in answer(editor, StatePicture(7, 0)).error
    kept = answer(editor, Print(1))
    assert np.array_equal(kept.content, here)
    assert kept.made.origin == editor.origin
    assert torch.equal(unpack(kept.made.tensors, *before.shape[1:]).ws, before.cpu())
    features = answer(editor, FeaturePicture(0)).content
    assert features.shape == (16, 16, 4)
    assert features.std() > 10
    assert torch.equal(editor.ws, before)
    assert editor.points(editor.look()) == points


def test_features_without_any_difference_have_a_colour_all_the_same():
    assert colour(torch.zeros(1, 8, 4, 4)).shape == (4, 4, 4)
    assert colour(torch.zeros(1, 2, 4, 4)).shape == (4, 4, 4)


def test_the_newest_questions_are_the_only_ones_and_cheap_ones_come_through():
    inquiry = Inquiry()
    inquiry.ask([SeedPicture(1, 1.0, None, 8)])
    inquiry.ask([SeedPicture(2, 1.0, None, 8), Dragged(0)])
    assert inquiry.next(busy=True) == Dragged(0)
    assert inquiry.next(busy=True) is None
    assert inquiry.next(busy=False) == SeedPicture(2, 1.0, None, 8)
    assert not inquiry.pending


def test_a_mix_in_the_hand_makes_one_state():
    history = History.begin(START)
    history = history.after(Event(0, 0.0, t.SetMix(t.Mix(1, 0, 2))))
    history = history.after(Event(0, 0.1, t.SetMix(t.Mix(1, 0, 3))))
    assert len(history.states) == 2
    assert history.edit.mix == t.Mix(1, 0, 3)
