import numpy as np
import pytest

from draglive.app.engine.types import Point, Size
from draglive.app.gui.picture.brush import MaskPaint
from draglive.app.gui.picture.input import Stroke

SIZE = Size(96, 64)


def test_nothing_painted_is_no_mask():
    paint = MaskPaint(SIZE)
    assert paint.is_empty
    assert paint.mask() is None


@pytest.mark.parametrize("radius", [1.0, 2.5, 8.0, 30.0])
def test_a_dab_is_a_disc(radius):
    paint = MaskPaint(SIZE)
    paint.paint(Stroke(Point(40, 30), Point(40, 30), True), radius)
    mask = paint.mask()
    assert mask.dtype == np.float32
    assert mask.shape == (64, 96)
    y, x = np.mgrid[0:64, 0:96]
    distance = np.hypot(x - 40, y - 30)
    assert (mask[distance <= radius - 1] == 1).all()
    assert (mask[distance >= radius + 1.5] < 0.05).all()


def test_a_fast_stroke_leaves_no_gaps():
    paint = MaskPaint(SIZE)
    paint.paint(Stroke(Point(10, 30), Point(85, 30), True), 5)
    assert (paint.mask()[27:34, 10:86] == 1).all()


def test_erasing_everything_ends_the_mask():
    paint = MaskPaint(SIZE)
    paint.paint(Stroke(Point(40, 30), Point(50, 30), True), 5)
    paint.paint(Stroke(Point(40, 30), Point(50, 30), False), 9)
    assert paint.mask() is None


def test_strokes_beside_the_picture_are_clipped():
    paint = MaskPaint(SIZE)
    paint.paint(Stroke(Point(-4000, -10), Point(9000, -10), True), 4)
    assert paint.mask() is None
    paint.paint(Stroke(Point(-4000, 10), Point(9000, 10), True), 4)
    assert (paint.mask()[10] == 1).all()


def test_the_engines_copy_is_its_own():
    paint = MaskPaint(SIZE)
    paint.paint(Stroke(Point(40, 30), Point(40, 30), True), 5)
    mask = paint.mask()
    paint.clear()
    assert mask.max() == 1
    assert paint.is_empty
