"""The side panel: few controls visible, the rest one click away. It shows and changes the desk.

`refresh` brings the widgets to the desk's state, so that keys and panel never disagree.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import dearpygui.dearpygui as dpg

from ..engine.types import ModelInfo
from .desk import NO_CLASS, Desk
from .input import KEYS, Action
from .layout import PANEL_PX, Box
from .theme import Item, Look
from .widgets import Bricks

LARGEST_PSI = 1.5
LARGEST_RADIUS_PX = 128  # of DragConfig
ARROW_SHARE = 0.2  # of the seed's row, for each arrow


class Panel:
    """The controls; built inside the window that is being built."""

    def __init__(self, look: Look, desk: Desk) -> None:
        self._desk = desk
        self._bricks = Bricks(look, PANEL_PX)
        with dpg.child_window(always_use_window_padding=True) as self._child:
            self._build_picture()
            self._build_drag()
            self._build_mask()
            self._build_video()
        dpg.bind_item_theme(self._child, look.padded)
        self._bricks.enable(False)

    @property
    def is_typing(self) -> bool:
        """Whether letters go into a field, and are no shortcuts."""
        return self._bricks.is_typing

    def place(self, box: Box) -> None:
        """Put the panel there."""
        dpg.configure_item(self._child, pos=(box.x, box.y), width=box.width, height=box.height)

    def adopt(self, model: ModelInfo) -> None:
        """The engine has a model: ranges follow its size and defaults."""
        default, limit = model.defaults, self._bricks.limit
        dpg.configure_item(self._classes, show=model.classes > 0)
        limit(self._step_size, default.step_size / 20, default.step_size * 4)
        limit(self._grip, 1.0, _reach(default.motion_radius_px, 8))
        limit(self._search, 1, int(_reach(default.track_radius_px, 16)))
        limit(self._first_layer, 0, model.num_ws - 1)
        limit(self._last_layer, 0, model.num_ws - 1)
        limit(self._brush_size, 1.0, self._desk.largest_brush_px)
        self._bricks.enable(True)

    def refresh(self) -> None:
        """Show the desk as it is now."""
        desk, show, dress = self._desk, self._bricks.show, self._bricks.dress
        dress(self._model, desk.model.name if desk.model else "Open a model …", None)
        show(self._class, NO_CLASS if desk.class_index is None else str(desk.class_index))
        show(self._seed, str(desk.seed))
        show(self._psi, desk.psi)
        show(self._step_size, desk.config.step_size)
        show(self._grip, desk.config.motion_radius_px)
        show(self._search, desk.config.track_radius_px)
        show(self._first_layer, desk.config.first_layer)
        show(self._last_layer, desk.config.last_layer)
        show(self._brush_size, desk.brush_px)
        dress(self._pause, "Go on" if desk.paused else "Pause", "toggled" if desk.paused else None)
        dress(self._paint, "Paint", "toggled" if desk.painting else None)
        if (seconds := desk.recording.seconds) is None:
            dress(self._record, "Record", None)
        else:
            minutes, rest = divmod(int(seconds), 60)
            dress(self._record, f"Stop  {minutes}:{rest:02d}", "recording")

    def _build_picture(self) -> None:
        bricks = self._bricks
        bricks.heading("Picture")
        with bricks.row("Model"):
            about = "Another model: yours, well-known ones, or any file"
            width = bricks.width(beside_label=True)
            self._model = self._act("Open a model …", "models", about, width)
        bricks.never_off(self._model)
        arrow = bricks.width(ARROW_SHARE, beside_label=True)
        rest = bricks.width(beside_label=True) - 2 * (arrow + bricks.gap)
        with dpg.group(show=False) as self._classes, bricks.row("Class"):
            step = self._desk.step_class
            bricks.button("←", "The class before", partial(step, -1), arrow)
            self._class = bricks.field(
                "What the model is asked to draw: a number, or nothing.", self._enter_class, rest
            )
            bricks.button("→", "The next class", partial(step, 1), arrow)
        with bricks.row("Seed"):
            self._act("←", "previous", "The seed before", arrow)
            self._seed = bricks.field(
                "The number of this picture. Type or paste one and press Enter.",
                self._enter_seed,
                rest,
            )
            self._act("→", "next", "The next seed", arrow)
        self._psi = bricks.slider(
            "Truncation",
            "How far from the average pictures may stray. Live: the edit stays",
            self._desk.choose_psi,
        )
        bricks.limit(self._psi, 0.0, LARGEST_PSI)
        random = self._act("Random picture", "random", "Another picture", bricks.width())
        bricks.dress(random, "Random picture", "primary")

    def _build_drag(self) -> None:
        bricks = self._bricks
        bricks.heading("Drag")
        third, half = bricks.width(1 / 3), bricks.width(0.5)
        with bricks.line():
            self._pause = self._act("Pause", "pause", "Stop or go on moving", third)
            self._act("Undo", "undo", "Back to before the last action", third)
            self._act("Redo", "redo", "Forward again; also Ctrl+Y", third)
        with bricks.line():
            self._act("Reset points", "reset_points", "Let all points go", half)
            about = "Back to the picture of the seed"
            self._act("Reset picture", "reset_picture", about, half)
        with bricks.fold("Settings", "Step size, radii and layers of the drag"):
            self._build_settings()

    def _build_settings(self) -> None:
        bricks, desk = self._bricks, self._desk
        self._step_size = bricks.slider(
            "Step size",
            "How much one step may change",
            lambda value: desk.configure(replace(desk.config, step_size=value)),
            pattern="%.4f",
        )
        self._grip = bricks.slider(
            "Grip radius",
            "How large a patch around a handle is pulled (r1)",
            lambda value: desk.configure(replace(desk.config, motion_radius_px=value)),
            pattern="%.1f px",
        )
        self._search = bricks.slider(
            "Search radius",
            "How far around a handle its patch is looked for (r2)",
            lambda value: desk.configure(replace(desk.config, track_radius_px=value)),
            pattern="%d px",
            whole=True,
        )
        self._first_layer = bricks.slider(
            "First layer",
            "The coarsest layer of w+ that may change",
            lambda value: desk.choose_layers(first=value),
            pattern="%d",
            whole=True,
        )
        self._last_layer = bricks.slider(
            "Last layer",
            "The finest layer of w+ that may change",
            lambda value: desk.choose_layers(last=value),
            pattern="%d",
            whole=True,
        )
        about = "The settings that the model came with"
        bricks.button("Restore defaults", about, desk.restore_defaults, bricks.width())

    def _build_mask(self) -> None:
        bricks, desk = self._bricks, self._desk
        with bricks.headline("Movable region"):
            bricks.tick("Show", "Tint what may move", desk.show_region, True)
        with bricks.line():
            half = bricks.width(0.5)
            about = "Paint what may move; the right button erases"
            self._paint = self._act("Paint", "brush", about, half)
            bricks.button("Clear", "Wipe the region: everything may move", desk.clear_mask, half)
        keys = f"{KEYS['smaller']} and {KEYS['larger']}"
        about = f"The brush's radius ({keys})"
        self._brush_size = bricks.slider("Brush", about, desk.size_brush, pattern="%.0f px")

    def _build_video(self) -> None:
        bricks, desk = self._bricks, self._desk
        with bricks.headline("Video and edit"):
            about = "Draw handles and targets into the video"
            bricks.tick("Points", about, desk.draw_into_video, False)
        half = bricks.width(0.5)
        with bricks.line():
            about = "Start or end an MP4 of the picture"
            self._record = self._act("Record", "record", about, half)
            about = "Keep the edit, with all its steps, in a file of its own"
            self._act("Save edit", "save", about, half)

    def _act(self, label: str, action: Action, about: str, width: int) -> Item:
        """A button that does what a key does, and names it."""
        about = f"{about} ({KEYS[action]})"
        return self._bricks.button(label, about, partial(self._desk.perform, action), width)

    def _enter_class(self, text: str) -> None:
        self._desk.enter_class(text)
        self._bricks.differs(self._class)

    def _enter_seed(self, text: str) -> None:
        self._desk.enter_seed(text)
        self._bricks.differs(self._seed)


def _reach(default: float, least: float) -> float:
    """How far a radius can be turned up."""
    return min(max(4 * default, least), LARGEST_RADIUS_PX)
