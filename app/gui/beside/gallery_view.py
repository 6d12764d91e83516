"""The seed gallery beside the picture: thumbnails to press. It shows `Gallery`."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ..desk import Desk
from ..layout import GALLERY_PX, Box
from ..picture.input import KEYS
from ..picture.viewport import Spot
from ..theme import ACCENT, GAP_PX, MUTED, PADDING_PX, SMALL_PX, TEXT, Look
from ..widgets import Bricks
from .gallery import read_seed
from .sheet import Sheet

THUMB_PX = 106
CAPTION_PX = 18
COLUMNS = 2
MOST_ROWS = 12
HEAD_PX = 76  # heading and field above the thumbnails
ABOUT = (
    f"Press for that picture, with the right button to mix with it. The wheel, {KEYS['page_back']} "
    f"and {KEYS['page_on']} show more seeds."
)


class GalleryView:
    """A child window; built inside the window that is being built."""

    def __init__(self, look: Look, desk: Desk) -> None:
        self._look, self._desk = look, desk
        self._gallery = desk.beside.gallery
        self._gallery.columns = COLUMNS
        self._sheet: Sheet | None = None  # which costs every frame: made when it is needed
        self._box: Box | None = None
        self._drawn: object = None
        self._down: set[int] = set()
        self._wheel = 0.0
        self._bricks = Bricks(look, GALLERY_PX)
        with dpg.child_window(
            always_use_window_padding=True, no_scrollbar=True, no_scroll_with_mouse=True, show=False
        ) as self._child:
            self._build_head()
            with dpg.group() as group:  # a drawlist takes no tooltip
                self._drawlist = dpg.add_drawlist(1, 1, user_data="Seeds")
        dpg.bind_item_theme(self._child, look.padded)
        self._bricks.explain(group, ABOUT)
        with dpg.handler_registry():  # only a handler learns of the wheel
            dpg.add_mouse_wheel_handler(callback=self._turn_wheel)

    def _build_head(self) -> None:
        bricks, gallery = self._bricks, self._gallery
        with dpg.group(horizontal=True):
            dpg.bind_item_font(dpg.add_text("Seeds"), self._look.strong)
            dpg.bind_item_font(dpg.add_text(KEYS["gallery"], color=MUTED), self._look.small)
        arrow = bricks.width(0.2)
        with bricks.line():
            about = f"Earlier seeds ({KEYS['page_back']})"
            bricks.button("←", about, lambda: gallery.turn(-1), arrow, "page_back")
            about = "The first seed of the page. Type or paste a number and press Enter."
            rest = bricks.width() - 2 * (arrow + bricks.gap)
            self._field = bricks.field("First seed", about, self._enter, rest)
            about = f"More seeds ({KEYS['page_on']})"
            bricks.button("→", about, lambda: gallery.turn(1), arrow, "page_on")

    @property
    def is_typing(self) -> bool:
        """Whether letters go into the field, and are no shortcuts."""
        return self._bricks.is_typing

    def place(self, box: Box | None) -> None:
        """Put it there, or nowhere."""
        self._box, look = box, self._look
        dpg.configure_item(self._child, show=box is not None)
        if box is None:
            return
        self._sheet = self._sheet or Sheet(look.px(THUMB_PX), COLUMNS, MOST_ROWS)
        dpg.configure_item(self._child, pos=(box.x, box.y), width=box.width, height=box.height)
        room = box.height - look.px(2 * PADDING_PX + HEAD_PX)
        pitch = look.px(THUMB_PX + CAPTION_PX + GAP_PX)
        self._gallery.rows = max(min((room + look.px(GAP_PX)) // pitch, MOST_ROWS), 1)
        width = COLUMNS * look.px(THUMB_PX + GAP_PX)
        dpg.configure_item(self._drawlist, width=width, height=max(room, 1))
        self._drawn = None

    def refresh(self, *, blocked: bool) -> bool:
        """Read the hand and show the page; whether the hand did something."""
        if self._box is None:
            return False
        acted = self._read(blocked=blocked)
        self._bricks.show(self._field, str(self._gallery.first))
        self._draw()
        return acted

    def _read(self, *, blocked: bool) -> bool:
        buttons = (dpg.mvMouseButton_Left, dpg.mvMouseButton_Right)
        down = {button for button in buttons if dpg.is_mouse_button_down(button)}
        pressed, self._down = down - self._down, down
        wheel, self._wheel = self._wheel, 0.0
        if blocked or not dpg.is_item_hovered(self._drawlist):
            return False
        if wheel:
            self._gallery.scroll(-round(wheel))
        cell = self._cell()
        if not pressed or cell is None:
            return bool(wheel)
        seed = self._gallery.seeds[cell]
        if dpg.mvMouseButton_Right in pressed:
            self._desk.beside.mixing.choose(seed)
        else:
            self._desk.choose_seed(seed)
        return True

    def _cell(self) -> int | None:
        """The thumbnail under the pointer."""
        x, y = dpg.get_mouse_pos(local=False)
        left, top = dpg.get_item_rect_min(self._drawlist)
        column, dx = divmod(x - left, self._look.px(THUMB_PX + GAP_PX))
        row, dy = divmod(y - top, self._look.px(THUMB_PX + CAPTION_PX + GAP_PX))
        side = self._look.px(THUMB_PX)
        inside = 0 <= column < COLUMNS and 0 <= row < self._gallery.rows and dx < side
        cell = int(row) * COLUMNS + int(column)
        return cell if inside and dy < side and cell < len(self._gallery.seeds) else None

    def _draw(self) -> None:
        gallery, desk = self._gallery, self._desk
        assert self._sheet is not None
        for cell, seed in enumerate(gallery.seeds):
            self._sheet.put(cell, desk.beside.seed_picture(seed))
        mix = desk.beside.mixing
        wanted = (
            gallery.first,
            gallery.rows,
            desk.seed,
            mix.on,
            mix.mix.seed,
            self._box,
            tuple(ACCENT),
        )
        if wanted == self._drawn:
            return
        self._drawn = wanted
        dpg.delete_item(self._drawlist, children_only=True)
        for cell, seed in enumerate(gallery.seeds):
            self._draw_cell(self._sheet, cell, seed)

    def _draw_cell(self, sheet: Sheet, cell: int, seed: int) -> None:
        look, desk = self._look, self._desk
        side, (row, column) = look.px(THUMB_PX), divmod(cell, COLUMNS)
        spot = Spot(
            column * look.px(THUMB_PX + GAP_PX), row * look.px(THUMB_PX + CAPTION_PX + GAP_PX)
        )
        low, high = sheet.corners(cell)
        box = spot, (spot.x + side, spot.y + side)
        dpg.draw_image(sheet.texture, *box, uv_min=low, uv_max=high, parent=self._drawlist)
        mixed = desk.beside.mixing.on and seed == desk.beside.mixing.mix.seed
        if seed == desk.seed or mixed:
            colour = ACCENT if seed == desk.seed else TEXT
            inner = (spot.x + 1, spot.y + 1), (spot.x + side - 1, spot.y + side - 1)
            dpg.draw_rectangle(
                *inner, color=colour, thickness=look.px(3), rounding=2, parent=self._drawlist
            )
        words = f"{seed}  mixed in" if mixed else str(seed)
        colour = TEXT if seed == desk.seed or mixed else MUTED
        place = (spot.x, spot.y + side + look.px(2))
        dpg.draw_text(place, words, color=colour, size=look.px(SMALL_PX), parent=self._drawlist)

    def _enter(self, text: str) -> None:
        seed = read_seed(text)
        if seed is None:
            self._desk.say(f"A seed is a whole number from 0 to 4294967295, not “{text}”.", "error")
        else:
            self._gallery.go(seed)
        self._bricks.differs(self._field)

    def _turn_wheel(self, _sender: int, notches: float, _data: object) -> None:
        self._wheel += notches
