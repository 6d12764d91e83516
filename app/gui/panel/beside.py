"""The panel's sections for comparing, mixing and kept sliders."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ...engine.types import Direction, ModelInfo
from ..beside.gallery import read_seed
from ..desk import Desk
from ..keymap import shown
from ..picture.input import KEYS
from ..theme import GAP_PX, Item
from ..widgets import TO_THE_LEFT, Bricks
from .sections import act

REACH = 2.0  # of a slider, to both sides; keys and typing go further
NAME_SHARE = 0.36
DELETE_PX = 26
DELETE = "\N{MULTIPLICATION SIGN}"
NO_SLIDERS = "Drag, then keep the drag as a slider: it works on any picture of the model."


class CompareSection:
    """The picture beside what it was."""

    def __init__(self, bricks: Bricks, desk: Desk) -> None:
        self._bricks, self._compare = bricks, desk.beside.compare
        self._beside = desk.beside
        half = bricks.width(0.5)
        with bricks.section("Compare", "The picture beside what it was", unfolded=False):
            with bricks.line():
                about = "Hold to see the picture as it was before anything was done to it"
                self._original = act(bricks, desk, "Original", "original", about, half)
                about = "The original left of a line that can be moved"
                self._split = act(bricks, desk, "Split", "split", about, half)
            with bricks.line():
                about = "What has changed, four times as bright"
                self._difference = act(bricks, desk, "Difference", "difference", about, half)
                about = "The feature map in which handles are tracked, three directions as colours"
                self._features = act(bricks, desk, "Features", "features", about, half)
            keys = f"{KEYS['split_left']} and {KEYS['split_right']}"
            about = f"Where the line is; it can be pulled in the picture too ({keys})"
            self._line = bricks.slider("Split at", about, self._compare.move_split)
            bricks.limit(self._line, 0.0, 1.0)

    def adopt(self, model: ModelInfo) -> None:
        """Nothing here depends on the model."""

    def refresh(self) -> None:
        """Show what is chosen; the first button works while it is held."""
        bricks, compare = self._bricks, self._compare
        if dpg.is_item_active(self._original):
            self._beside.hold(True)
        bricks.dress(self._original, "Original", "toggled" if compare.holding else None)
        for button, label, mode in (
            (self._split, "Split", "split"),
            (self._difference, "Difference", "difference"),
            (self._features, "Features", "features"),
        ):
            bricks.dress(button, label, "toggled" if compare.mode == mode else None)
        bricks.show(self._line, compare.split)


class MixSection:
    """Other seeds: the gallery, and layers of one of them."""

    def __init__(self, bricks: Bricks, desk: Desk) -> None:
        self._bricks, self._desk, self._mixing = bricks, desk, desk.beside.mixing
        half = bricks.width(0.5)
        about = "Other seeds, and this picture mixed with one of them"
        with bricks.section("Seeds and mixing", about, unfolded=False):
            with bricks.line():
                about = "Thumbnails of other seeds beside the picture"
                self._gallery = act(bricks, desk, "Gallery", "gallery", about, half)
                about = "Take some layers from another seed; what was dragged stays"
                self._on = act(bricks, desk, "Mix", "mix", about, half)
            with bricks.row("Mix with"):
                about = "The other seed; in the gallery, the right button chooses it."
                width = bricks.width(beside_label=True)
                self._seed = bricks.field("Mix with", about, self._enter, width)
            choose = self._mixing.choose_layers
            self._first = bricks.slider(
                "From layer",
                "The coarsest layer that is the other seed's: early ones are pose and shape",
                lambda value: choose(first=value),
                pattern="%d",
                whole=True,
            )
            self._last = bricks.slider(
                "To layer",
                "The finest layer that is the other seed's: late ones are colours",
                lambda value: choose(last=value),
                pattern="%d",
                whole=True,
            )

    def adopt(self, model: ModelInfo) -> None:
        """Layers are the model's."""
        for slider in (self._first, self._last):
            self._bricks.limit(slider, 0, model.num_ws - 1)

    def refresh(self) -> None:
        """Show the mix as it is."""
        bricks, mixing = self._bricks, self._mixing
        shown = self._desk.beside.gallery.shown
        bricks.dress(self._gallery, "Gallery", "toggled" if shown else None)
        bricks.dress(self._on, "Mix", "toggled" if mixing.on else None)
        bricks.show(self._seed, str(mixing.mix.seed))
        bricks.show(self._first, mixing.mix.first_layer)
        bricks.show(self._last, mixing.mix.last_layer)

    def _enter(self, text: str) -> None:
        seed = read_seed(text)
        if seed is None:
            self._desk.say(f"A seed is a whole number from 0 to 4294967295, not “{text}”.", "error")
        else:
            self._mixing.choose(seed)
        self._bricks.differs(self._seed)


