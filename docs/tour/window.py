"""The window itself: keys, light and dark, files, what is asked before an edit is left."""

from __future__ import annotations

import time

from driver import wait_for

from .stage import Stage

NOSE, ASIDE = (127, 151), (97, 151)


def perform(stage: Stage) -> None:
    """All of it in one window."""
    with stage.window() as window:
        window.key("question")
        window.place("Close")
        stage.shoot(window, "keys")
        window.key("Escape")
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
