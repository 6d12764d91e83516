"""An edit is scrubbed, gone on from in its middle, and branches; undo, resets."""

from __future__ import annotations

import time

from .stage import Stage, wait_for

NOSE, LEFT, UP = (127, 151), (97, 151), (127, 131)
EAR, OUT = (201, 58), (215, 40)


def perform(stage: Stage) -> None:
    """Two pulls, back into the middle of the first, another way from there; resets, undone."""
    with stage.window() as window:
        for start, end in ((NOSE, LEFT), (EAR, OUT)):
            window.pull(start, end)
            window.release()
            window.await_arrival()
        stage.shoot(window, "timeline")

        left, top, _, _ = window.last("controls")["places"]["Timeline"]
        scale = stage.scale
        x, y = left + round(230 * scale), top + round(32 * scale)
        window.xdotool("mousemove", x, y)
        time.sleep(0.3)
        window.xdotool("mousedown", 1)
        for step in range(12):
            window.xdotool("mousemove", x - round(step * 10 * scale), y)
            time.sleep(0.05)
        stage.shoot(window, "timeline-scrub")
        window.xdotool("mouseup", 1)
        wait_for("the moment", lambda: window.commands("Revisit") or window.commands("GoTo"))

        window.move(*UP)
        window.pull(*((NOSE, UP)))
        window.release()
        window.await_arrival()
        stage.shoot(window, "timeline-branch")

        window.key("ctrl+z")
        wait_for("the undo", lambda: window.commands("Undo"))
        stage.shoot(window, "undo")
        window.key("ctrl+shift+z", "x")
        wait_for("no points", lambda: not window.points())
        stage.shoot(window, "reset-points")
        window.key("BackSpace")
        wait_for("the seed's picture", lambda: window.commands("ResetPicture"))
        stage.shoot(window, "reset-picture")
        window.key("ctrl+z", "ctrl+z")
        wait_for("the points again", window.points)
        stage.shoot(window, "resets-undone")
