"""Comparing, the gallery, mixing and kept sliders: what they post, ask, show and write."""

import time

import numpy as np
import pytest

from draglive.app.engine import types as t
from draglive.app.engine.asking import Answer, Dragged, FeaturePicture, SeedPicture, StatePicture
from draglive.app.engine.edit import EditState, fold
from draglive.app.engine.history import History
from draglive.app.gui.beside.beside import Beside
from draglive.app.gui.beside.gallery import MAX_SEED, Gallery, read_seed
from draglive.app.gui.beside.mixing import Mixing, Sliders
from draglive.app.gui.picture.compare import Compare, compose
from draglive.app.gui.picture.input import KEYS
from draglive.app.gui.picture.region import Region
from draglive.app.gui.picture.viewport import Spot, ViewTransform
from draglive.app.gui.preferences import Memory
from draglive.app.session.directions import (
    Kept,
    read_directions,
    remove_direction,
    write_direction,
)
from draglive.app.session.errors import FileError

MODEL = t.ModelInfo("small", "small.st", t.Size(4, 4), 8, 0, (4,), t.DragConfig(), w_dim=16)
BACKEND = t.BackendInfo("fake", "none", "float32", "")
START = EditState(MODEL.size, MODEL.defaults)


def wait(condition):
    deadline = time.perf_counter() + 10
    while not condition() and time.perf_counter() < deadline:
        time.sleep(0.005)
    assert condition()


def flat(value, side=4):
    picture = np.full((side, side, 4), value, np.uint8)
    picture[..., 3] = 255
    return picture


# Comparing.


def test_the_split_has_the_original_left_of_it():
    compare = Compare("split", split=0.5)
    shown = compose(flat(200), compare, flat(10), None)
    assert (shown[:, :2, 0] == 10).all()
    assert (shown[:, 2:, 0] == 200).all()


def test_a_difference_is_bright_both_ways_and_does_not_wrap():
    shown = compose(flat(110), Compare("difference"), flat(100), None)
    assert (shown[..., :3] == 40).all()
    assert np.array_equal(shown, compose(flat(100), Compare("difference"), flat(110), None))
    assert compose(flat(255), Compare("difference"), flat(0), None)[..., 0].min() >= 252
    assert (shown[..., 3] == 255).all()


def test_features_lie_over_a_grey_picture_whatever_their_size():
    features = np.stack([flat(0, 2), flat(255, 2)])[:, 0]
    shown = compose(flat(100), Compare("features"), None, features)
    assert shown.shape == (4, 4, 4)
    assert shown[0, 0, 0] < 100 < shown[3, 3, 0]


@pytest.mark.parametrize("mode", ["off", "split", "difference", "features"])
def test_what_is_not_known_yet_leaves_the_picture_as_it_is(mode):
    now = flat(9)
    assert compose(now, Compare(mode), None, None) is now
    assert compose(now, Compare(mode, holding=True), None, None) is now
    assert compose(now, Compare("split"), flat(1, 8), None) is now


def test_the_line_is_taken_where_it_is_and_stays_in_the_picture():
    view = ViewTransform.fit(t.Size(100, 100), t.Size(300, 200))
    compare = Compare("split")
    assert compare.is_at(view, Spot(153, 100), 9)
    assert not compare.is_at(view, Spot(170, 100), 9)
    assert not Compare("off").is_at(view, Spot(150, 100), 9)
    compare.move_split(compare.share_at(view, 100))
    assert compare.split == pytest.approx(0.25)
    compare.move_split(compare.share_at(view, -500))
    assert compare.split == 0


# The gallery.


def test_the_gallery_turns_scrolls_and_ends_where_seeds_end():
    gallery = Gallery(columns=2, rows=3)
    gallery.toggle(7)
    assert list(gallery.seeds) == [6, 7, 8, 9, 10, 11]
    gallery.turn(1)
    gallery.scroll(-1)
    assert gallery.first == 10
    gallery.turn(-9)
    assert gallery.first == 0
    gallery.go(2**40)
    assert gallery.seeds[-1] == MAX_SEED
    gallery.show(MAX_SEED - 1)
    assert gallery.seeds[-1] == MAX_SEED


@pytest.mark.parametrize(
    ("text", "seed"),
    [("77", 77), (" seed 77\n", 77), ("", None), ("x", None), ("1 2", None), ("9" * 20, None)],
)
def test_a_seed_may_be_pasted_with_its_word(text, seed):
    assert read_seed(text) == seed


