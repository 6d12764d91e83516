import pytest

from draglive.app.engine.types import (
    AddPoint,
    ClearPoints,
    DragPoint,
    MoveHandle,
    MoveTarget,
    Point,
    PointState,
    RemovePoint,
    ResetPicture,
    SetPaused,
    SetSeed,
)
from draglive.app.gui.intents import PATIENCE_FRAMES, Intents

A, B, C = Point(10, 10), Point(40, 10), Point(70, 30)


def shown(number, handle, target, *, arrived=False):
    return PointState(number, handle, target, arrived)


def test_a_new_point_is_shown_before_any_frame_knows_it():
    intents = Intents()
    intents.note(AddPoint(DragPoint(1, A, A)))
    intents.note(MoveTarget(1, B))
    assert intents.points == (shown(1, A, B),)
    intents.settle((), 0)
    assert intents.points == (shown(1, A, B),)


def test_once_a_frame_shows_it_the_frame_knows_where_the_handle_is():
    intents = Intents()
    intents.note(AddPoint(DragPoint(1, A, A)))
    intents.note(MoveTarget(1, B))
    moved = Point(12, 10)
    intents.settle((shown(1, moved, A),), 3)
    assert intents.points == (shown(1, moved, B),)  # the target in the hand is ahead of it
    intents.settle((shown(1, moved, B),), 4)
    assert intents.points == (shown(1, moved, B),)
    intents.settle((shown(1, B, B, arrived=True),), 5)
    assert intents.points == (shown(1, B, B, arrived=True),)


def test_a_point_with_a_new_target_has_not_arrived():
    intents = Intents()
    intents.settle((shown(1, A, A, arrived=True),), 0)
    intents.note(MoveTarget(1, B))
    assert intents.points == (shown(1, A, B),)


def test_a_moved_handle_is_drawn_there_until_the_frame_agrees():
    intents = Intents()
    intents.settle((shown(1, A, B),), 0)
    intents.note(MoveHandle(1, C))
    intents.settle((shown(1, A, B),), 1)
    assert intents.points == (shown(1, C, B),)
    tracked = Point(C.x + 1, C.y)
    intents.settle((shown(1, tracked, B),), 2)
    assert intents.points == (shown(1, tracked, B),)


def test_frames_that_keep_disagreeing_are_right_in_the_end():
    intents = Intents()
    intents.settle((shown(1, A, B),), 0)
    intents.note(MoveTarget(1, C))
    intents.settle((shown(1, A, B),), PATIENCE_FRAMES)
    assert intents.points == (shown(1, A, C),)
    intents.settle((shown(1, A, B),), PATIENCE_FRAMES + 1)
    assert intents.points == (shown(1, A, B),)


def test_a_point_that_was_refused_goes_away():
    intents = Intents()
    intents.note(AddPoint(DragPoint(1, A, A)))
    intents.settle((), PATIENCE_FRAMES + 1)
    assert intents.points == ()


def test_a_removed_point_never_comes_back():
    intents = Intents()
    intents.settle((shown(1, A, B), shown(2, C, C)), 0)
    intents.note(RemovePoint(1))
    assert [p.id for p in intents.points] == [2]
    intents.settle((shown(1, A, B), shown(2, C, C)), 1)  # made before the command was drained
    assert [p.id for p in intents.points] == [2]


def test_put_and_removed_before_any_frame():
    intents = Intents()
    intents.note(AddPoint(DragPoint(1, A, A)))
    intents.note(RemovePoint(1))
    intents.settle((shown(1, A, A),), 0)
    assert intents.points == ()


@pytest.mark.parametrize("command", [ClearPoints(), ResetPicture(), SetSeed(3)])
def test_what_ends_all_points_ends_them_at_once(command):
    intents = Intents()
    intents.settle((shown(1, A, B),), 0)
    intents.note(AddPoint(DragPoint(2, C, C)))
    intents.note(command)
    assert intents.points == ()
    intents.note(AddPoint(DragPoint(3, A, A)))
    intents.settle((shown(1, A, B), shown(2, C, C)), 1)
    assert [p.id for p in intents.points] == [3]


def test_other_commands_do_not_concern_points():
    intents = Intents()
    intents.settle((shown(1, A, B),), 0)
    intents.note(SetPaused(True))
    assert intents.points == (shown(1, A, B),)
