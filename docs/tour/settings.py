"""The settings of the drag."""

from __future__ import annotations

from driver import wait_for

from .stage import Driver, Stage

OTHERS = ("Picture", "Drag", "Points", "Movable region")


def perform(stage: Stage) -> None:
    """Unfold them, take a preset, change one by keys, restore it by a double click."""
    with stage.window() as window:
        for title in OTHERS:
            window.press_control(title)
        window.key("ctrl+i")
        window.press_control("Settings")
        window.press_control("Official")
        wait_for("the preset", lambda: window.commands("SetConfig"))
        window.move(250, 5)
        window.key("alt+Down", "alt+Right", "alt+Right")
        wait_for("the step size", lambda: len(window.commands("SetConfig")) >= 3)
        stage.shoot(window, "settings")

        changed = window.commands("SetConfig")[-1]["config"]["step_size"]
        window.double_click(*window.place("Step size"))
        wait_for("the model's own", lambda: _step_size(window) != changed)
        window.move(250, 5)
        stage.shoot(window, "setting-restored")


def _step_size(window: Driver) -> float:
    return float(window.commands("SetConfig")[-1]["config"]["step_size"])
