"""The window in which a model is chosen: thumbnails, a path, a file dialog, well-known models."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import dearpygui.dearpygui as dpg

from ..beside.thumbnails import ThumbnailTextures
from ..panel.hud import shorten
from ..theme import ERROR, FAINT, FRAME_PX, GAP_PX, MUTED, PADDING_PX, SECTION_GAP_PX, Item, Look
from .models import Card, Models, Move, Section, Source, move

WIDTH_PX, HEIGHT_PX = 880, 640  # at most
MARGIN_PX = 24  # to the window's edges, at least
CARD_PX = 148
FOOTER_PX = 44
BUTTON_PX = 104
KEYS: dict[int, Move] = {
    dpg.mvKey_Left: "left",
    dpg.mvKey_Right: "right",
    dpg.mvKey_Up: "up",
    dpg.mvKey_Down: "down",
    dpg.mvKey_Home: "first",
    dpg.mvKey_End: "last",
}

Open = Callable[[Path | None], None]


class ModelBrowser:
    """A modal over the window, which lives on.

    Args:
        look: lengths and fonts.
        models: what there is to choose from.
        open_model: told which one was chosen; None is the model that comes with the program.
        pick: asks for any file.
    """

    def __init__(
        self, look: Look, models: Models, open_model: Open, pick: Callable[[], None]
    ) -> None:
        self._look, self._models, self._open, self._pick = look, models, open_model, pick
        self._textures = ThumbnailTextures()
        self._window: Item | None = None
        self._shelf: Item = 0
        self._cards: Item = 0
        self._known: Item = 0
        self._sources: tuple[Source, ...] = ()
        self._path: Item = 0
        self._columns = 1
        self._sections: tuple[Section, ...] = ()
        self._buttons: list[tuple[Item, Card]] = []
        self._chosen: int | None = None
        self._next: Callable[[], None] | None = None
        self._turns = 0  # of the loop until then

    @property
    def is_open(self) -> bool:
        """Whether it has the keyboard and the pointer."""
        return self._window is not None or self._next is not None

    @property
    def titles(self) -> tuple[str, ...]:
        """Of the models that can be chosen now, in their order."""
        return tuple(card.title for _, card in self._buttons) if self._window is not None else ()

    def show(self) -> None:
        """Open it, and look anew for models."""
        if self.is_open:
            return
        self._chosen = None
        self._models.look()
        self._build()

    def close(self) -> None:
        """Take it away."""
        if self._window is not None:
            dpg.delete_item(self._window)
        self._window = self._next = None

    def place(self) -> None:
        """The window has another size: build anew in it."""
        if self._window is not None:
            self._replace(self._build)

    def refresh(self) -> bool:
        """Show what is new; whether anything was."""
        if self._next is not None:
            self._turns -= 1
            if self._turns == 0:
                after, self._next = self._next, None
                after()
            return True
        if self._window is None:
            return False
        if self._read_keys():
            return True
        news = self._models.poll()
        news |= self._textures.load_one()
        if news:
            self._fill()
        return news

    def _replace(self, by: Callable[[], None]) -> None:
        """Another modal in this one's place.

        One that is made in the frame in which another goes is closed at once by Dear PyGui.
        """
        self.close()
        self._next, self._turns = by, 2

    # What is in it.

    def _build(self) -> None:
        look = self._look
        margin = 2 * look.px(MARGIN_PX)
        room = dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
        width = min(look.px(WIDTH_PX), room[0] - margin)
        height = min(look.px(HEIGHT_PX), room[1] - margin)
        inner = width - 2 * look.px(PADDING_PX)
        with dpg.window(
            modal=True,
            no_title_bar=True,
            no_resize=True,
            no_move=True,
            no_scrollbar=True,
            no_scroll_with_mouse=True,
            pos=((room[0] - width) // 2, (room[1] - height) // 2),
            width=width,
            height=height,
            on_close=lambda _sender, _value, _data: self.close(),
        ) as self._window:
            shelf_height = height - look.px(2 * PADDING_PX + FOOTER_PX)
            with dpg.child_window(width=inner, height=shelf_height) as self._shelf:
                self._cards, self._known = dpg.add_group(), dpg.add_group()
            dpg.add_spacer(height=look.px(GAP_PX) // 2)
            self._build_footer(inner)
        self._sources = ()
        self._columns = max((inner + look.px(GAP_PX)) // (self._card_px + look.px(GAP_PX)), 1)
        self._fill()

    def _build_footer(self, inner: int) -> None:
        look = self._look
        button = look.px(BUTTON_PX)
        with dpg.group(horizontal=True):
            self._path = dpg.add_input_text(
                hint="Path of a checkpoint file, then Enter",
                width=inner - 2 * (button + look.px(GAP_PX)),
                on_enter=True,
                callback=lambda _sender, value, _data: self._enter(value),
            )
            self._button("Browse …", self._browse, button)
            self._button("Close", self.close, button)

    def _button(self, label: str, press: Callable[[], None], width: int) -> Item:
        item: Item = dpg.add_button(
            label=label, width=width, callback=lambda _sender, _value, _data: press()
        )
        return item

    @property
    def _card_px(self) -> int:
        return self._look.px(CARD_PX + 2 * FRAME_PX)

    def _fill(self) -> None:
        """Put the models on the shelf anew, where it was scrolled to."""
        scrolled = dpg.get_y_scroll(self._shelf)
        dpg.delete_item(self._cards, children_only=True)
        self._sections, self._buttons = self._models.sections(), []
        dpg.push_container_stack(self._cards)
        for section in self._sections:
            self._heading(section.title, section.hint)
            for first in range(0, len(section.cards), self._columns):
                with dpg.group(horizontal=True):
                    for card in section.cards[first : first + self._columns]:
                        self._add_card(card)
            dpg.add_spacer(height=self._look.px(SECTION_GAP_PX - GAP_PX))
        dpg.pop_container_stack()
        if self._sources != (sources := self._models.sources()):
            self._sources = sources
            self._fill_known()
        dpg.set_y_scroll(self._shelf, scrolled)

    def _fill_known(self) -> None:
        dpg.delete_item(self._known, children_only=True)
        dpg.push_container_stack(self._known)
        self._heading("Well known", "Fetched at a terminal, once you agree to their licences")
        for source in self._sources:
            self._add_source(source)
        dpg.pop_container_stack()

    def _heading(self, title: str, hint: str) -> None:
        with dpg.group(horizontal=True):
            dpg.bind_item_font(dpg.add_text(title), self._look.strong)
            dpg.bind_item_font(dpg.add_text(hint, color=FAINT), self._look.small)

    def _add_card(self, card: Card) -> None:
        look, side = self._look, self._look.px(CARD_PX)
        texture = self._textures.get(card.picture) if card.picture else None
        press = partial(self._press, card)
        with dpg.group() as group:
            item, width, height = texture or self._textures.blank
            uv = _cover(width, height)
            button = dpg.add_image_button(
                item,
                width=side,
                height=side,
                user_data=card.title,
                callback=press,
                uv_min=uv[0],
                uv_max=uv[1],
            )
            self._tell(button, card)
        dpg.bind_item_theme(group, look.tight)
        index = len(self._buttons)
        self._buttons.append((button, card))
        dpg.bind_item_theme(button, look.buttons["chosen" if index == self._chosen else "card"])

    def _tell(self, button: Item, card: Card) -> None:
        look = self._look
        dpg.add_text(shorten(card.title, self._card_px, look.body))
        colour = ERROR if card.broken else MUTED
        detail = dpg.add_text(shorten(card.detail, self._card_px, look.small), color=colour)
        dpg.bind_item_font(detail, look.small)
        with dpg.tooltip(button, delay=0.4, hide_on_activity=True) as tip:
            where = str(card.path) if card.path else "the model that comes with draglive"
            text = dpg.add_text(f"{card.title}\n{card.detail}\n{where}", wrap=look.px(420))
            dpg.bind_item_font(text, look.small)
        dpg.bind_item_theme(tip, look.tooltip)

    def _add_source(self, source: Source) -> None:
        look = self._look
        with dpg.group(horizontal=True):
            if source.here:
                button = dpg.add_button(label="In your folder", enabled=False)
            else:
                copy = partial(dpg.set_clipboard_text, source.command)
                button = self._button("Copy command", copy, 0)
                with dpg.tooltip(button, delay=0.4) as tip:
                    dpg.bind_item_font(dpg.add_text(source.command), look.small)
                dpg.bind_item_theme(tip, look.tooltip)
            dpg.configure_item(button, width=look.px(BUTTON_PX + 16))
            with dpg.group() as group:
                dpg.add_text(f"{source.title}   {source.about}")
                detail = dpg.add_text(source.detail, color=FAINT)
                dpg.bind_item_font(detail, look.small)
            dpg.bind_item_theme(group, look.tight)

    # What the person does.

    def _press(self, card: Card, *_: object) -> None:
        self.close()
        self._open(card.path)

    def _enter(self, text: str) -> None:
        path = text.strip().strip("'\"").removeprefix("file://")
        if path:
            self.close()
            self._open(Path(path).expanduser())

    def _browse(self) -> None:
        """Any file; two modals at once are more than there can be."""
        self._replace(self._pick)

    def _read_keys(self) -> bool:
        """Arrows choose, Enter opens, Escape closes; whether that ended it.

        In the path's field they are its own.
        """
        if dpg.is_key_pressed(dpg.mvKey_Escape):
            self.close()
            return True
        if dpg.is_item_active(self._path):
            return False
        for key, towards in KEYS.items():
            if dpg.is_key_pressed(key):
                counts = [len(section.cards) for section in self._sections]
                self._choose(move(self._chosen, towards, counts, self._columns))
        if dpg.is_key_pressed(dpg.mvKey_Return) and self._chosen is not None:
            self._press(self._buttons[self._chosen][1])
            return True
        return False

    def _choose(self, index: int | None) -> None:
        buttons = self._look.buttons
        if self._chosen is not None and self._chosen < len(self._buttons):
            dpg.bind_item_theme(self._buttons[self._chosen][0], buttons["card"])
        self._chosen = index
        if index is not None:
            dpg.bind_item_theme(self._buttons[index][0], buttons["chosen"])


def _cover(width: int, height: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """The middle square of a picture, in texture coordinates."""
    side = min(width, height)
    left, top = (width - side) / (2 * width), (height - side) / (2 * height)
    return (left, top), (1 - left, 1 - top)
