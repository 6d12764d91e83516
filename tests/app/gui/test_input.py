"""The hand as a pure machine: a `Player` presses and moves; `react` answers."""

from dataclasses import replace

import pytest

from draglive.app.engine.types import (
    AddPoint,
    DragPoint,
    MoveHandle,
    MoveTarget,
    Point,
    PointState,
    RemovePoint,
    Size,
)
from draglive.app.gui.intents import Intents
from draglive.app.gui.picture.input import (
    FIRST_ID,
    KEYS,
    InputState,
    PointerInput,
    Scene,
    find,
    react,
)
from draglive.app.gui.picture.viewport import Spot, ViewTransform

PICTURE = Size(100, 100)
AREA = Size(500, 500)  # five screen pixels a pixel


class Player:
    """A hand, the window's part in between, and no engine: points stay where they are put."""

    def __init__(self, *points, painting=False):
        self.intents = Intents()
        self.intents.settle(points, 0)
        self.state = InputState()
        self.view = ViewTransform.fit(PICTURE, AREA)
        self.painting = painting
        self.pointer = PointerInput(Spot(0, 0), hovered=True)
        self.strokes = []

    @property
    def scene(self):
        return Scene(self.view, self.intents.points, painting=self.painting)

    def do(self, **changes):
        """Change the pointer; the commands that follow."""
        self.pointer = replace(self.pointer, **changes)
        reaction = react(self.state, self.pointer, self.scene)
        self.state, self.view = reaction.state, reaction.view
        self.strokes += reaction.strokes
        for command in reaction.commands:
            self.intents.note(command)
        return list(reaction.commands)

    def press(self, x, y, button="left", **changes):
        self.do(spot=Spot(x, y))
        return self.do(buttons=frozenset([button]), **changes)

    def move(self, x, y):
        return self.do(spot=Spot(x, y))

    def release(self):
        return self.do(buttons=frozenset())


def at(x, y, tx, ty, *, number=1, arrived=False):
    return PointState(number, Point(x, y), Point(tx, ty), arrived)


def test_press_on_the_picture_puts_a_handle_and_pulls_it_live():
    player = Player()
    (added,) = player.press(252.5, 152.5)
    assert added == AddPoint(DragPoint(FIRST_ID, Point(50, 30), Point(50, 30)))
    assert player.do() == []  # holding still asks for nothing
    moves = [player.move(252.5 + 5 * i, 152.5) for i in range(1, 4)]
    assert moves == [[MoveTarget(FIRST_ID, Point(50 + i, 30))] for i in range(1, 4)]
    assert player.release() == []
    assert player.move(400, 400) == []


def test_the_place_of_release_counts_even_when_it_comes_with_a_move():
    player = Player()
    player.press(252.5, 152.5)
    moved = player.do(spot=Spot(302.5, 152.5), buttons=frozenset())
    assert moved == [MoveTarget(FIRST_ID, Point(60, 30))]


def test_ids_are_never_used_twice():
    player = Player()
    ids = []
    for x in (50, 150, 250):
        (added,) = player.press(x, 400)
        ids.append(added.point.id)
        player.intents.note(RemovePoint(added.point.id))
        player.release()
    assert ids == [FIRST_ID, FIRST_ID + 1, FIRST_ID + 2]


def test_press_beside_the_picture_or_under_a_dialog_does_nothing():
    player = Player()
    player.view = player.view.zoomed(0.5, Spot(250, 250))
    assert player.press(10, 10) == []
    player.release()
    player.do(hovered=False)
    assert player.press(250, 250) == []
    player.do(hovered=True)  # the dialog goes while the button is still down
    assert player.move(260, 250) == []
    assert player.release() == []


def test_press_before_there_is_a_picture_does_nothing():
    player = Player()
    pointer = PointerInput(Spot(250, 250), hovered=True, buttons=frozenset(["left"]), wheel=1)
    reaction = react(player.state, pointer, replace(player.scene, editable=False))
    assert reaction.commands == ()
    assert reaction.view == player.view


def test_a_target_is_taken_where_it_was_gripped():
    player = Player(at(20, 20, 60, 40))
    assert player.press(302.5 + 6, 202.5 + 3) == []  # its middle is at (302.5, 202.5)
    assert player.move(302.5 + 7, 202.5 + 4) == []  # a click trembles
    (moved,) = player.move(302.5 + 56, 202.5 + 3)
    assert moved == MoveTarget(1, pytest.approx(Point(70, 40)))
    (moved,) = player.move(302.5 + 6, 202.5 + 3)  # back to the start is a move too
    assert moved == MoveTarget(1, pytest.approx(Point(60, 40)))


