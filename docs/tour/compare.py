"""The picture beside what it was."""

from __future__ import annotations

import time

from .stage import Stage, wait_for

NOSE, LEFT = (127, 151), (97, 151)
LINE, ELSEWHERE = (127, 200), (110, 200)


def perform(stage: Stage) -> None:
    """Held, split, as a difference, and the features that are tracked."""
    with stage.window() as window:
        window.pull(NOSE, LEFT)
        window.release()
        window.await_arrival()
        for title in ("Drag", "Points", "Movable region", "Compare"):
            window.press_control(title)
            time.sleep(0.6)  # what is below it moves
        window.move(20, 20)

        window.xdotool("keydown", "c")
        stage.shoot(window, "compare-original")
        window.xdotool("keyup", "c")

        window.key("v")
        time.sleep(0.5)
        window.pull(LINE, ELSEWHERE, steps=5)
        window.release()
        stage.shoot(window, "compare-split")

        window.key("d")
        stage.shoot(window, "compare-difference")

        window.key("t")
        time.sleep(1.0)
        stage.shoot(window, "compare-features")
        wait_for("one point", lambda: len(window.points()) == 1)
