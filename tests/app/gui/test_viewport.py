import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draglive.app.engine.types import Point, Size
from draglive.app.gui.picture.viewport import LARGEST_ZOOM, SMALLEST_OF_FIT, Spot, ViewTransform

PICTURE = Size(256, 128)
AREA = Size(1066, 734)
SIDES = list(itertools.product((1, 30, 4000), repeat=2))
spots = st.builds(Spot, st.floats(-50, 1200), st.floats(-50, 800))


@st.composite
def views(draw):
    view = ViewTransform.fit(PICTURE, AREA, margin_px=20)
    for factor, spot in draw(st.lists(st.tuples(st.floats(0.2, 5), spots), max_size=4)):
        view = view.zoomed(factor, spot)
    return view.panned(draw(st.floats(-900, 900)), draw(st.floats(-900, 900)))


def test_fitted_picture_is_centred_and_as_large_as_the_margin_allows():
    view = ViewTransform.fit(PICTURE, AREA, margin_px=20)
    top_left, bottom_right = view.corners()
    assert top_left.x == pytest.approx(20)
    assert bottom_right.x == pytest.approx(1066 - 20)
    assert top_left.y + bottom_right.y == pytest.approx(734)
    assert bottom_right.x - top_left.x == pytest.approx(256 * view.zoom)


def test_pixel_zero_is_the_centre_of_the_top_left_pixel():
    view = ViewTransform.fit(PICTURE, AREA)
    corner, _ = view.corners()
    middle = view.to_screen(Point(0, 0))
    assert middle.x - corner.x == pytest.approx(view.zoom / 2)
    assert middle.y - corner.y == pytest.approx(view.zoom / 2)
    assert view.to_image(corner) == pytest.approx((-0.5, -0.5))


@given(views(), spots)
def test_screen_and_image_are_inverse(view, spot):
    assert view.to_screen(view.to_image(spot)) == pytest.approx(spot, abs=1e-6)


@given(views(), spots, st.floats(0.1, 10))
def test_zooming_keeps_what_is_under_the_cursor(view, spot, factor):
    zoomed = view.zoomed(factor, spot)
    under = zoomed.to_image(spot)
    width, height = PICTURE
    held = zoomed.centre.x in (-0.5, width - 0.5) or zoomed.centre.y in (-0.5, height - 0.5)
    assert held or under == pytest.approx(view.to_image(spot), abs=1e-6)


@given(views(), spots, st.floats(0.001, 1000))
def test_the_picture_never_gets_lost(view, spot, factor):
    zoomed = view.zoomed(factor, spot)
    fit = ViewTransform.fit(PICTURE, AREA, margin_px=20).zoom
    assert fit * SMALLEST_OF_FIT <= zoomed.zoom <= LARGEST_ZOOM
    assert PICTURE.contains(zoomed.centre)
    middle = Spot(AREA.width / 2, AREA.height / 2)
    assert PICTURE.contains(zoomed.to_image(middle))


def test_panning_moves_the_picture_with_the_hand():
    view = ViewTransform.fit(PICTURE, AREA).zoomed(4, Spot(533, 367))
    before = view.to_screen(Point(100, 60))
    after = view.panned(30, -12).to_screen(Point(100, 60))
    assert after == pytest.approx((before.x + 30, before.y - 12))


def test_a_fitted_picture_follows_the_window_and_a_placed_one_stays():
    fitted = ViewTransform.fit(PICTURE, AREA, margin_px=20)
    smaller = Size(600, 500)
    assert fitted.resized(smaller) == ViewTransform.fit(PICTURE, smaller, margin_px=20)
    placed = fitted.zoomed(2, Spot(200, 200))
    resized = placed.resized(smaller)
    assert (resized.zoom, resized.centre) == (placed.zoom, placed.centre)
    assert resized.refit() == ViewTransform.fit(PICTURE, smaller, margin_px=20)


def test_clamped_points_lie_on_pixel_centres_range():
    view = ViewTransform.fit(PICTURE, AREA)
    assert view.clamped(Point(-3, 900)) == Point(0, 127)
    assert view.clamped(Point(255.4, 12.25)) == Point(255, 12.25)


@pytest.mark.parametrize(("width", "height"), SIDES)
def test_any_canvas_has_a_usable_scale(width, height):
    view = ViewTransform.fit(PICTURE, Size(width, height), margin_px=20)
    assert view.zoom > 0
    assert PICTURE.contains(view.zoomed(3, Spot(0, 0)).centre)
