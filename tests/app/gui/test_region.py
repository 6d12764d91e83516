"""The region's tools on a mask, without a window."""

import cv2
import numpy as np
import pytest

from draglive.app.engine.asking import PartMask
from draglive.app.engine.types import Point, Size
from draglive.app.gui.picture.brush import MaskPaint
from draglive.app.gui.picture.input import Stroke
from draglive.app.gui.picture.region import Region

SIZE = Size(48, 32)
DAB = Point(20, 16), Point(20, 16)
HALF = np.zeros((32, 48), np.float32)
HALF[:, 24:] = 1


class Desk:
    def __init__(self):
        self.mask, self.seed, self.show_mask = MaskPaint(SIZE), 4, True
        self.masks, self.said = [], []
        self.region = Region(self)

    def post_mask(self):
        self.masks.append(self.mask.mask())

    def show_region(self, shown):
        self.show_mask = shown

    def say(self, text, tone="info"):
        self.said.append((text, tone))

    def do(self, action):
        self.region.actions[action]()


@pytest.fixture
def desk():
    return Desk()


def test_the_protect_brush_leaves_the_rest_free():
    paint = MaskPaint(SIZE)
    paint.protect()
    paint.paint(Stroke(*DAB, movable=False, protects=True), 6)
    mask = paint.mask()
    assert (mask[16, 20], mask[0, 0]) == (0, 1)
    paint.paint(Stroke(Point(-50, 16), Point(90, 16), False, True), 60)
    assert paint.mask().max() == 0  # all must stay: that is a region too


@pytest.mark.parametrize("softness", [0.25, 1.0])
def test_a_soft_brush_fades_and_strokes_do_not_pile_up(softness):
    paint = MaskPaint(SIZE)
    stroke = Stroke(*DAB, movable=True)
    for _ in range(3):
        paint.paint(stroke, 10, softness)
    mask = paint.mask()
    row = mask[16, 20:34]
    assert row[0] > 0.95
    assert row[-1] < 0.02
    assert (np.diff(row) <= 1e-6).all()
    assert ((row > 0.1) & (row < 0.9)).sum() >= 6 * softness - 1


def test_inverting_twice_changes_nothing(desk):
    desk.do("invert")
    assert desk.masks == []
    assert "no region" in desk.said[-1][0]
    desk.mask.add(HALF, movable=True)
    desk.do("invert")
    desk.do("invert")
    assert (desk.masks[0] == 1 - HALF).all()
    assert (desk.masks[1] == HALF).all()


def test_erasing_turns_the_tools_round(desk):
    region = desk.region
    desk.do("erase")
    assert (region.tool, region.paints_movable) == ("movable", False)
    desk.do("protect")
    assert region.paints_movable
    desk.do("erase")
    assert not region.paints_movable
    desk.do("protect")
    assert region.tool == "pull"


def test_a_mask_goes_to_a_png_and_comes_back(desk, tmp_path):
    path = tmp_path / "masks" / "half.png"
    desk.region.save(path)
    assert not path.exists()
    desk.mask.add(HALF, movable=True)
    desk.region.save(path)
    desk.mask.clear()
    desk.region.load(path)
    assert (desk.masks[-1] == HALF).all()


def test_masks_of_another_size_in_colour_or_as_transparency(desk, tmp_path):
    path = tmp_path / "large.png"
    large = np.zeros((64, 96, 4), np.uint8)
    large[:, 48:, 3] = 255
    cv2.imwrite(str(path), large)
    desk.region.load(path)
    assert (desk.masks[-1] == HALF).all()
    cv2.imwrite(str(path), np.full((10, 10, 3), 128, np.uint8))
    desk.region.load(path)
    assert desk.masks[-1] == pytest.approx(128 / 255)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused_in_one_line(desk, tmp_path, content):
    path = tmp_path / "mask.png"
    path.write_bytes(content)
    desk.region.load(path)
    desk.region.load(tmp_path / "missing.png")
    assert [tone for _, tone in desk.said] == ["error", "error"]
    assert desk.masks == []


def test_a_part_is_shown_under_the_pointer_and_taken_by_a_click(desk):
    region = desk.region
    region.saw(3, 7)
    region.point_at(Point(30.4, 10))
    assert region.wanted() == []
    desk.do("part")
    (question,) = region.wanted()
    assert question == PartMask(30, 10, 3, 7)
    region.hear(question, HALF, "")
    assert region.preview is not None
    assert region.wanted() == []
    region.pick(movable=True)
    assert (desk.masks[-1] == HALF).all()
    region.pick(movable=False)
    assert desk.masks[-1] is not None or desk.mask.is_empty
    region.point_at(Point(99, 10))  # beside the picture
    assert (region.preview, region.wanted()) == (None, [])


def test_a_click_waits_for_its_answer_and_asks_at_once(desk):
    region = desk.region
    desk.do("part")
    region.point_at(Point(30, 10))
    region.pick(movable=True)
    region.point_at(Point(2, 2))  # the hand is elsewhere by then
    (question,) = region.wanted()
    assert question.now
    region.hear(question, HALF, "")
    assert (desk.masks[-1] == HALF).all()
    region.hear(region.wanted()[0], None, "no features")
    assert desk.said[-1] == ("no features", "error")
