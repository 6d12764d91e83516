"""An edit done again where numbers are others: the same gestures, the same picture."""

from dataclasses import replace

import pytest
import torch

from draglive.app.engine import types as t
from draglive.app.engine.loading import EngineOptions, load_editor
from draglive.app.engine.log import Checkpoint, EventList, SavedEdit
from draglive.app.engine.snapshot import unpack
from draglive.app.replay import Replay, describe_outcome, open_for_replay
from draglive.app.session.patches import patch_apart


@pytest.fixture
def recorded(small_model):
    """Three gestures, undone once, in bfloat16."""
    log = EventList()
    editor, chooser = load_editor(
        EngineOptions(small_model, "cpu", "bfloat16", "eager", seed=1, background=False)
    )
    editor.log_to(log)
    for number, (handle, target) in enumerate([((20, 20), (9, 12)), ((8, 24), (14, 20))], start=1):
        editor.apply(t.AddPoint(t.DragPoint(number, t.Point(*handle), t.Point(*target))))
        for _ in range(12):
            editor.advance()
    editor.apply(t.Undo())
    editor.apply(t.MoveTarget(1, t.Point(16, 12)))
    for _ in range(6):
        editor.advance()
    editor.checkpoint()
    chooser.close()
    return SavedEdit(log.origin, tuple(log.records))


def again(recorded, model, **flags):
    options = EngineOptions(model, dtype=flags.pop("dtype", "float32"))
    editor, follow, chooser = open_for_replay(recorded.origin, options)
    outcome = Replay(recorded, editor, follow, apart=patch_apart, **flags).run()
    chooser.close()
    return editor, outcome


def test_elsewhere_gestures_begin_and_end_where_they_did_then(recorded, small_model):
    editor, outcome = again(recorded, small_model)
    end = recorded.records[-1]
    assert isinstance(end, Checkpoint)
    then = unpack(end.content, *editor.ws.shape[1:])
    assert torch.equal(editor.ws, then.ws)
    assert [tuple(p.handle) for p in outcome.points] == [tuple(then.handles[0].tolist())]
    assert (outcome.led, outcome.same_setup, outcome.refused) == (True, False, 0)
    assert outcome.first is not None
    assert [g.step for g in outcome.gestures] == [12, 24, 30]
    assert all(0 < g.w_plus < 1 and g.pictures_px is not None for g in outcome.gestures)
    left = [r for r in recorded.records if isinstance(r, Checkpoint) and r.left]
    for checkpoint in left:  # what undo leads back to is what it led back to then
        there = unpack(checkpoint.content, *editor.ws.shape[1:])
        assert torch.equal(editor.ws_of(checkpoint.state), there.ws)
    assert "every gesture begins and ends where it did then" in describe_outcome(outcome)[0]


def test_left_to_itself_it_ends_elsewhere_and_that_is_told(recorded, small_model):
    editor, alone = again(recorded, small_model, led=False)
    _, outcome = again(recorded, small_model)
    assert (alone.led, alone.last.step) == (False, 30)
    assert alone.last.w_plus > 0
    assert not torch.equal(editor.ws, unpack(recorded.records[-1].content, *editor.ws.shape[1:]).ws)
    assert describe_outcome(outcome, alone)[-1].startswith("left to itself, its handles end")


def test_on_the_same_set_up_nothing_is_led(recorded, small_model):
    _, outcome = again(recorded, small_model, dtype="auto")
    assert (outcome.same_setup, outcome.led, outcome.first) == (True, False, None)
    assert outcome.holds


def test_a_same_set_up_that_parts_is_no_success(recorded, small_model):
    *records, end = recorded.records
    shifted = replace(end, content=records[0].content)
    _, outcome = again(replace(recorded, records=(*records, shifted)), small_model, dtype="auto")
    assert (outcome.same_setup, outcome.led, outcome.holds) == (True, False, False)
    assert describe_outcome(outcome)[0] == "bitwise the same up to step 24, not at step 30"


def test_another_models_numbers_are_not_compared(recorded, small_model):
    _, outcome = again(recorded, small_model, same_model=False)
    assert (outcome.led, outcome.checkpoints, outcome.gestures) == (False, 0, ())
    assert outcome.steps == 30
    assert "another model" in describe_outcome(outcome)[0]


def test_a_gesture_that_ends_elsewhere_does_not_hold(recorded, small_model):
    _, outcome = again(recorded, small_model)
    far = replace(outcome.gestures[0], handles_px=2.5, arrived=True)
    assert outcome.holds
    assert not replace(outcome, gestures=(far,)).holds
    assert replace(outcome, gestures=(replace(far, arrived=False),)).holds
