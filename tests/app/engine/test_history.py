"""The tree of states, folded from events alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from draglive.app.engine import types as t
from draglive.app.engine.edit import EditError, EditState
from draglive.app.engine.history import History, fold
from draglive.app.engine.log import Event
from draglive.app.engine.masks import PackedMask

SIZE = t.Size(40, 30)
START = EditState(SIZE, t.DragConfig())
A = t.DragPoint(1, t.Point(3, 4), t.Point(5, 6))
B = t.DragPoint(2, t.Point(7, 8), t.Point(9, 10))
MASK = np.linspace(0, 1, 1200, dtype=np.float32).reshape(30, 40)
MOVED = t.MoveTarget(1, t.Point(8, 8))


def played(*commands, apart_s=0.1):
    return fold(START, [Event(i, i * apart_s, c) for i, c in enumerate(commands)])


def test_a_pull_is_one_state_however_many_moves():
    history = played(t.AddPoint(A), MOVED, t.MoveTarget(1, t.Point(9, 9)), t.EndGesture())
    assert len(history.states) == 2
    assert history.edit.points == (replace(A, target=t.Point(9, 9)),)
    assert history.present.action == t.AddPoint(A)


def test_another_gesture_on_the_same_point_is_another_state():
    history = played(t.AddPoint(A), MOVED, t.EndGesture(), t.MoveTarget(1, t.Point(9, 9)))
    assert len(history.states) == 3
    assert played(t.AddPoint(A), MOVED, t.EndGesture(), MOVED, t.Undo()).edit.points == (
        replace(A, target=t.Point(8, 8)),
    )


def test_a_slider_that_rests_begins_another_action():
    commands = t.SetTruncation(0.9), t.SetTruncation(0.8)
    assert len(played(*commands, apart_s=0.1).states) == 2
    assert len(played(*commands, apart_s=1.1).states) == 3


def test_undo_and_redo_walk_the_tree_and_a_new_edit_keeps_the_old_branch():
    history = played(t.AddPoint(A), t.SetSeed(5), t.Undo(), t.Undo(), t.AddPoint(B))
    assert [s.parent for s in history.states] == [None, 0, 1, 0]
    assert history.current == 3
    assert not history.can_redo
    there = history.after(Event(9, 9.0, t.GoTo(2)))
    assert (there.edit.seed, there.edit.points) == (5, ())
    back = there.after(Event(9, 9.0, t.Undo())).after(Event(9, 9.0, t.Undo()))
    assert back.current == 0
    again = back.after(Event(9, 9.0, t.Redo()))
    assert again.current == 1  # the branch that was visited last
    assert again.edit.points == (A,)


def test_a_mask_comes_back_bit_by_bit():
    history = played(t.SetMask(MASK), t.EndGesture(), t.SetMask(None), t.Undo())
    assert np.array_equal(history.edit.mask, MASK)
    assert history.edit.mask.flags.writeable  # torch warns of others
    assert all(s.edit.mask is None for s in history.states)


def test_pausing_is_no_action_and_undo_leaves_it():
    history = played(t.AddPoint(A), t.SetPaused(paused=True), t.Undo())
    assert history.edit.paused
    assert len(history.states) == 2


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        (t.Undo(), "nothing to undo"),
        (t.Redo(), "nothing to redo"),
        (t.GoTo(2), "state must be from 0 to 1, not 2"),
        (t.GoTo(-1), "state must be from 0 to 1, not -1"),
        (t.RemovePoint(7), "point 7: there is no such point"),
    ],
)
def test_what_cannot_be_is_refused_with_the_rule(command, rule):
    history = played(t.SetSeed(3), t.Undo(), t.Redo())
    history = history if isinstance(command, t.Redo | t.GoTo) else History.begin(START)
    if isinstance(command, t.GoTo):
        history = played(t.SetSeed(3))
    with pytest.raises(EditError, match=rule):
        history.after(Event(0, 0.0, command))


@pytest.mark.parametrize("content", [b"", b"x", PackedMask.of(MASK[:, :7]).content])
def test_a_packed_mask_that_is_none_is_refused(content):
    with pytest.raises(ValueError, match="mask: "):
        PackedMask(SIZE, content).mask()


COMMANDS = st.sampled_from(
    [
        t.AddPoint(A),
        t.AddPoint(B),
        MOVED,
        t.RemovePoint(2),
        t.ClearPoints(),
        t.SetSeed(4),
        t.SetTruncation(0.5),
        t.SetMask(MASK),
        t.SetMask(None),
        t.EndGesture(),
        t.Undo(),
        t.Undo(),
        t.Redo(),
        t.GoTo(0),
        t.GoTo(3),
    ]
)


def content(edit):
    mask = None if edit.mask is None else edit.mask.tobytes()
    return edit.seed, edit.psi, edit.points, mask


@given(st.lists(COMMANDS, max_size=30))
def test_whatever_is_done_undoing_and_redoing_it_all_ends_where_it_began(commands):
    history = History.begin(START)
    for number, command in enumerate(commands):
        try:
            history = history.after(Event(number, number * 0.7, command))
        except EditError:
            continue
    end, current, steps = content(history.edit), history.current, 0
    while history.can_undo:
        history, steps = history.after(Event(0, 0.0, t.Undo())), steps + 1
    assert content(history.edit) == content(START)
    for _ in range(steps):
        history = history.after(Event(0, 0.0, t.Redo()))
    assert (content(history.edit), history.current) == (end, current)
