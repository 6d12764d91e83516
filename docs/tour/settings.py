"""The settings of the drag."""

from __future__ import annotations

from .stage import Stage


def perform(stage: Stage) -> None:
    """Unfold them, take a preset, change one by keys, and restore it by a double click."""
    with stage.window() as window:
        for title in ("Picture", "Movable region"):
            window.press_control(title)
        window.press_control("Settings")
        window.press_control("Official")
        window.key("alt+Down", "alt+Right", "alt+Right")
        stage.shoot(window, "settings")