class SlidersSection:
    """Drags that were kept: name, strength, delete."""

    def __init__(self, bricks: Bricks, desk: Desk) -> None:
        self._bricks, self._desk, self._sliders = bricks, desk, desk.beside.sliders
        self._rows: list[SliderRow] = []
        about = "Drags that were kept, for this picture and any other"
        with bricks.section("Kept sliders", about, unfolded=False):
            about = "Keep what was dragged as a slider; the picture stays"
            label = "Keep the drag as a slider"
            act(bricks, desk, label, "keep_slider", about, bricks.width())
            self._hint = dpg.add_text(NO_SLIDERS, wrap=bricks.width())
            bricks.quiet(self._hint)
            self._group = dpg.add_group()

    def adopt(self, model: ModelInfo) -> None:
        """The sliders are the model's: `refresh` shows them."""

    def refresh(self) -> None:
        """Show the sliders as they are; rows are made when they are needed, and kept."""
        shown = self._sliders.shown
        dpg.configure_item(self._hint, show=not shown)
        while len(self._rows) < len(shown):
            dpg.push_container_stack(self._group)
            self._rows.append(SliderRow(self._bricks, self._desk, len(self._rows) + 1))
            dpg.pop_container_stack()
        for row, direction in zip(self._rows, shown, strict=False):
            row.show(direction)
        for row in self._rows[len(shown) :]:
            row.hide()
        if self._desk.beside.renaming:
            self._desk.beside.renaming = False
            for row, direction in zip(self._rows, shown, strict=False):
                if direction.id == self._sliders.chosen:
                    dpg.focus_item(row.name)


class SliderRow:
    """One of them; shows another when the list changes."""

    def __init__(self, bricks: Bricks, desk: Desk, number: int) -> None:
        self._bricks, self._sliders = bricks, desk.beside.sliders
        self._direction: Direction | None = None
        name_px = round(bricks.width() * NAME_SHARE)
        delete_px = bricks.px(DELETE_PX)
        rest_px = bricks.width() - name_px - delete_px - 2 * bricks.px(GAP_PX)
        with dpg.group(horizontal=True) as self._row:
            about = f"Its name; type another ({KEYS['rename_slider']} for the chosen slider)."
            self.name: Item = bricks.field(
                f"Slider {number} name", about, self._rename, name_px, spaces=True
            )
            keys = f"{KEYS['weaker']} and {KEYS['stronger']}"
            arrows = f"{shown(KEYS['slider_before'])} and {shown(KEYS['slider_after'])}"
            self._strength = bricks.bare_slider(
                f"Slider {number}",
                f"How much of it the picture has ({keys}; {arrows} choose a slider)",
                self._set,
                rest_px,
                pattern="%.2f" + TO_THE_LEFT,
            )
            bricks.limit(self._strength, -REACH, REACH)
            about = f"Delete it, and its file ({KEYS['delete_slider']} for the chosen one)"
            bricks.button(DELETE, about, self._delete, delete_px, f"Slider {number} delete")

    def show(self, direction: Direction) -> None:
        """Be that one's."""
        if self._direction is None or self._direction.id != direction.id:
            self._bricks.differs(self.name)
        self._direction = direction
        dpg.configure_item(self._row, show=True)
        self._bricks.show(self.name, direction.name)
        self._bricks.show(self._strength, self._sliders.strength(direction))
        chosen = self._sliders.chosen == direction.id
        self._bricks.mark(self.name, marked=chosen)

    def hide(self) -> None:
        """There is none left for it."""
        self._direction = None
        dpg.configure_item(self._row, show=False)

    def _rename(self, text: str) -> None:
        if self._direction is not None:
            self._sliders.rename(self._direction, text)
        self._bricks.differs(self.name)

    def _set(self, strength: float) -> None:
        if self._direction is not None:
            self._sliders.set(self._direction, strength)

    def _delete(self) -> None:
        if self._direction is not None:
            self._sliders.delete(self._direction)
