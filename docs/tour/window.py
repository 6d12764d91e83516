"""The window itself: keys, light and dark, files, what is asked before an edit is left."""

from __future__ import annotations

import time

from driver import wait_for

from .stage import Driver, Stage

NOSE, ASIDE = (127, 151), (97, 151)


def perform(stage: Stage) -> None:
    """All of it in one window."""
    with stage.window() as window:
        window.key("question")
        window.place("Close")
        stage.shoot(window, "keys")
        window.key("Escape")
        wait_for("the map to go", lambda: not window.find("Close"))
        window.pull(NOSE, ASIDE)
        window.release()
        wait_for("the point", window.points)
        window.key("ctrl+l")
        window.press_control("Window")
        window.move(250, 5)
        stage.shoot(window, "light")
        window.key("ctrl+l", "Tab")
        window.move(250, 5)
        stage.shoot(window, "picture-only")
        window.key("Tab")
        _widen_panel(stage, window)
        window.key("ctrl+s")
        wait_for("the file", lambda: "Saved" in window.last("message").get("text", ""))
        window.pull((201, 58), (215, 40))
        window.release()
        window.key("ctrl+o")
        time.sleep(1.0)
        stage.shoot(window, "open")
        window.key("ctrl+q")
        window.place("Do not save")
        stage.shoot(window, "unsaved")


def _widen_panel(stage: Stage, window: Driver) -> None:
    """By its edge; keys make it as it was."""
    left, middle = window.place("Panel edge")
    window.xdotool("mousemove", left, middle)
    time.sleep(1.5)
    window.xdotool("mousedown", 1)
    time.sleep(0.8)
    for step in range(1, 7):
        window.xdotool("mousemove", left - round(20 * step * stage.scale), middle)
        time.sleep(0.2)
    window.xdotool("mouseup", 1)
    wait_for("a wider panel", lambda: window.find("Panel edge")[0] < left - 60 * stage.scale)
    window.move(250, 5)
    stage.shoot(window, "panel-wider")
    window.key(*["ctrl+period"] * 6)
