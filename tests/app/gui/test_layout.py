from itertools import combinations

import pytest

from draglive.app.gui.layout import (
    EDGE_PX,
    NARROWEST_PX,
    PANEL_PX,
    WIDEST_PX,
    Layout,
    panel_width,
)

WINDOWS = [(640, 480, 1.0), (1366, 768, 1.0), (1920, 1080, 1.0), (3840, 2160, 2.0), (800, 600, 2.0)]


@pytest.mark.parametrize("shown", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("gallery", [True, False])
@pytest.mark.parametrize(("width", "height", "scale"), WINDOWS)
def test_parts_cover_the_window_and_do_not_overlap(width, height, scale, shown, gallery):
    panel = PANEL_PX * shown[0]
    layout = Layout.of(width, height, scale, panel=panel, figures=shown[1], gallery=gallery)
    left = (layout.gallery, layout.canvas, layout.strip, layout.status)
    boxes = [box for box in (*left, layout.edge, layout.panel, layout.hud) if box]
    assert (layout.panel is not None, layout.hud is not None) == (shown[0], all(shown))
    assert sum(box.width * box.height for box in boxes) == width * height
    for a, b in combinations(boxes, 2):
        apart_x = a.x + a.width <= b.x or b.x + b.width <= a.x
        apart_y = a.y + a.height <= b.y or b.y + b.height <= a.y
        assert apart_x or apart_y
    for box in boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.width > 0
        assert box.height > 0
        assert box.x + box.width <= width
        assert box.y + box.height <= height


def test_the_picture_is_the_hero():
    layout = Layout.of(1366, 768, 1.0)
    assert layout.canvas.width * layout.canvas.height > 0.65 * 1366 * 768


def test_a_gallery_gives_way_before_the_canvas_does():
    assert Layout.of(1366, 768, 1.0, gallery=True).gallery is not None
    assert Layout.of(640, 480, 1.0, gallery=True).gallery is None


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_pulled_edge_stays_under_the_hand(scale):
    width = round(1400 * scale)
    for place in (900, 1000, 1100):
        panel = panel_width(place * scale, width, scale)
        edge = Layout.of(width, 768, scale, panel=panel).edge
        assert edge.x <= place * scale <= edge.x + EDGE_PX * scale
    assert panel_width(0, width, scale) == WIDEST_PX
    assert panel_width(width, width, scale) == NARROWEST_PX