# Mixing.


def test_mixing_posts_what_changes_the_picture_and_nothing_else():
    posted = []
    mixing = Mixing(posted.append)
    mixing.adopt(MODEL)
    mixing.choose_layers(first=6)
    assert posted == []
    mixing.choose(9)
    mixing.choose_layers(last=2)
    mixing.choose_layers(first=5)
    mixing.toggle()
    assert posted == [
        t.SetMix(t.Mix(9, 6, 7)),
        t.SetMix(t.Mix(9, 2, 2)),
        t.SetMix(t.Mix(9, 5, 5)),
        t.SetMix(None),
    ]
    mixing.follow(fold(START, [t.SetMix(t.Mix(3, 0, 1))]))
    assert (mixing.on, mixing.mix) == (True, t.Mix(3, 0, 1))


# Kept sliders.


@pytest.fixture
def posted():
    return []


@pytest.fixture
def said():
    return []


@pytest.fixture
def sliders(posted, said, tmp_path):
    sliders = Sliders(posted.append, lambda text, _tone: said.append(text), tmp_path / "kept")
    sliders.adopt(MODEL)
    return sliders


def keep(sliders, value=1.0):
    sliders.keep()
    (question,) = sliders.wanted()
    sliders.hear(Answer(question, np.full((8, 16), value, np.float32)))
    return sliders.shown[-1]


def files(sliders):
    return read_directions(sliders._folder)


def test_a_drag_becomes_a_slider_at_one_and_a_file(sliders, posted):
    direction = keep(sliders)
    added = t.AddDirection(direction, 1.0, absorbs=True)
    assert posted == [t.EndGesture(), added, t.EndGesture()]
    assert sliders.strength(direction) == 1.0
    wait(lambda: files(sliders))
    ((kept,),) = [files(sliders)]
    assert (kept.direction, kept.model) == (direction, "small")


def test_nothing_dragged_is_said_and_not_kept(sliders, posted, said):
    sliders.keep()
    sliders.hear(Answer(Dragged(99), np.ones((8, 16), np.float32)))  # not what was asked
    sliders.hear(Answer(sliders.wanted()[0], np.zeros((8, 16), np.float32)))
    assert sliders.wanted() == []
    assert (posted, sliders.shown) == ([], [])
    assert "Nothing was dragged" in said[0]


def test_a_slider_is_added_to_an_edit_that_does_not_have_it(sliders, posted):
    direction = keep(sliders)
    sliders.follow(START)  # another edit
    posted.clear()
    sliders.set(direction, 0.5)
    sliders.set(direction, 9.0)
    sliders.nudge(-0.1)
    assert posted == [
        t.AddDirection(direction, 0.5),
        t.SetStrength(direction.id, 4.0),
        t.SetStrength(direction.id, 3.9),
    ]


def test_renaming_deleting_and_undoing_that_reach_the_files(sliders, posted, said):
    first, second = keep(sliders), keep(sliders, 2.0)
    assert [d.name for d in sliders.shown] == ["Edit 1", "Edit 2"]
    wait(lambda: len(files(sliders)) == 2)
    sliders.rename(first, "  wide\n smile ")
    sliders.rename(second, "   ")
    wait(lambda: {k.direction.name for k in files(sliders)} == {"wide smile", "Edit 2"})
    sliders.choose(1)
    assert sliders.chosen == first.id
    sliders.delete_chosen()
    assert posted[-1] == t.RemoveDirection(first.id)
    wait(lambda: len(files(sliders)) == 1)
    sliders.refresh()
    assert [d.id for d in sliders.shown] == [second.id]
    undone = fold(START, [t.AddDirection(first, 1.0), t.AddDirection(second, 1.0)])
    sliders.follow(undone)
    assert {d.id for d in sliders.shown} == {first.id, second.id}
    wait(lambda: len(files(sliders)) == 2)


def test_sliders_of_other_models_stay_out_of_sight(sliders):
    keep(sliders)
    wait(lambda: files(sliders))
    sliders.adopt(MODEL.__class__("other", "x", MODEL.size, 8, 0, (4,), MODEL.defaults, 16))
    wait(lambda: not sliders._news.empty())
    sliders.refresh()
    assert sliders.shown == []


