"""A hand that does anything at all in the real window: `python tests/mischief.py --help`.

So many seeded random events (points put, pulled, deleted, undo, redo, mask, seeds, models, videos,
settings, controls of the panel, another size, out of sight). At the end every control that is asked
for must still do its work, and window and engine must agree on the edit. One line of JSON tells.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "gui"))
from driver import REAL, SIZE, Driver, virtual_display, wait_for

FAKE = [sys.executable, str(Path(__file__).parent / "gui" / "fake_engine.py")]
MODEL = {"real": "creatures-256", "fake": "many-64-10"}  # the card that is chosen
LEFT_ALONE = {"open", "models"}  # they have events of their own
MOMENT = 0.05
REST_S = 5.0  # until a model is there, and what the last one left has gone
SIZES = ((1366, 768), (1100, 700), (800, 600), (640, 480), (1280, 720))
ALIVE = {  # a control, and the command that it must post
    "Official": "SetConfig",
    "Live": "SetConfig",
    "Pause": "SetPaused",
    "Reset points": "ClearPoints",
    "Reset picture": "ResetPicture",
    "Random picture": "SetSeed",
    "next": "SetSeed",
    "Undo": "Undo",
    "Redo": "Redo",
}
SECTIONS = {
    **dict.fromkeys(ALIVE, "Drag"),
    **dict.fromkeys(("Live", "Official"), "Settings"),
    **dict.fromkeys(("Random picture", "next"), "Picture"),
}
PATIENCE_S = 60.0  # other work may have the cores


@dataclass
class Found:
    """What became of it."""

    events: int = 0
    done: dict[str, int] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    differing: dict[str, object] = field(default_factory=dict)
    megabytes_after_warm_up: float = 0.0
    megabytes: float = 0.0
    course: list[int] = field(default_factory=list)  # megabytes after each tenth
    exit_code: int = -1

    @property
    def growth(self) -> float:
        return self.megabytes / self.megabytes_after_warm_up - 1


class Hand:
    """Does random things; all of them are what a person may do."""

    def __init__(self, driver: Driver, rng: random.Random, engine: str) -> None:
        self._driver, self._rng, self._card = driver, rng, MODEL[engine]
        self._window = self._find_window()
        self.events: dict[str, tuple[int, Callable[[], None]]] = {
            "add": (6, self.add),
            "move": (5, self.move),
            "delete": (3, self.delete),
            "undo": (3, lambda: driver.xdotool("key", "ctrl+z")),
            "redo": (2, lambda: driver.xdotool("key", "ctrl+y")),
            "mask": (2, self.mask),
            "seed": (2, lambda: driver.xdotool("key", rng.choice(["n", "Left", "Right"]))),
            "setting": (2, self.setting),
            "control": (3, self.control),
            "zoom": (1, self.zoom),
            "record": (1, lambda: driver.xdotool("key", "r")),
            "model": (1, self.model),
            "resize": (1, self.resize),
            "minimise": (1, self.minimise),
        }

    def act(self) -> str:
        """One event; its name."""
        names = list(self.events)
        (name,) = self._rng.choices(names, [self.events[n][0] for n in names])
        self.events[name][1]()
        time.sleep(MOMENT)
        return name

    def add(self) -> None:
        self._press_and_pull(self._place(), self._place())

    def move(self) -> None:
        points = self._driver.points()
        if points:
            self._press_and_pull(self._rng.choice(points)["target"], self._place())

    def delete(self) -> None:
        points = self._driver.points()
        if points:
            x, y = self._driver.spot(*self._rng.choice(points)["target"])
            self._driver.xdotool("mousemove", x, y, "sleep", 2 * MOMENT, "click", 3)

    def mask(self) -> None:
        self._driver.xdotool("key", "b")
        self._press_and_pull(self._place(), self._place(), self._rng.choice([1, 1, 3]))
        self._driver.xdotool("key", "b")

    def setting(self) -> None:
        keys = ["alt+Up", "alt+Down", "alt+Left", "alt+Right", "alt+BackSpace", "ctrl+1", "ctrl+2"]
        self._driver.xdotool("key", self._rng.choice(keys))

    def control(self) -> None:
        places = self._driver.last("controls").get("places", {})
        names = sorted(set(places) - LEFT_ALONE)
        if names:
            self.click(places[self._rng.choice(names)])
            time.sleep(2 * MOMENT)
            self._driver.xdotool("key", "Escape")  # out of dialogs and fields

    def zoom(self) -> None:
        x, y = self._driver.spot(*self._place())
        self._driver.xdotool("mousemove", x, y, "click", self._rng.choice([4, 5]), "key", "f")

    def model(self) -> None:
        driver = self._driver
        x, y = driver.spot(*self._place())
        driver.xdotool("mousemove", x, y, "key", "o")
        try:
            wait_for("the card", lambda: driver.find(self._card), 3)
        except AssertionError:
            driver.xdotool("key", "Escape")  # something else had the keyboard
            return
        time.sleep(0.3)
        self.click(driver.find(self._card))
        time.sleep(0.6)
        if place := driver.find("Do not save"):
            self.click(place)

    def resize(self) -> None:
        width, height = self._rng.choice(SIZES)
        self._driver.xdotool("windowsize", self._window, width, height)
        time.sleep(0.2)

    def minimise(self) -> None:
        self._driver.xdotool("windowunmap", self._window)
        time.sleep(0.2)
        self._driver.xdotool("windowmap", self._window)
        time.sleep(0.2)

    def come_to_rest(self) -> None:
        """No dialog, no field, the usual size, the panel to be seen."""
        driver = self._driver
        driver.xdotool("mouseup", 1, "windowsize", self._window, *SIZE)
        for _ in range(20):
            driver.xdotool("mousemove", 20, 20, "key", "Escape")
            time.sleep(0.3)
            if driver.find("Stay"):
                self.click(driver.find("Stay"))
            elif not driver.find("Close"):
                break
        if not any(driver.find(title) for title in ("Picture", "Drag", "Settings")):
            driver.xdotool("key", "Tab")
            wait_for("the panel", lambda: driver.find("keys"), PATIENCE_S)

    def find(self, section: str, control: str) -> None:
        """Scroll to a control; unfold its section where it is folded."""
        self._driver.reveal(control)
        if not self._driver.find(control):
            self._driver.reveal(section)
            self.click(self._driver.find(section))
            self._driver.reveal(control)
            wait_for(control, lambda: self._driver.find(control), PATIENCE_S)

    def click(self, box: list[int]) -> None:
        left, top, width, height = box
        place = left + width // 2, top + height // 2
        words = ["mousemove", *place, "sleep", 2 * MOMENT, "mousedown", 1]
        self._driver.xdotool(*words, "sleep", 2 * MOMENT, "mouseup", 1)

    def _press_and_pull(self, start: list[float], end: list[float], button: int = 1) -> None:
        (x, y), (to_x, to_y) = self._driver.spot(*start), self._driver.spot(*end)
        words = ["mousemove", x, y, "sleep", 2 * MOMENT, "mousedown", button, "sleep", 2 * MOMENT]
        words += ["mousemove", (x + to_x) // 2, (y + to_y) // 2, "sleep", MOMENT]
        words += ["mousemove", to_x, to_y, "sleep", MOMENT, "mouseup", button]
        self._driver.xdotool(*words)

    def _place(self) -> list[float]:
        statuses = self._driver.events("status")
        size = next((s["size"] for s in reversed(statuses) if s.get("size")), [256, 256])
        return [self._rng.uniform(2, length - 3) for length in size]

    def _find_window(self) -> str:
        search = ["xdotool", "search", "--onlyvisible", "--name", "draglive"]
        found = subprocess.run(
            search, env=self._driver.environment, capture_output=True, check=True, text=True
        )
        return found.stdout.split()[0]


def misbehave(events: int, seed: int, engine: str) -> Found:
    """Do so many things, and look what is left."""
    found, rng = Found(), random.Random(seed)
    with tempfile.TemporaryDirectory() as name, virtual_display() as display:
        folder = Path(name)
        models = folder / "models"
        models.mkdir()
        (models / f"{MODEL['fake']}.pkl").write_bytes(b"the fake engine takes its name for it")
        os.environ |= {"DRAGLIVE_MODELS": str(models), "XDG_CACHE_HOME": str(folder / "cache")}
        command = REAL if engine == "real" else FAKE
        driver = Driver(
            display, [*command, "--recordings", str(folder / "videos")], folder / "trace.jsonl"
        )
        try:
            driver.await_picture()
            hand = Hand(driver, rng, engine)
            for number in range(events):
                done = hand.act()
                found.done[done] = found.done.get(done, 0) + 1
                found.events += 1
                if (number + 1) % max(events // 10, 1) == 0:
                    found.course.append(round(memory_mb(driver.process.pid)))
                if number == events // 5:
                    found.megabytes_after_warm_up = rested_mb(hand, driver)
            found.megabytes = rested_mb(hand, driver)
            hand.come_to_rest()
            found.dead = [c for c, command in ALIVE.items() if not does(hand, driver, c, command)]
            time.sleep(0.5)
            found.exit_code = driver.end()
            found.troubles = [event["error"] for event in driver.events("trouble")]
            found.differing = differing(driver.last("state"))
        finally:
            driver.kill()
    return found


def does(hand: Hand, driver: Driver, control: str, command: str) -> bool:
    """Whether a control still posts its command."""
    try:
        if control == "Official":  # a section may have been folded; the settings may be these
            hand.find("Settings", "Paper")
            hand.click(driver.find("Paper"))
            time.sleep(2 * MOMENT)
        hand.find(SECTIONS[control], control)
        before = len(driver.commands(command))
        hand.click(driver.find(control))
        wait_for(command, lambda: len(driver.commands(command)) > before, PATIENCE_S)
    except AssertionError as error:
        print(f"{control}: {error}", file=sys.stderr)
        return False
    return True


def differing(state: dict[str, dict[str, object]]) -> dict[str, object]:
    """Where window and engine do not agree."""
    window, engine = state.get("window"), state.get("engine")
    if window is None or engine is None:
        return {"state": "not told"}
    return {k: [v, engine[k]] for k, v in window.items() if v != engine[k]}


def rested_mb(hand: Hand, driver: Driver) -> float:
    """The memory of a window with a fresh edit: undo has no end, and keeps what it needs."""
    hand.come_to_rest()
    hand.model()
    time.sleep(REST_S)
    return memory_mb(driver.process.pid)


def memory_mb(pid: int) -> float:
    """The resident set of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=MODEL, default="real")
    given = parser.parse_args()
    found = misbehave(given.events, given.seed, given.engine)
    print(json.dumps({**asdict(found), "growth": round(found.growth, 4)}))


if __name__ == "__main__":
    main()
