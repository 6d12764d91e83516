"""The part under the pointer: by a reader, by likeness, and what the engine makes of both."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from draglive.app.engine import types as t
from draglive.app.engine.answering import answer
from draglive.app.engine.asking import PartMask
from draglive.app.engine.parting import PartFinder
from draglive.app.engine.types import Size
from draglive.stylegan2_jit.compile import Cut
from draglive.stylegan2_jit.networks import Synthesis
from draglive.stylegan2_jit.parts import GRID, PartReader, load_reader, save_reader

CUT = Cut(blocks=4, free=6)  # up to 32²
SIZE = Size(64, 64)
SKY, LEFT, RIGHT = 0, 1, 2
DISCS = {LEFT: (16, 40), RIGHT: (48, 40)}  # centres (x, y), image pixels
RADIUS = 9


class Painted:
    """Runs nothing: features are two discs of one kind on a sky of another.

    Channel 2 says left from right, so that a reader can tell the discs apart; likeness hardly.
    """

    def __init__(self):
        self.cuts, self.made = [], 0

    def __call__(self, cut):
        self.cuts.append(cut)
        self.blocks = cut.blocks
        return self

    def features(self, ws):
        self.made += 1
        size = 2 ** (self.blocks + 1)
        places = (torch.arange(size) + 0.5) * SIZE.width / size - 0.5
        maps = torch.zeros(1, 3, size, size)
        maps[:, SKY] = 1
        for part, (x, y) in DISCS.items():
            near = (places[None] - x).square() + (places[:, None] - y).square() < RADIUS**2
            maps[:, SKY][:, near] = 0
            maps[:, 1][:, near] = 1
            maps[:, 2][:, near] = 0.3 * (part == RIGHT)
        return maps


def truth(part):
    x, y = DISCS[part]
    row, column = np.mgrid[: SIZE.height, : SIZE.width]
    return (column - x) ** 2 + (row - y) ** 2 < RADIUS**2


def overlap(mask, part):
    return (mask > 0.5)[truth(part)].sum() / ((mask > 0.5) | truth(part)).sum()


def make_reader(resolution=32):
    """One that says what `Painted` painted."""
    reader = PartReader(("sky", "left", "right"), resolution, 3)
    for parameter in reader.parameters():
        parameter.data.zero_()
    with torch.no_grad():
        for channel in range(3):  # the place itself, not what is around it
            reader.mix.weight[channel, channel] = 1
        reader.part.weight[SKY, 0] = 8
        reader.part.weight[LEFT, 1], reader.part.weight[LEFT, 2] = 8, -16
        reader.part.weight[RIGHT, 1], reader.part.weight[RIGHT, 2] = 4, 16
        reader.part.bias[RIGHT] = 4
        reader.part.weight[RIGHT, 0] = -8
    return reader


@pytest.fixture
def model(tmp_path, editor):
    path = tmp_path / "painted.safetensors"
    path.write_bytes(b"weights")
    return replace(editor.model, path=path, size=SIZE)


@pytest.mark.parametrize("with_reader", [True, False])
def test_the_part_under_a_place_and_only_that(model, with_reader):
    """Two discs of nearly one kind: a reader tells them apart, likeness is that of one place."""
    if with_reader:
        save_reader(make_reader(), model.path)
    finder = PartFinder(Painted(), model)
    for part, (x, y) in DISCS.items():
        mask = finder.find(torch.zeros(1, 8, 4), CUT, x, y)
        assert mask.shape == (SIZE.height, SIZE.width)
        assert mask.dtype == np.float32
        assert mask.min() >= 0
        assert mask.max() <= 1
        assert overlap(mask, part) > 0.85
        assert mask[~truth(LEFT) & ~truth(RIGHT)].max() > 0.05, "its edge is hard"
        other = DISCS[LEFT + RIGHT - part]
        assert mask[other[1], other[0]] < 0.01


def test_a_hand_that_hovers_makes_features_once_a_picture(model):
    runners = Painted()
    finder = PartFinder(runners, model)
    for x in range(10, 20):
        finder.find(torch.zeros(1, 8, 4), CUT, x, 40)
    assert runners.made == 1
    finder.find(torch.ones(1, 8, 4), CUT, 10, 40)
    assert runners.made == 2


def test_a_reader_sees_its_own_block_whatever_is_tracked(model):
    runners = Painted()
    save_reader(make_reader(16), model.path)
    PartFinder(runners, model).find(torch.zeros(1, 8, 4), CUT, 16, 40)
    assert runners.cuts == [Cut(blocks=3, free=6)]


def test_likeness_is_that_of_what_is_tracked_now(model):
    runners = Painted()
    finder = PartFinder(runners, model)
    finder.find(torch.zeros(1, 8, 4), CUT, 16, 40)
    finder.find(torch.zeros(1, 8, 4), CUT._replace(blocks=3), 16, 40)
    assert [cut.blocks for cut in runners.cuts] == [4, 3]


def test_places_beyond_the_picture_are_its_border(model):
    finder = PartFinder(Painted(), model)
    ws = torch.zeros(1, 8, 4)
    assert np.array_equal(finder.find(ws, CUT, -5, 99), finder.find(ws, CUT, 0, 63))


def test_a_reader_is_kept_with_its_model_and_for_no_other(model):
    reader = make_reader()
    path = save_reader(reader, model.path)
    assert path.name == "painted-parts.safetensors"
    found = load_reader(model.path)
    assert found.names == ("sky", "left", "right")
    assert found.resolution == 32
    features = Painted()(CUT).features(None)
    assert torch.allclose(found(features), reader(features), atol=0.02)
    assert found(features).shape == (1, 3, GRID, GRID)
    model.path.write_bytes(b"other weights")
    assert load_reader(model.path) is None


@pytest.mark.parametrize("damage", ["no file", "cut off", "other tensors", "no facts"])
def test_a_reader_that_cannot_be_read_is_none(model, damage):
    path = save_reader(make_reader(), model.path)
    facts = {"model_sha256": hashlib.sha256(b"weights").hexdigest()}
    match damage:
        case "no file":
            path.unlink()
        case "cut off":
            path.write_bytes(path.read_bytes()[:-100])
        case "other tensors":
            facts |= {"parts": "a,b", "resolution": "32"}
            save_file({"mix.weight": torch.zeros(3, 3)}, path, metadata=facts)
        case "no facts":
            save_file({"mix.weight": torch.zeros(3, 9, 1, 1)}, path, metadata=facts)
    assert load_reader(model.path) is None


def test_the_part_is_from_what_runs_the_drag(editor, monkeypatch):
    """No network of its own: a card may put the one that drags nothing aside."""
    place = PartMask(12.0, 12.0, 0, 0)
    expected = answer(editor, place).content
    features = editor.runner.features(editor.ws)
    finder = PartFinder(editor._runners, editor.model)

    def run(*_):
        raise AssertionError("the network was run")

    monkeypatch.setattr(Synthesis, "features", run)
    monkeypatch.setattr(editor.runner, "features", lambda ws: features)
    found = finder.find(editor.ws, editor.cut, place.x, place.y)
    assert np.array_equal(found, expected)


def test_a_mask_by_one_click_acts_on_the_next_steps(editor):
    """An answer changes nothing; the mask of it does, and undone it does not."""
    editor.apply(t.AddPoint(t.DragPoint(1, t.Point(10, 12), t.Point(24, 12))))
    editor.step()
    before, start = editor.packed(), editor.ws.clone()
    mask = answer(editor, PartMask(10.0, 12.0, 0, 1)).content
    assert 0 < (mask > 0.5).mean() < 1
    assert editor.packed() == before
    ends = []
    for command in (t.SetMask(mask), t.Undo()):
        editor.apply(command)
        assert torch.equal(editor.ws, start)
        editor.step()  # its features are what the next one is held to
        editor.step()
        ends.append(editor.ws.clone())
    assert not torch.equal(*ends)
