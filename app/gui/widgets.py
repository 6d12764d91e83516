"""The bricks of the panel: labelled sliders, buttons, tick boxes, each with a tooltip.

Dear PyGui puts labels behind controls; here they stand in a column before them. `Bricks` remembers
what it made: which items can be switched off, and in which the keyboard types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import dearpygui.dearpygui as dpg

from .theme import ACCENT, GAP_PX, MUTED, PADDING_PX, SECTION_GAP_PX, TEXT, Colour, Item, Kind, Look

Change: TypeAlias = Callable[[Any], None]  # is given the widget's new value

LABEL_PX = 96
# Dear PyGui centres a slider's value, under the grab of a middling value; blanks push it aside.
TO_THE_RIGHT = " " * 26
TO_THE_LEFT = " " * 18  # of a narrow one, whose value is seldom far below 0
FOLDED, UNFOLDED = "▶   ", "▼   "
TOOLTIP_AFTER_S = 0.4
TOOLTIP_WRAP_PX = 260


class Bricks:
    """Makes widgets in the container that is being built.

    Args:
        look: lengths and fonts.
        width_px: of the panel, at scale 1.
        folds: which sections are unfolded at first, by title.
        remember: told of a title and whether it is unfolded now.
    """

    def __init__(
        self,
        look: Look,
        width_px: int,
        folds: Mapping[str, bool] | None = None,
        remember: Callable[[str, bool], None] = lambda _title, _unfolded: None,
    ) -> None:
        self._folds, self._remember = folds or {}, remember
        self._look = look
        self._inner_px = width_px - 2 * PADDING_PX
        self._controls: list[Item] = []
        self._fields: list[Item] = []
        self._parts: dict[str, tuple[Item, Item]] = {}  # of what folds: its button, its content
        self._labels: dict[Item, Item] = {}
        self._colours: dict[Item, Colour] = {}
        self._shown: dict[Item, object] = {}
        self._kinds: dict[Item, Kind | None] = {}

    @property
    def is_typing(self) -> bool:
        """Whether letters go into a field, and are no shortcuts."""
        return any(dpg.is_item_active(field) for field in self._fields)

    def enable(self, enabled: bool) -> None:
        """Switch all controls on or off."""
        for item in self._controls:
            dpg.configure_item(item, enabled=enabled)

    def never_off(self, item: Item) -> None:
        """A control that `enable` leaves alone."""
        self._controls.remove(item)

    @contextmanager
    def section(self, title: str, about: str, *, unfolded: bool = True) -> Iterator[None]:
        """What is made inside belongs together, under a title that hides and shows it.

        Args:
            title: in a word or two; unique.
            about: for the tooltip.
            unfolded: the first time; from then on, it is as the person left it.
        """
        if self._controls:
            dpg.add_spacer(height=self._look.px(SECTION_GAP_PX - GAP_PX))
        with self._folding(title, about, self._folds.get(title, unfolded)) as button:
            yield
        dpg.bind_item_font(button, self._look.strong)
        dpg.bind_item_theme(button, self._look.buttons["section"])

    @contextmanager
    def row(self, label: str) -> Iterator[Item]:
        """A label, and what is made inside beside it."""
        with dpg.group(horizontal=True, xoffset=self._look.px(LABEL_PX)):
            text: Item = dpg.add_text(label, color=MUTED)
            with dpg.group(horizontal=True):
                yield text

    @contextmanager
    def line(self) -> Iterator[None]:
        """What is made inside stands side by side."""
        with dpg.group(horizontal=True):
            yield

    @contextmanager
    def fold(self, label: str, about: str) -> Iterator[None]:
        """What is made inside is hidden until the label is pressed."""
        with self._folding(label, about, False) as button:
            yield
        dpg.bind_item_theme(button, self._look.buttons["fold"])

    @contextmanager
    def _folding(self, label: str, about: str, unfolded: bool) -> Iterator[Item]:
        button: Item = dpg.add_button(width=self.width(), user_data=label)
        self.explain(button, about)
        with dpg.group() as group:
            yield button

        self._parts[label] = button, group
        dpg.set_item_callback(button, lambda *_: self._fold(label, dpg.is_item_shown(group)))
        self._show_part(label, unfolded)

    def unfold(self, label: str) -> None:
        """Show a section that may be folded."""
        if not dpg.is_item_shown(self._parts[label][1]):
            self._fold(label, False)

    def _fold(self, label: str, folded: bool) -> None:
        self._remember(label, not folded)
        self._show_part(label, not folded)

    def _show_part(self, label: str, shown: bool) -> None:
        button, group = self._parts[label]
        dpg.configure_item(group, show=shown)
        dpg.set_item_label(button, (UNFOLDED if shown else FOLDED) + label)

    @property
    def gap(self) -> int:
        """Pixels between two widgets."""
        return self._look.px(GAP_PX)

    def width(self, share: float = 1.0, *, beside_label: bool = False) -> int:
        """Pixels of so much of the panel's width, gaps taken off."""
        inner_px = self._inner_px - (LABEL_PX if beside_label else 0)
        gaps_px = (round(1 / share) - 1) * GAP_PX
        return self._look.px(int((inner_px - gaps_px) * share))

    def slider(
        self, label: str, about: str, change: Change, *, pattern: str = "%.2f", whole: bool = False
    ) -> Item:
        """A labelled slider; its range comes later (`limit`)."""
        pattern = TO_THE_RIGHT + pattern
        with self.row(label) as text:
            width = self.width(beside_label=True)
            item = self.bare_slider(label, about, change, width, pattern=pattern, whole=whole)
        self._labels[item] = text
        return item

    def bare_slider(
        self,
        name: str,
        about: str,
        change: Change,
        width: int,
        *,
        pattern: str = "%.2f",
        whole: bool = False,
    ) -> Item:
        """A slider without a label; blanks in the pattern push the value aside."""
        add = dpg.add_slider_int if whole else dpg.add_slider_float
        item: Item = add(
            label=f"##{name}",
            width=width,
            format=pattern,
            clamped=True,
            callback=lambda _sender, value, _data: change(value),
        )
        self._fields.append(item)
        return self._keep(item, f"{about}. Ctrl+click to type a value.")

    def choice(self, label: str, about: str, change: Change) -> Item:
        """A labelled list to choose from; its items come later (`offer`)."""
        with self.row(label) as text:
            item = self.bare_choice(label, about, change, self.width(beside_label=True))
        self._labels[item] = text
        return item

    def bare_choice(self, name: str, about: str, change: Change, width: int) -> Item:
        """A list to choose from, without a label."""
        item: Item = dpg.add_combo(
            label=f"##{name}",
            width=width,
            callback=lambda _sender, value, _data: change(value),
        )
        return self._keep(item, about)

    def offer(self, choice: Item, captions: Sequence[str]) -> None:
        """What there is to choose from."""
        dpg.configure_item(choice, items=list(captions))

    def on_double_click(self, item: Item, act: Callable[[], None]) -> None:
        """Do it when the control or its label is double clicked.

        A slider follows the pointer for as long as it is held, so it is done after that.
        """
        twice = [False]

        def release(*_: object) -> None:
            if twice[0]:
                twice[0] = False
                self.differs(item)
                act()

        with dpg.item_handler_registry() as handlers:
            dpg.add_item_double_clicked_handler(callback=lambda *_: twice.__setitem__(0, True))
            dpg.add_item_deactivated_handler(callback=release)
        dpg.bind_item_handler_registry(item, handlers)
        with dpg.item_handler_registry() as handlers:
            dpg.add_item_double_clicked_handler(callback=lambda *_: act())
        dpg.bind_item_handler_registry(self._labels[item], handlers)

    def tell_apart(self, item: Item, *, differs: bool, chosen: bool) -> None:
        """A label shows whether its value is not the default, and whether the keys mean it."""
        colour = ACCENT if chosen else TEXT if differs else MUTED
        if self._colours.get(item) is not colour:
            self._colours[item] = colour
            dpg.configure_item(self._labels[item], color=colour)

    def limit(self, slider: Item, low: float, high: float) -> None:
        """Set a slider's range."""
        dpg.configure_item(slider, min_value=low, max_value=high)

    def field(
        self, name: str, about: str, change: Change, width: int, *, spaces: bool = False
    ) -> Item:
        """A text field; `change` is told when typing has ended."""
        item: Item = dpg.add_input_text(
            label=f"##{name}", width=width, auto_select_all=True, no_spaces=not spaces
        )
        with dpg.item_handler_registry() as handlers:
            dpg.add_item_deactivated_after_edit_handler(
                callback=lambda _sender, _item, _data: change(dpg.get_value(item))
            )
        dpg.bind_item_handler_registry(item, handlers)
        self._fields.append(item)
        return self._keep(item, about)

    def button(
        self, label: str, about: str, press: Callable[[], None], width: int, name: str = ""
    ) -> Item:
        """A button; `name` tells it from others with its caption, for whoever reads the trace."""
        item: Item = dpg.add_button(
            label=label,
            width=width,
            user_data=name or label,
            callback=lambda _sender, _value, _data: press(),
        )
        return self._keep(item, about)

    def tick(self, label: str, about: str, change: Change, on: bool) -> Item:
        """A tick box."""
        item: Item = dpg.add_checkbox(
            label=label,
            default_value=on,
            callback=lambda _sender, value, _data: change(value),
        )
        return self._keep(item, about)

    def show(self, item: Item, value: object) -> None:
        """Bring a widget to a value, unless the person is at it."""
        if self._shown.get(item) != value and not dpg.is_item_active(item):
            self._shown[item] = value
            dpg.set_value(item, value)

    def differs(self, item: Item) -> None:
        """The widget may show something else than it was told: show it again."""
        self._shown.pop(item, None)

    def dress(self, button: Item, label: str, kind: Kind | None) -> None:
        """Give a button another caption and look."""
        if self._shown.get(button) != label:
            self._shown[button] = label
            dpg.set_item_label(button, label)
        if self._kinds.get(button) != kind:
            self._kinds[button] = kind
            dpg.bind_item_theme(button, self._look.buttons[kind] if kind else 0)

    def mark(self, field: Item, *, marked: bool) -> None:
        """Let a field stand out, or not."""
        if (self._kinds.get(field) == "marked") != marked:
            self._kinds[field] = "marked" if marked else None
            dpg.bind_item_theme(field, self._look.buttons["marked"] if marked else 0)

    def quiet(self, text: Item) -> None:
        """Small and muted: an explanation."""
        dpg.bind_item_font(text, self._look.small)
        dpg.configure_item(text, color=MUTED)

    def px(self, length: float) -> int:
        """A length at scale 1, in pixels."""
        return self._look.px(length)

    def explain(self, item: Item, about: str) -> None:
        """What it is and which key does the same, when the pointer rests on it."""
        with dpg.tooltip(item, delay=TOOLTIP_AFTER_S, hide_on_activity=True) as tip:
            text = dpg.add_text(about, wrap=self._look.px(TOOLTIP_WRAP_PX))
            dpg.bind_item_font(text, self._look.small)
        dpg.bind_item_theme(tip, self._look.tooltip)

    def _keep(self, item: Item, about: str) -> Item:
        self._controls.append(item)
        self.explain(item, about)
        return item
