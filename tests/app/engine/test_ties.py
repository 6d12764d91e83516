"""Pins, groups and mirrored pairs: pure rules, and the same on tensors."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from draglive.app.engine import ties
from draglive.app.engine import types as t
from draglive.app.engine.edit import MAX_ONE_BY_ONE, MAX_POINTS, EditError, EditState, apply, fold
from draglive.app.engine.history import History
from draglive.app.engine.log import Event
from draglive.app.engine.mailbox import CommandMailbox
from draglive.app.engine.snapshot import pack

SIZE = t.Size(40, 30)
START = EditState(SIZE, t.DragConfig())
A = t.DragPoint(1, t.Point(3, 4), t.Point(5, 6))
B = t.DragPoint(2, t.Point(7, 8), t.Point(9, 10))
C = t.DragPoint(3, t.Point(20, 8), t.Point(30, 10))


def targets(state):
    return {p.id: tuple(p.target) for p in state.points}


def test_a_group_moves_together_and_keeps_its_shape_at_the_border():
    state = fold(START, [t.AddPoints((A, B, C)), t.GroupPoints((1, 2))])
    state = apply(state, t.MoveTarget(1, t.Point(8, 5)))
    assert targets(state) == {1: (8, 5), 2: (12, 9), 3: (30, 10)}
    state = apply(state, t.MoveTarget(2, t.Point(2, 9)))  # 1 would leave the picture
    assert targets(state) == {1: (0, 5), 2: (4, 9), 3: (30, 10)}
    state = fold(state, [t.UngroupPoints((2,)), t.MoveTarget(2, t.Point(2, 2))])
    assert targets(state) == {1: (0, 5), 2: (2, 2), 3: (30, 10)}


def test_grouping_joins_whole_groups():
    commands = [t.AddPoints((A, B, C)), t.GroupPoints((1, 2)), t.GroupPoints((2, 3))]
    state = fold(START, commands)
    assert len({p.group for p in state.points}) == 1
    assert all(p.group for p in state.points)


def test_a_mirrored_pair_moves_as_in_a_mirror():
    left = t.DragPoint(1, t.Point(10, 5), t.Point(10, 5), group=1)
    there = ties.mirrored(left.handle, SIZE)
    right = t.DragPoint(2, there, there, group=1, flipped=True)
    state = fold(START, [t.AddPoints((left, right)), t.MoveTarget(2, t.Point(35, 9))])
    assert targets(state) == {1: (4, 9), 2: (35, 9)}


def test_a_pinned_point_stays_where_it_was_pinned():
    state = fold(START, [t.AddPoint(A), t.PinPoint(1, t.Point(8, 9))])
    assert state.points == (replace(A, target=t.Point(8, 9), pinned=True),)
    with pytest.raises(EditError, match="point 1: it is pinned"):
        apply(state, t.MoveTarget(1, t.Point(2, 2)))
    state = apply(state, t.MoveHandle(1, t.Point(2, 2)))
    assert state.points[0].handle == state.points[0].target == (2, 2)
    state = fold(state, [t.UnpinPoint(1), t.MoveTarget(1, t.Point(4, 4))])
    assert targets(state) == {1: (4, 4)}


def test_a_pinned_member_does_not_go_along():
    commands = [t.AddPoints((A, B)), t.GroupPoints((1, 2)), t.PinPoint(2, B.target)]
    state = fold(START, [*commands, t.MoveTarget(1, t.Point(8, 8))])
    assert targets(state) == {1: (8, 8), 2: tuple(B.target)}


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        (t.GroupPoints((1,)), "a group has at least 2 points, not 1"),
        (t.GroupPoints((1, 9)), "point 9: there is no such point"),
        (t.UngroupPoints((9,)), "point 9: there is no such point"),
        (t.PinPoint(1, t.Point(40, 0)), r"place \(40, 0\) is outside"),
        (t.UnpinPoint(9), "point 9: there is no such point"),
        (t.AddPoints((B, B)), "point 2: the id is taken"),
        (t.AddPoints((replace(B, group=-1),)), "group must be from 0"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_rule(command, rule):
    with pytest.raises(EditError, match=rule):
        apply(apply(START, t.AddPoint(A)), command)


def test_so_many_points_and_no_more():
    def row(first, end):
        return t.AddPoints(tuple(replace(A, id=n) for n in range(first, end)))

    state = apply(START, row(0, MAX_ONE_BY_ONE))
    with pytest.raises(EditError, match=f"at most {MAX_ONE_BY_ONE} points one by one"):
        apply(state, t.AddPoint(replace(A, id=-1)))
    state = apply(state, row(MAX_ONE_BY_ONE, MAX_POINTS))
    with pytest.raises(EditError, match=f"at most {MAX_POINTS} points"):
        apply(state, row(MAX_POINTS, MAX_POINTS + 1))


def test_putting_a_mirrored_pair_and_pulling_it_is_one_action():
    pair = (replace(A, group=1), replace(B, group=1, flipped=True))
    history = History.begin(START)
    for command in (t.AddPoints(pair), t.MoveTarget(1, t.Point(8, 8)), t.MoveTarget(2, C.handle)):
        history = history.after(Event(0, 0.0, command))
    assert history.current == 1
    history = history.after(Event(0, 0.0, t.Undo()))
    assert history.edit.points == ()


PLACES = st.tuples(st.integers(0, 39), st.integers(0, 29)).map(lambda xy: t.Point(*xy))


@given(st.lists(st.tuples(st.sampled_from((1, 2, 3)), PLACES), max_size=8))
def test_moves_that_newer_ones_replace_may_be_left_out(moves):
    points = (A, replace(B, flipped=True), C)
    state = fold(START, [t.AddPoints(points), t.GroupPoints((1, 2, 3))])
    commands = [t.MoveTarget(*move) for move in moves]
    mailbox = CommandMailbox()
    for command in commands:
        mailbox.post(command)
    whole, fewer = fold(state, commands), fold(state, mailbox.drain().commands)
    if moves:
        leader = moves[-1][0]
        flips = {p.id: -1 if p.flipped else 1 for p in whole.points}
        assert (
            len({p.target.y - q.target.y for p, q in zip(whole.points, points, strict=True)}) == 1
        )
        assert len({flips[p.id] * (p.target.x - q.target.x)
                    for p, q in zip(whole.points, points, strict=True)}) == 1  # fmt: skip
        assert whole.point(leader).target.distance(fewer.point(leader).target) == 0


def test_pins_groups_and_trust_on_tensors(editor):
    a = t.DragPoint(1, t.Point(10, 12), t.Point(10, 12))
    b = t.DragPoint(2, t.Point(20, 20), t.Point(20, 20))
    editor.apply(t.AddPoints((a, b)))
    (first, second) = editor.points(editor.look())
    assert first.trust == pytest.approx(1, abs=1e-3)
    assert not first.lost
    editor.apply(t.GroupPoints((1, 2)))
    editor.apply(t.MoveTarget(1, t.Point(16, 12)))
    kept = pack(editor._drag.save())
    view = editor.step()
    (first, second) = editor.points(view)
    assert second.target == (26, 20)
    assert second.group == first.group != 0
    editor.apply(t.EndGesture())
    editor.apply(t.PinPoint(2, second.handle))
    editor.step()
    assert editor.points(editor.look())[1].pinned
    editor.apply(t.Undo())
    editor.apply(t.Undo())
    editor.apply(t.Redo())
    assert editor.state.points[1].target == (26, 20)
    assert kept != pack(editor._drag.save())  # as it was left: a step later


def test_a_point_whose_patch_is_gone_is_lost_until_it_is_anchored_anew(editor):
    editor.apply(t.AddPoint(t.DragPoint(1, t.Point(10, 12), t.Point(10, 12))))
    editor.look()
    editor._drag.points.references.neg_()  # as unlike as can be
    (point,) = editor.points(editor.look())
    assert point.trust == 0
    assert point.lost
    editor.apply(t.MoveHandle(1, point.handle))
    (point,) = editor.points(editor.look())
    assert not point.lost


def test_slots_of_many_points_are_found_at_once(editor):
    rng = np.random.default_rng(0)
    places = [t.Point(*xy) for xy in rng.uniform(0, 31, (3000, 2))]
    editor.apply(t.AddPoints(tuple(t.DragPoint(n, p, p) for n, p in enumerate(places))))
    shown = editor._drag.points
    assert int(shown.active.sum()) == 3000
    assert torch.equal(shown.handles[:3000], torch.tensor(places, dtype=torch.float32))
