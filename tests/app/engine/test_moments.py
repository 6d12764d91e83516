"""Moments within a pull: kept, seen beside the edit, gone on from, done again."""

import numpy as np
import pytest
import torch

from draglive.app.engine import types as t
from draglive.app.engine.answering import answer
from draglive.app.engine.asking import StatePicture
from draglive.app.engine.backends import RunnerChooser
from draglive.app.engine.device import open_device
from draglive.app.engine.edit import EditError
from draglive.app.engine.editor import Editor
from draglive.app.engine.log import Event, EventList, SavedEdit
from draglive.app.engine.moments import MOST, Moments
from draglive.app.engine.rerun import rerun, resume, revisited

PULL = t.AddPoint(t.DragPoint(1, t.Point(10, 12), t.Point(20, 12)))


def another(checkpoint):
    device = open_device("cpu", "float32")
    config = checkpoint.generator.config
    ws = torch.zeros(1, config.num_ws, config.w_dim)
    chooser = RunnerChooser(checkpoint, device, "eager", ws, background=False)
    return Editor(checkpoint, device, chooser, seed=1)


@pytest.fixture
def log(editor):
    log = EventList()
    editor.log_to(log)
    return log


def pull(editor, steps=6):
    """A pull with a moment in its middle; w+ there."""
    editor.apply(PULL)
    for _ in range(steps // 2):
        editor.step()
    editor.checkpoint()
    middle = editor.ws.clone()
    for _ in range(steps // 2):
        editor.step()
    editor.checkpoint()
    return middle


def test_a_moment_is_seen_and_gone_on_from_as_a_branch(editor, log):
    middle = pull(editor)
    assert list(editor.kept.moments.all()) == [(1, 3), (1, 6)]
    seen = answer(editor, StatePicture(1, 0, 3)).content
    assert np.array_equal(seen, editor.draw(middle))
    end = editor.ws.clone()
    editor.apply(t.Revisit(1, 3))
    assert torch.equal(editor.ws, middle)
    assert editor.state.points == ()
    assert editor.history.present.parent == 1
    editor.apply(t.Undo())
    assert torch.equal(editor.ws, end)
    assert [point.id for point in editor.state.points] == [1]
    editor.apply(t.Redo())
    assert torch.equal(editor.ws, middle)


@pytest.mark.parametrize("moment", [t.Revisit(1, 2), t.Revisit(0, 3), t.Revisit(9, 3)])
def test_there_are_no_other_moments(editor, log, moment):
    pull(editor)
    before, states = editor.ws.clone(), len(editor.history.states)
    with pytest.raises(EditError, match=r"lost|state must be"):
        editor.apply(moment)
    assert torch.equal(editor.ws, before)
    assert len(editor.history.states) == states


def test_a_visit_is_done_again_without_the_checkpoints_of_then(editor, log, checkpoint):
    pull(editor)
    editor.apply(t.Revisit(1, 3))
    editor.apply(PULL)
    editor.step()
    again = another(checkpoint)
    again.kept.wanted = revisited(log.records)
    for event in log.events:
        assert isinstance(event, Event)
        rerun(again, event)
    again.step()
    assert torch.equal(again.ws, editor.ws)


def test_an_edit_that_is_opened_again_still_has_its_moments(editor, log, checkpoint):
    middle = pull(editor)
    again = another(checkpoint)
    resume(again, SavedEdit(log.origin, tuple(log.records)))
    assert list(again.kept.moments.all()) == [(1, 3), (1, 6)]
    again.apply(t.Revisit(1, 3))
    assert torch.equal(again.ws, middle)


def test_what_was_changed_at_rest_is_no_moment_of_the_pull(editor, log):
    pull(editor)
    editor.apply(t.SetTruncation(0.5))
    editor.checkpoint()
    assert list(editor.kept.moments.all()) == [(1, 3), (1, 6)]


def test_a_long_pull_has_no_more_moments_than_a_short_one():
    moments = Moments()
    for step in range(5000):
        moments.offer(3, step)
    steps = [step for _, step in moments.all()]
    assert MOST / 2 <= len(steps) <= MOST
    assert steps == sorted(steps)
    assert max(np.diff(steps)) <= 5000 / len(steps) * 2.5
