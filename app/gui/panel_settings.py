"""The panel's section for the settings of the drag."""

from __future__ import annotations

from dataclasses import replace

from ..engine.types import ModelInfo
from .desk import Desk
from .widgets import Bricks

LARGEST_RADIUS_PX = 128  # of DragConfig


class SettingsSection:
    """Step size, radii and layers."""

    def __init__(self, bricks: Bricks, desk: Desk) -> None:
        self._bricks, self._desk = bricks, desk
        about = "Step size, radii and layers of the drag"
        with bricks.section("Settings", about, unfolded=False):
            self._build_settings()

    def adopt(self, model: ModelInfo) -> None:
        """Ranges follow the model's size and defaults."""
        default, limit = model.defaults, self._bricks.limit
        limit(self._step_size, default.step_size / 20, default.step_size * 4)
        limit(self._grip, 1.0, _reach(default.motion_radius_px, 8))
        limit(self._search, 1, int(_reach(default.track_radius_px, 16)))
        limit(self._first_layer, 0, model.num_ws - 1)
        limit(self._last_layer, 0, model.num_ws - 1)

    def refresh(self) -> None:
        """Show the desk as it is now."""
        config, show = self._desk.config, self._bricks.show
        show(self._step_size, config.step_size)
        show(self._grip, config.motion_radius_px)
        show(self._search, config.track_radius_px)
        show(self._first_layer, config.first_layer)
        show(self._last_layer, config.last_layer)

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


def _reach(default: float, least: float) -> float:
    """How far a radius can be turned up."""
    return min(max(4 * default, least), LARGEST_RADIUS_PX)