def test_files_that_are_no_directions_are_left_out_and_left_alone(tmp_path):
    good = t.Direction.of(np.ones((2, 3), np.float32), "good")
    write_direction(tmp_path, Kept(good, "m"))
    content = (tmp_path / f"{good.id}.safetensors").read_bytes()
    (tmp_path / "0badc0de.safetensors").write_bytes(b"garbage")
    (tmp_path / "00.safetensors").write_bytes(b"")
    (tmp_path / "not hex.safetensors").write_bytes(content)
    rng = np.random.default_rng(0)
    for number in range(200):
        torn = bytearray(content)
        for _ in range(3):
            torn[rng.integers(len(torn))] = rng.integers(256)
        (tmp_path / f"{number:04x}aa.safetensors").write_bytes(bytes(torn))
    before = len(list(tmp_path.iterdir()))
    found = read_directions(tmp_path)
    assert good in [kept.direction for kept in found]
    assert all(np.isfinite(kept.direction.offset()).all() for kept in found)
    assert len(list(tmp_path.iterdir())) == before
    remove_direction(tmp_path, good.id)
    remove_direction(tmp_path, good.id)
    with pytest.raises(FileError, match="hexadecimal"):
        remove_direction(tmp_path, "../good")


# All of it.


class Desk:
    def __init__(self):
        self.seed, self.psi, self.class_index = 3, 0.7, None
        self.posted, self.said = [], []
        self.mask = None
        self.memory = Memory()
        self.region = Region(self)

    def post(self, command):
        self.posted.append(command)

    def say(self, text, tone="info"):
        self.said.append(text)

    def choose_psi(self, psi):
        self.psi = psi

    def step_class(self, by):
        self.class_index = by

    def clear_mask(self):
        self.posted.append(t.SetMask(None))


class Engine:
    def __init__(self):
        self.asked, self.told = (), []

    def ask(self, questions):
        self.asked = tuple(questions)

    def answers(self):
        told, self.told = self.told, []
        return told


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def beside(engine, tmp_path):
    beside = Beside(engine, Desk(), tmp_path / "kept")
    beside.adopt(MODEL)
    beside.follow(t.Ready(MODEL, BACKEND, "idle", history=History.begin(START)), known=True)
    return beside


def test_every_action_of_it_has_a_key_of_its_own(beside):
    assert set(beside.actions) <= set(KEYS)
    assert len(set(KEYS.values())) == len(KEYS)
    for action in beside.actions.values():
        action()


def test_only_what_is_shown_is_asked_for(beside, engine):
    beside.turn()
    assert engine.asked == ()
    beside.gallery.rows = 2
    beside.actions["gallery"]()
    beside.turn()
    assert [q.seed for q in engine.asked] == [2, 3, 4, 5]
    assert engine.asked[0] == SeedPicture(2, 0.7, None, 128)
    engine.told = [Answer(question, flat(question.seed)) for question in engine.asked]
    assert beside.turn()
    beside.actions["psi_up"]()
    assert beside.seed_picture(3)[0, 0, 0] == 3  # until the new one has come
    beside.turn()
    assert engine.asked[0] == SeedPicture(2, 0.75, None, 128)
    beside.actions["gallery"]()
    beside.turn()
    assert engine.asked == ()


def test_the_original_is_what_the_picture_began_as(beside, engine):
    now, began = flat(50), flat(20)
    assert beside.picture(now) is now
    before = beside.look
    beside.hold(True)
    beside.turn()
    assert engine.asked == (StatePicture(0, 0),)
    engine.told = [Answer(StatePicture(0, 0), began)]
    beside.turn()
    assert beside.look != before
    assert beside.picture(now) is began
    assert beside.hides_points
    beside.hold(False)
    assert beside.picture(now) is now
    beside.adopt(MODEL)
    beside.follow(t.Ready(MODEL, BACKEND, "idle", history=History.begin(START)), known=True)
    beside.hold(True)
    assert beside.picture(now) is now  # another model's is not known yet


def test_features_follow_the_frames(beside, engine):
    beside.actions["features"]()
    for sequence in (4, 5):
        beside._asked_s = 0.0
        beside.saw(t.Frame(sequence, 1, flat(50), (), None, arrived=True))
        beside.turn()
        assert engine.asked == (FeaturePicture(sequence),)
        engine.told = [Answer(FeaturePicture(sequence), flat(250, 2))]
        beside.turn()
        assert beside.picture(flat(50))[0, 0, 0] > 100
    beside.turn()
    assert engine.asked == ()
