"""The settings of the drag."""

from __future__ import annotations

from .stage import Stage


def perform(stage: Stage) -> None:
    """Unfold them."""
    with stage.window() as window:
        window.press_control("Settings")
        stage.shoot(window, "settings")
