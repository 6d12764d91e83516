"""The movable region: two brushes, soft edges, parts, and what is done to the whole of it."""

from __future__ import annotations

import time
from pathlib import Path

from .stage import Driver, Stage, wait_for

FOREHEAD, CHEEK = (88, 60), (170, 66)
EAR = (190, 76)


def perform(stage: Stage) -> None:
    """One window with brushes and files, one with parts and a drag."""
    with stage.window() as window:
        _brushes(stage, window)
        _whole(stage, window)
        _files(stage, window)
    with stage.window() as window:
        _parts(stage, window)


def _brushes(stage: Stage, window: Driver) -> None:
    """What may move is painted, softly and with a larger brush; some of it is erased."""
    window.key("b", "ctrl+bracketright", "ctrl+bracketright")
    window.move(*FOREHEAD)
    window.xdotool("click", "--repeat", 2, "--delay", 150, 4)
    window.pull(FOREHEAD, CHEEK)
    stage.shoot(window, "mask-free")
    window.release()
    assert _movable(window) > 0, "nothing is painted"

    window.move(128, 40)
    window.press(128, 40, 3)
    window.move(128, 92)
    stage.shoot(window, "mask-erase")
    window.release(3)


def _whole(stage: Stage, window: Driver) -> None:
    """All of it: the other way round, hidden, protected where a brush says so."""
    free = _movable(window)
    window.key("i")
    wait_for("the other way round", lambda: abs(_movable(window) + free - 1) < 0.01)
    stage.shoot(window, "mask-inverted")
    window.key("i", "h")
    stage.shoot(window, "mask-hidden")
    window.key("h", "b")


def _files(stage: Stage, window: Driver) -> None:
    """Kept in a PNG, wiped, and taken from it again."""
    share = _movable(window)
    window.key("ctrl+shift+m")
    wait_for("the file", lambda: "Saved the region" in window.last("message").get("text", ""))
    stage.shoot(window, "mask-saved")
    saved = Path(window.last("message")["text"].partition(" to ")[2])
    window.key("ctrl+x")
    wait_for("a clear picture", lambda: _movable(window) == 0)
    stage.shoot(window, "mask-cleared")
    window.key("ctrl+m")
    window.choose_file(saved.name)
    stage.shoot(window, "mask-load")
    window.press_control("Open")
    wait_for("the region", lambda: abs(_movable(window) - share) < 1e-3)


def _parts(stage: Stage, window: Driver) -> None:
    """What must stay is protected; the part under the pointer is seen, then taken.

    A drag obeys what is protected.
    """
    window.key("ctrl+b")
    window.pull((70, 180), (190, 180))
    stage.shoot(window, "mask-protect")
    window.release()
    window.key("ctrl+b", "ctrl+x")
    wait_for("no region", lambda: _movable(window) == 0)
    window.key("q")
    window.move(*EAR)
    time.sleep(1.5)
    stage.shoot(window, "mask-part-preview")
    window.click(*EAR)
    wait_for("the part", lambda: _movable(window) > 0)
    window.move(280, 20)  # beside the picture: no other part is seen
    stage.shoot(window, "mask-part")
    window.key("q", "ctrl+x", "ctrl+b")
    window.pull((70, 180), (190, 180))
    window.release()
    window.key("ctrl+b")
    window.pull(EAR, (208, 50))
    window.release()
    wait_for("a way", lambda: any(p["handle"][1] < EAR[1] - 6 for p in window.points()))
    stage.shoot(window, "mask-drag")


def _movable(window: Driver) -> float:
    """The share of the picture that may move, as it was posted last; 0 where there is no mask."""
    posted = window.commands("SetMask")
    mask = posted[-1]["mask"] if posted else None
    return float(mask["movable"]) if mask else 0.0
