"""Straight pulls, pins, chosen points, mirrored pairs, lost points: the hand and its keys, pure."""

import itertools
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from draglive.app.engine.types import (
    AddPoint,
    AddPoints,
    EndGesture,
    GroupPoints,
    MoveHandle,
    MoveTarget,
    PinPoint,
    Point,
    PointState,
    Size,
    Undo,
    UngroupPoints,
    UnpinPoint,
)
from draglive.app.gui.intents import Intents
from draglive.app.gui.picture.input import InputState, PointerInput, Scene, react
from draglive.app.gui.picture.marking import Marking
from draglive.app.gui.picture.scene import FIRST_ID, Hit
from draglive.app.gui.picture.stamps import layers_of, painted
from draglive.app.gui.picture.trails import LONGEST, SHORTEST, Trails
from draglive.app.gui.picture.viewport import Spot, ViewTransform
from draglive.app.session.overlay import Shape, shape_of

PICTURE = Size(100, 100)
VIEW = ViewTransform.fit(PICTURE, PICTURE)
A = PointState(FIRST_ID, Point(20, 20), Point(30, 20), arrived=False)
B = PointState(FIRST_ID + 1, Point(60, 60), Point(80, 60), arrived=False)


class Hand:
    """A hand, and points that stay where they are put."""

    def __init__(self, *points, **scene):
        self.intents = Intents(PICTURE)
        self.intents.settle(points, 0)
        self.state, self.scene = InputState(), Scene(VIEW, reach_px=6, **scene)

    def do(self, x, y, *buttons, **pointer):
        now = PointerInput(Spot(x + 0.5, y + 0.5), True, frozenset(buttons), **pointer)
        reaction = react(self.state, now, replace(self.scene, points=self.intents.points))
        self.state = reaction.state
        for command in reaction.commands:
            self.intents.note(command)
        return reaction

    def press(self, x, y, **pointer):
        self.do(x, y, **pointer)
        return self.do(x, y, "left", **pointer)


def test_with_shift_a_target_goes_straight_from_where_it_was():
    hand = Hand()
    hand.press(50, 50)
    assert hand.do(70, 58, "left", shift=True).commands[0].target == (70, 50)
    assert hand.do(54, 80, "left", shift=True).commands[0].target == (50, 80)
    hand = Hand(A)
    hand.press(30, 20)
    assert hand.do(33, 60, "left", shift=True).commands == (MoveTarget(A.id, Point(30, 60)),)


def test_with_ctrl_a_press_pins_or_chooses():
    hand = Hand(A)
    (added,) = hand.press(70, 70, control=True).commands
    assert added.point.pinned
    assert added.point.handle == added.point.target == (70, 70)
    hand.do(70, 70, control=True)
    reaction = hand.press(20, 20, control=True)
    assert (reaction.chosen, reaction.commands) == (A.id, ())


def test_a_pin_in_the_hand_is_put_elsewhere():
    pinned = replace(A, target=Point(40, 40), pinned=True)
    hand = Hand(pinned)
    hand.press(40, 40)
    assert hand.do(50, 45, "left").commands == (MoveHandle(A.id, Point(50, 45)),)
    assert hand.intents.points[0].target == (50, 45)


def test_a_mirrored_pair_is_put_and_pulled_at_once():
    hand = Hand(mirrored=True)
    (added,) = hand.press(20, 30).commands
    assert isinstance(added, AddPoints)
    assert [p.handle for p in added.points] == [(20, 30), (79, 30)]
    hand.do(25, 40, "left")
    assert [p.target for p in hand.intents.points] == [(25, 40), (74, 40)]
    hand.do(25, 40)
    (added,) = hand.press(50, 80).commands  # on the line itself there is no pair
    assert isinstance(added, AddPoint)
    assert added.point.id == FIRST_ID + 2


def test_the_wheel_sizes_the_brush_and_with_ctrl_the_picture():
    hand = Hand(painting=True)
    reaction = hand.do(50, 50, wheel=1.0)
    assert reaction.brush > 1
    assert reaction.view == VIEW
    reaction = hand.do(50, 50, wheel=1.0, control=True)
    assert reaction.brush == 1
    assert reaction.view.zoom > VIEW.zoom


class Desk:
    def __init__(self, *points):
        self.points, self.posted, self.said = points, [], []
        self.marking = Marking(self, lambda: self.points)

    def post(self, command):
        self.posted.append(command)

    def say(self, text, tone="info"):
        self.said.append(text)

    def do(self, action):
        self.marking.actions[action]()
        posted, self.posted = self.posted, []
        return posted


