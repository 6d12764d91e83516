"""A drag that is kept as a slider, and what it does to another seed."""

from __future__ import annotations

import time

from .stage import Stage, wait_for

EAR, OUT = (201, 58), (215, 40)


def perform(stage: Stage) -> None:
    """Pull an ear, keep it, and move another picture's ear."""
    with stage.window() as window:
        window.pull(EAR, OUT)
        window.release()
        window.await_arrival()
        for title in ("Drag", "Points", "Movable region", "Kept sliders"):
            window.press_control(title)
            time.sleep(0.6)  # what is below it moves
        window.move(20, 20)
        window.key("k")
        wait_for("the slider", lambda: window.commands("AddDirection"))
        stage.shoot(window, "slider-kept")
        window.type_into("Slider 1 name", "ear out")
        window.move(20, 20)

        window.key("Right", "Right")
        time.sleep(0.5)
        window.key(*["equal"] * 8)
        wait_for("another strength", lambda: window.commands("SetStrength"))
        time.sleep(1.0)
        stage.shoot(window, "slider-elsewhere")
