"""The timeline: which places it has, where they are, and what letting go of them means."""

import numpy as np
import pytest

from draglive.app.engine import types as t
from draglive.app.engine.asking import Answer, StatePicture
from draglive.app.engine.edit import EditState
from draglive.app.engine.history import History
from draglive.app.engine.log import Event
from draglive.app.gui.beside.scrubbing import THUMB_PX, Timeline
from draglive.app.gui.beside.timeline import Line, Place, Ruler, beginning, name, path
from draglive.app.gui.wishes import Wishes

SIZE = t.Size(64, 64)
MOMENTS = ((2, 3), (2, 6), (2, 9))


def history(*commands):
    states = History.begin(EditState(SIZE, t.DragConfig()))
    for command in commands:
        states = states.after(Event(0, 0.0, command))
    return states


def point(number):
    return t.AddPoint(t.DragPoint(number, t.Point(1, 1), t.Point(2, 2)))


TWO_WAYS = (t.SetSeed(5), point(1), t.EndGesture(), point(2), t.Undo(), t.RemovePoint(1))


class Engine:
    """An engine that only listens."""

    def __init__(self):
        self.asked, self.told = [], []

    def ask(self, questions):
        self.asked.append(tuple(questions))

    def answers(self):
        told, self.told = self.told, []
        return told


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def posted():
    return []


@pytest.fixture
def timeline(engine, posted):
    timeline = Timeline(Wishes(engine), posted.append)
    timeline.follow(history(*TWO_WAYS), MOMENTS)
    return timeline


def test_the_line_leads_through_the_present_and_knows_where_branches_leave():
    states = history(*TWO_WAYS)
    assert path(states) == (0, 1, 2, 4)
    line = Line.of(states, MOMENTS)
    steps = [Place(2, 3), Place(2, 6)]
    assert line.places == (Place(0), Place(1), *steps, Place(2), Place(4))
    assert line.places[line.current] == Place(4)
    ((state, fork),) = line.forks
    assert (state, fork.taken, fork.children) == (2, 1, (3, 4))
    assert line.fork_before(5) == (2, fork)
    assert line.fork_before(3) is None


def test_what_was_undone_is_still_ahead():
    states = history(*TWO_WAYS, t.Undo(), t.Undo())
    assert path(states) == (0, 1, 2, 4)
    assert Line.of(states, ()).current == 1


def test_the_picture_began_with_its_seed():
    assert beginning(history(*TWO_WAYS)) == 1
    assert beginning(history(point(1))) == 0


NAMES = [
    (Place(0), "Beginning"),
    (Place(1), "Seed 5"),
    (Place(2), "Pull"),
    (Place(2, 3), "Pull, step 3"),
    (Place(4), "Point removed"),
]


@pytest.mark.parametrize(("place", "words"), NAMES)
def test_places_have_names(place, words):
    assert name(history(*TWO_WAYS), place) == words


@pytest.mark.parametrize("count", [1, 5, 12, 13, 500])
def test_every_place_can_be_reached_and_is_where_its_middle_is(count):
    ruler = Ruler(count, 16, 56, 12)
    assert [ruler.at(ruler.middle_px(index)) for index in range(count)] == list(range(count))
    assert (ruler.at(-100), ruler.at(10_000)) == (0, count - 1)
    shown = [ruler.thumbnail(slot) for slot in range(ruler.shown)]
    assert (shown[0], shown[-1]) == (0, count - 1)
    assert shown == sorted(set(shown))


def test_scrubbing_asks_for_the_past_and_changes_nothing_until_it_is_let_go(
    timeline, engine, posted
):
    timeline.take(4)
    timeline.move(3)
    assert timeline.wanted() == [StatePicture(2, 0, 6)]
    assert timeline.picture() is None
    assert posted == []
    past = np.ones((64, 64, 4), np.uint8)
    engine.told = [Answer(StatePicture(2, 0, 6), past)]
    timeline._wishes.take()
    assert timeline.picture() is past
    timeline.move(2)  # the last picture stays until the next has come
    assert timeline.picture() is past
    timeline.let_go()
    assert posted == [t.Revisit(2, 3)]
    assert timeline.picture() is None


def test_where_one_is_already_there_is_nothing_to_do(timeline, posted):
    timeline.take(2)
    timeline.move(99)
    timeline.let_go()
    timeline.take(0)
    timeline.cancel()
    assert posted == []
    timeline.take(1)
    timeline.let_go()
    assert posted == [t.GoTo(1)]


def test_keys_step_jump_and_switch_branches(timeline, posted):
    timeline.step(-1)
    timeline.step(-1)
    assert timeline.by_keys
    timeline.let_go()
    timeline.jump(last=False)
    timeline.switch(1)
    assert posted == [t.Revisit(2, 6), t.GoTo(0), t.GoTo(3)]


def test_without_branches_there_is_nothing_to_switch(engine, posted):
    timeline = Timeline(Wishes(engine), posted.append)
    timeline.step(-1)
    timeline.switch(1)
    timeline.follow(history(point(1)), ())
    timeline.switch(1)
    assert posted == []


def test_a_frame_is_its_states_thumbnail_and_a_state_that_was_left_is_asked_for_anew(
    timeline, engine
):
    rgba = np.full((128, 64, 4), 7, np.uint8)
    timeline.saw(t.Frame(1, 1, rgba, (), None, arrived=True, state=4))
    assert timeline.thumbnail(Place(4)).shape == (THUMB_PX, THUMB_PX // 2, 4)
    timeline._wishes.learn(Answer(StatePicture(4, 0), rgba))
    timeline.follow(history(*TWO_WAYS, t.Undo()), MOMENTS)
    assert timeline._wishes.get(StatePicture(4, 0)) is None
    assert timeline.thumbnail(Place(4)) is not None


def test_wishes_ask_once_for_what_is_missing_and_forget_the_oldest(engine, monkeypatch):
    monkeypatch.setattr("draglive.app.gui.wishes.MOST_BYTES", 2 * 16)
    wishes = Wishes(engine)
    one, two, three = (StatePicture(number, 0) for number in range(3))
    wishes.ask([one, two, one])
    wishes.ask([one, two])
    assert engine.asked == [(one, two)]
    picture = np.zeros((2, 2, 4), np.uint8)
    engine.told = [Answer(one, picture), Answer(two, None, "lost")]
    wishes.take()
    wishes.ask([one, two, three])
    assert engine.asked[-1] == (three,)
    assert wishes.get(two) is None
    wishes.learn(Answer(three, picture))
    assert wishes.get(one) is not None
    wishes.learn(Answer(StatePicture(9, 0), picture))
    assert wishes.get(three) is None
    wishes.forget()
    assert wishes.get(one) is None