def test_pin_means_the_point_under_the_pointer_then_the_chosen_then_all():
    desk = Desk(A, B)
    assert desk.do("pin") == [PinPoint(A.id, A.handle), PinPoint(B.id, B.handle), EndGesture()]
    desk.marking.point_at(Hit(B, "handle"))
    assert desk.do("pin") == [PinPoint(B.id, B.handle), EndGesture()]
    desk.marking.choose(A.id)
    assert desk.do("pin") == [PinPoint(A.id, A.handle), EndGesture()]
    desk.points = (replace(A, pinned=True), B)
    assert desk.do("pin") == [UnpinPoint(A.id), EndGesture()]


def test_groups_need_two_points_and_dissolve_by_the_same_key():
    desk = Desk(A, B)
    desk.marking.choose(A.id)
    assert desk.do("group") == []
    assert "needs two points" in desk.said[-1]
    desk.marking.choose(B.id)
    assert desk.do("group") == [GroupPoints((A.id, B.id)), EndGesture()]
    assert not desk.marking.chosen
    desk.points = tuple(replace(p, group=1) for p in (A, B))
    assert desk.do("group") == [UngroupPoints((A.id, B.id)), EndGesture()]


def test_a_lost_point_says_so_and_is_anchored_anew():
    gone = replace(B, trust=0.1)
    desk = Desk(A, gone)
    assert desk.marking.note == "Point 2 lost its patch. A takes hold of what is there now."
    assert desk.do("anchor") == [MoveHandle(B.id, B.handle), EndGesture()]
    desk.points = (replace(A, trust=0.2), gone)
    assert desk.marking.note.startswith("Points 1 and 2 lost their patches.")
    desk.points = (A, B)
    assert desk.marking.note == ""
    assert desk.do("anchor") == []


@pytest.mark.parametrize("action", ["pin", "group", "anchor"])
def test_without_points_keys_say_so(action):
    desk = Desk()
    assert desk.do(action) == []
    assert desk.said


def test_trust_is_told_by_shape_and_colour():
    shown = [shape_of(replace(A, trust=trust)) for trust in (1.0, 0.8, 0.3)]
    assert len({shape for shape, _ in shown}) == len({tuple(c) for _, c in shown}) == 3
    shown.append(shape_of(replace(A, pinned=True)))
    forms = []
    for kind, colour in shown:
        picture = painted(layers_of(kind), 4.0)
        size = len(picture)
        forms.append(np.pad(picture[..., 3] > 0.9, 60 - size // 2))
        beside = picture[size // 2, size // 2 + 16]  # a pin has a dot in its middle
        assert np.allclose(beside * 255, colour, atol=1)
    for one, other in itertools.combinations(forms, 2):
        assert (one ^ other).sum() > 0.1 * one.sum()


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("kind", [*get_args(Shape), "target", "arrived"])
def test_a_stamp_is_whole_and_its_middle_is_in_the_middle(kind, scale):
    picture = painted(layers_of(kind, 1.25), scale)
    alpha = picture[..., 3]
    assert picture.min() >= 0
    assert picture.max() <= 1
    assert alpha[[0, -1]].max() == alpha[:, [0, -1]].max() == 0, "cut off"
    assert np.allclose(alpha, alpha[:, ::-1], atol=1e-3)
    assert alpha[len(alpha) // 2, len(alpha) // 2] > 0.9


def test_many_trails_share_what_can_be_drawn():
    points = tuple(replace(A, id=number) for number in range(1, 41))
    trails = Trails()
    for x in range(300):
        trails.follow(tuple(replace(p, handle=Point(x, p.id)) for p in points))
    assert len(trails.all) == 40
    assert sum(map(len, trails.all)) <= 40 * SHORTEST
    assert all((t[0].x, t[-1].x) == (0, 299) for t in trails.all)


def test_trails_follow_handles_and_are_forgotten_where_handles_jump():
    trails = Trails()
    for x in range(3 * LONGEST):
        trails.follow((replace(A, handle=Point(x, 0)), B))
    (trail,) = trails.all
    assert (trail[0].x, trail[-1].x) == (0, 3 * LONGEST - 1)
    assert len(trail) <= LONGEST
    desk = Desk(A)
    desk.marking.trails = trails
    desk.marking.note_command(Undo())
    assert trails.all == ()
