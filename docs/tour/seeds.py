"""Other seeds: the gallery, truncation in it, and mixing with one of them."""

from __future__ import annotations

import time

from .stage import Stage, wait_for


def perform(stage: Stage) -> None:
    """Open the gallery, choose, paste a number, other truncation, mix."""
    with stage.window() as window:
        window.move(128, 128)
        window.key("g")
        time.sleep(3.0)
        left, top, _, _ = window.last("controls")["places"]["Seeds"]
        column, row = round(114 * stage.scale), round(132 * stage.scale)
        window.click_window(left + column + column // 2, top + row // 3)
        wait_for("the seed", lambda: window.commands("SetSeed"))
        window.move(20, 20)
        stage.shoot(window, "gallery")

        window.type_into("First seed", "seed 120")
        window.move(20, 20)
        time.sleep(3.0)
        stage.shoot(window, "gallery-pasted")
        window.key(*["ctrl+equal"] * 10)
        time.sleep(3.0)
        stage.shoot(window, "truncation")

        for title in ("Drag", "Points", "Movable region", "Seeds and mixing"):
            window.press_control(title)
            time.sleep(0.6)  # what is below it moves
        window.xdotool("mousemove", left + column // 2, top + 2 * row + row // 3)
        time.sleep(0.3)
        window.xdotool("click", 3)
        wait_for("the mix", lambda: window.commands("SetMix"))
        window.move(20, 20)
        time.sleep(1.0)
        stage.shoot(window, "mixing")
