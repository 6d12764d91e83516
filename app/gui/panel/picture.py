"""The panel's section for the picture: model, class, seed, truncation."""

from __future__ import annotations

from functools import partial

import dearpygui.dearpygui as dpg

from ...engine.types import ModelInfo
from ..desk import NO_CLASS, Desk
from ..keymap import shown
from ..picture.input import KEYS
from ..widgets import Bricks
from .sections import act

LARGEST_PSI = 1.5
ARROW_SHARE = 0.2  # of the seed's row, for each arrow
OPEN_A_MODEL = "Open a model …"


class PictureSection:
    """Which picture it is."""

    def __init__(self, bricks: Bricks, desk: Desk) -> None:
        self._bricks, self._desk = bricks, desk
        with bricks.section("Picture", "Which picture it is"):
            self._build_model()
            self._build_seed()
            self._psi = bricks.slider(
                "Truncation",
                "How far from the average pictures may stray. Live: the edit stays "
                f"({KEYS['psi_down']} and {KEYS['psi_up']})",
                desk.choose_psi,
            )
            bricks.limit(self._psi, 0.0, LARGEST_PSI)
            random = act(
                bricks, desk, "Random picture", "random", "Another picture", bricks.width()
            )
            bricks.dress(random, "Random picture", "primary")

    def adopt(self, model: ModelInfo) -> None:
        """A model has classes or none."""
        dpg.configure_item(self._classes, show=model.classes > 0)

    def refresh(self) -> None:
        """Show the desk as it is now."""
        bricks, desk = self._bricks, self._desk
        bricks.dress(self._model, desk.model.name if desk.model else OPEN_A_MODEL, None)
        bricks.show(self._class, NO_CLASS if desk.class_index is None else str(desk.class_index))
        bricks.show(self._seed, str(desk.seed))
        bricks.show(self._psi, desk.psi)

    def _build_model(self) -> None:
        bricks = self._bricks
        with bricks.row("Model"):
            about = "Another model: yours, well-known ones, or any file"
            width = bricks.width(beside_label=True)
            self._model = act(bricks, self._desk, OPEN_A_MODEL, "models", about, width)
        bricks.never_off(self._model)
        arrow, rest = self._widths()
        with dpg.group(show=False) as self._classes, bricks.row("Class"):
            step = self._desk.step_class
            before, after = (shown(KEYS[action]) for action in ("class_before", "class_after"))
            about = f"The class before ({before})"
            bricks.button("←", about, partial(step, -1), arrow, "class before")
            about = "What the model is asked to draw: a number, or nothing."
            self._class = bricks.field("Class", about, self._enter_class, rest)
            about = f"The next class ({after})"
            bricks.button("→", about, partial(step, 1), arrow, "class after")

    def _build_seed(self) -> None:
        bricks, desk = self._bricks, self._desk
        arrow, rest = self._widths()
        with bricks.row("Seed"):
            act(bricks, desk, "←", "previous", "The seed before", arrow)
            about = "The number of this picture. Type or paste one and press Enter."
            self._seed = bricks.field("Seed", about, self._enter_seed, rest)
            act(bricks, desk, "→", "next", "The next seed", arrow)

    def _widths(self) -> tuple[int, int]:
        """Of an arrow, and of the field between two."""
        bricks = self._bricks
        arrow = bricks.width(ARROW_SHARE, beside_label=True)
        return arrow, bricks.width(beside_label=True) - 2 * (arrow + bricks.gap)

    def _enter_class(self, text: str) -> None:
        self._desk.enter_class(text)
        self._bricks.differs(self._class)

    def _enter_seed(self, text: str) -> None:
        self._desk.enter_seed(text)
        self._bricks.differs(self._seed)