def test_a_handle_is_taken_and_moved():
    player = Player(at(20, 20, 60, 40))
    assert player.press(102.5, 102.5) == []
    assert player.move(152.5, 102.5) == [MoveHandle(1, Point(30, 20))]


@pytest.mark.parametrize("point", [at(60, 40, 60, 40, arrived=True), at(59, 40, 60, 40)])
def test_a_handle_on_its_target_is_pulled_again(point):
    player = Player(point)
    assert player.press(302.5, 202.5) == []
    assert player.move(352.5, 202.5) == [MoveTarget(1, Point(70, 40))]


def test_targets_and_new_points_stay_on_the_picture():
    player = Player()
    (added,) = player.press(1, 1)  # on the outer half of the corner pixel
    assert added.point.handle == Point(0, 0)
    player.move(250, 250)
    assert player.move(-400, 2000) == [MoveTarget(FIRST_ID, Point(0, 99))]


def test_right_click_deletes_a_point_by_either_marker_and_nothing_else():
    points = at(20, 20, 60, 40), at(80, 80, 80, 80, number=2, arrived=True)
    for spot, gone in (((102.5, 102.5), 1), ((302.5, 202.5), 1), ((402.5, 402.5), 2)):
        player = Player(*points)
        assert player.press(*spot, button="right") == [RemovePoint(gone)]
        assert gone not in [p.id for p in player.intents.points]
    assert Player(*points).press(250, 450, button="right") == []


def test_a_point_deleted_in_the_hand_is_let_go():
    player = Player(at(20, 20, 60, 40))
    player.press(302.5, 202.5)
    player.move(330, 202.5)
    player.intents.note(RemovePoint(1))
    assert player.move(360, 202.5) == []
    assert player.state.grab is None
    assert player.move(100, 300) == []  # and no new one is made of the same press


def test_wheel_zooms_at_the_cursor():
    player = Player()
    player.do(spot=Spot(100, 150))
    before = player.view.to_image(Spot(100, 150))
    player.do(wheel=3.0)
    assert player.view.zoom > 5
    assert player.view.to_image(Spot(100, 150)) == pytest.approx(before)
    player.do(wheel=-3.0)
    assert player.view.zoom == pytest.approx(5)


def test_wheel_elsewhere_is_not_ours():
    player = Player()
    player.do(hovered=False, wheel=3.0)
    assert player.view.zoom == 5


@pytest.mark.parametrize(("button", "space"), [("middle", False), ("left", True)])
def test_middle_button_or_space_pans(button, space):
    player = Player(at(50, 50, 60, 40))
    before = player.view.to_screen(Point(50, 50))
    assert player.press(252.5, 252.5, button=button, space=space) == []
    assert player.move(282.5, 232.5) == []
    after = player.view.to_screen(Point(50, 50))
    assert (after.x - before.x, after.y - before.y) == pytest.approx((30, -20))
    player.release()
    player.move(0, 0)
    assert player.view.to_screen(Point(50, 50)) == after


def test_panning_goes_on_when_space_is_let_go_first():
    player = Player()
    player.press(252.5, 252.5, space=True)
    player.do(space=False)
    assert player.move(262.5, 252.5) == []
    assert player.view.centre.x < 49.5


def test_brush_paints_left_erases_right_and_interpolates():
    player = Player(at(50, 50, 60, 40), painting=True)
    assert player.press(252.5, 252.5) == []  # on a marker: the brush does not care
    player.move(402.5, 252.5)
    player.release()
    first, second = player.strokes
    assert (first.start, first.end, first.movable) == (Point(50, 50), Point(50, 50), True)
    assert (second.start, second.end) == (Point(50, 50), Point(80, 50))
    player.strokes.clear()
    assert player.press(252.5, 252.5, button="right") == []
    assert [s.movable for s in player.strokes] == [False]


def test_the_nearest_marker_wins_and_the_upper_one_among_equals():
    near, far = at(20, 20, 60, 40, number=1), at(80, 80, 62, 40, number=2)
    scene = Player(near, far).scene
    hit = find(scene, Spot(302.5, 202.5))
    assert (hit.point.id, hit.part) == (1, "target")
    twins = at(20, 20, 60, 40, number=1), at(80, 80, 60, 40, number=2)
    assert find(Player(*twins).scene, Spot(302.5, 202.5)).point.id == 2
    assert find(scene, Spot(400, 100)) is None


def test_every_action_has_a_key_of_its_own():
    assert len(set(KEYS.values())) == len(KEYS)
