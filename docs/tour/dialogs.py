"""What asks and what tells: models, errors with their details, recent edits, a video, tooltips."""

from __future__ import annotations

import time
from pathlib import Path

from .stage import Driver, Stage, wait_for

NOSE, ASIDE = (127, 151), (97, 151)
BROKEN = "not-a-model"


def perform(stage: Stage) -> None:
    """One window for all of it."""
    with stage.window() as window:
        _errors(stage, window)
        _files(stage, window)
        window.hover_control("Keep the drag as a slider")
        stage.shoot(window, "tooltip")


def _errors(stage: Stage, window: Driver) -> None:
    """The browser of models; one that cannot be opened, and why, with details to copy."""
    folder = Path(window.environment["XDG_DATA_HOME"], "draglive", "models")
    folder.mkdir(parents=True)
    (folder / f"{BROKEN}.pkl").write_bytes(b"nobody can read this")
    window.move(128, 128)
    window.key("o")
    window.place(BROKEN)
    time.sleep(8.0)  # thumbnails are made
    stage.shoot(window, "models")
    window.press_control(BROKEN)
    window.place("Copy details")
    window.move(128, 5)
    stage.shoot(window, "error")  # its details are of this machine
    window.press_control("Details")
    window.press_control("Copy details")
    window.press_control("Close")


def _files(stage: Stage, window: Driver) -> None:
    """A video is recorded; the edit is saved, and is among the recent ones; so is the picture."""
    window.key("r")
    window.pull(NOSE, ASIDE)
    window.release()
    for title in ("Drag", "Points", "Movable region"):
        window.press_control(title)
        time.sleep(0.6)  # what is below it moves
    window.press_control("Kept sliders")
    window.reveal("Recent")
    window.move(250, 5)
    stage.shoot(window, "recording")
    window.key("r", "ctrl+s")
    wait_for("the edit", lambda: _was_told(window, "edit to"))
    window.press_control("Recent")
    stage.shoot(window, "recent")
    window.click_window(5, 5)
    window.key("ctrl+e")
    wait_for("the picture", lambda: _was_told(window, "picture to"))
    stage.shoot(window, "picture-saved")


def _was_told(window: Driver, words: str) -> bool:
    return any(words in message["text"] for message in window.events("message"))
