"""From the mouse to the picture in the real window: at rest, while dragging, while recording.

A window in a process of its own is driven by events of the X server; its trace (`draglive open
--trace`) says when it noticed them and when the first frame that answers them was drawn. Nothing
of the window is imported here.

    at rest    all points have arrived and nothing moves; then the target jumps
    dragging   the engine steps all the time; the target goes round a circle
    recording  the same, while a video is written
    crowded    the same with many points, all far from their targets, a painted mask, the figures
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from draglive.app.engine.device import Device
from draglive.app.engine.types import Point, Size

from .crowd import gather_crowd
from .errors import BenchmarkError
from .machine import machine_card
from .mouse import Mouse, some_display
from .result import Result
from .turns import summary

SEED, PSI = 4, 0.7
START = (0.497, 0.592)  # of the picture's size: the nose of the default model's seed 4
JUMP = 0.03  # of the picture's width
CIRCLE = 0.05  # radius, likewise
BEAT_S = 0.13  # between two moves: no whole number of frames
REST_S = 0.5  # an idle window looks 15 times a second
PATIENCE_S = 120.0
NEAR_PX = 0.75  # a command this near to where the mouse was sent is its answer
SITUATIONS = ("at rest", "dragging", "recording", "crowded")


@dataclass(frozen=True, slots=True)
class Move:
    """The mouse was sent to `place`, an image position, at `sent_s`."""

    place: Point
    sent_s: float


class TracedWindow:
    """A window under way, what it says of itself, and the mouse on it.

    Args:
        display: where it opens.
        arguments: of `draglive open`.
        folder: for its trace.
    """

    def __init__(self, display: str, arguments: Sequence[str], folder: Path) -> None:
        self.mouse = Mouse(display)  # first: without a display there is nothing to close
        self._trace = folder / "trace.jsonl"
        self._errors = folder / "errors.txt"
        command = [sys.executable, "-m", "draglive.app.cli", "open", *arguments]
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                [*command, "--trace", str(self._trace), "--recordings", str(folder)],
                env={**os.environ, "DISPLAY": display},
                stderr=errors,
            )

    def events(self, kind: str) -> list[dict[str, Any]]:
        """All events of a kind, oldest first; `t` in seconds of `perf_counter`.

        Raises:
            BenchmarkError: the window is gone.
        """
        if self._process.poll() is not None:
            said = self._errors.read_text().strip().splitlines() or ["it said nothing"]
            raise BenchmarkError(f"the window ended: {said[-1]}")
        if not self._trace.exists():
            return []
        events = [json.loads(line) for line in self._trace.read_text().split("\n")[:-1]]
        if not events:
            return []
        opened_s = events[0]["clock_s"]
        return [{**e, "t": e["t"] + opened_s} for e in events if e["event"] == kind]

    def wait(self, what: str, condition: Callable[[], Any]) -> Any:
        """Until the condition holds; its value.

        Raises:
            BenchmarkError: it does not come to hold.
        """
        deadline_s = time.perf_counter() + PATIENCE_S
        while time.perf_counter() < deadline_s:
            if found := condition():
                return found
            time.sleep(0.05)
        raise BenchmarkError(f"the window: waited {PATIENCE_S:g} s for {what}")

    def move(self, place: Point) -> Move:
        """Send the mouse to the pixel of the screen that shows an image position."""
        view = self.events("view")[-1]
        x = round(view["left"] + view["zoom"] * (place.x + 0.5))
        y = round(view["top"] + view["zoom"] * (place.y + 0.5))
        shown = Point(
            (x - view["left"]) / view["zoom"] - 0.5, (y - view["top"]) / view["zoom"] - 0.5
        )
        return Move(shown, self.mouse.move(x, y))

    def await_arrival(self) -> None:
        """Until the newest frame's points have arrived, or the engine gives up."""
        self.wait("the engine to rest", lambda: self.events("status")[-1]["line"][:4] == "idle")
        time.sleep(REST_S)

    def close(self) -> None:
        """Close the window, so that it finishes what it records."""
        self.mouse.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def measure(device: Device, model: Path | None, *, moves: int = 20, points: int = 20) -> Result:
    """Drive the window in all situations.

    Args:
        device: where the window's engine runs.
        model: None for the default one.
        moves: of the mouse in each situation, at least 1.
        points: of the crowd, at least 1.

    Raises:
        BenchmarkError: no display, or the window failed.
    """
    cases = []
    with opened(device, model) as window:
        size = window.wait("a picture", lambda: _picture_size(window))
        start = Point(START[0] * size[0], START[1] * size[1])
        window.move(start)
        time.sleep(REST_S)
        window.mouse.press(down=True)
        time.sleep(REST_S)
        for situation in SITUATIONS:
            if situation == "crowded":
                gather_crowd(window, Size(*size), points, start)
            made = _play(window, situation, start, size[0], moves)
            cases.append(
                describe(situation, made, window.events("command"), window.events("frame"))
            )
        window.mouse.press(down=False)
        facts = {"turns over 50 ms": _slow_turns(window.events("slow"))}
    settings = {
        "model": model.name if model else "default",
        "moves": moves,
        "beat_s": BEAT_S,
        "points": points,
    }
    return Result("latency", machine_card(device), settings, cases, facts)


def _slow_turns(slow: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Of the window's loop, from opening to the last situation: how many, and the longest.

    `own` is what the window's thread itself computed in one of them: others may have had the cores.
    """
    longest = {name: max((s[f"{name}_ms"] for s in slow), default=0.0) for name in ("took", "own")}
    return {"count": float(len(slow)), **{f"{name} ms": ms for name, ms in longest.items()}}


@contextlib.contextmanager
def opened(device: Device, model: Path | None) -> Iterator[TracedWindow]:
    """A window with its first picture."""
    arguments = [str(model.resolve())] if model else []
    arguments += ["--seed", str(SEED), "--psi", str(PSI)]
    arguments += ["--device", str(device.on), "--dtype", device.dtype_name]
    with some_display() as display, tempfile.TemporaryDirectory() as folder:
        window = TracedWindow(display, arguments, Path(folder))
        try:
            window.wait("its first picture", lambda: window.events("frame"))
            yield window
        finally:
            window.close()


def _picture_size(window: TracedWindow) -> tuple[int, int] | None:
    """Width and height of the picture, from the window's status."""
    for event in window.events("status"):
        if event.get("size"):
            return event["size"][0], event["size"][1]
    return None


def _play(window: TracedWindow, situation: str, start: Point, width: int, moves: int) -> list[Move]:
    if situation == "at rest":
        return list(_jumps(window, start, width, moves))
    if situation == "recording":
        window.mouse.key("r")
        time.sleep(REST_S)
    made = list(_circle(window, start, width, moves))
    time.sleep(1.0)  # the last one is to be answered, too
    if situation == "recording":
        window.mouse.key("r")
        window.wait("the video", lambda: window.events("recording"))
    return made


def _jumps(window: TracedWindow, start: Point, width: int, moves: int) -> Iterator[Move]:
    """Now here, now there, each time after the picture came to rest."""
    for number in range(moves):
        side = JUMP * width * (-1 if number % 2 else 1)
        yield window.move(Point(start.x + side, start.y))
        time.sleep(REST_S)
        window.await_arrival()


def _circle(window: TracedWindow, start: Point, width: int, moves: int) -> Iterator[Move]:
    """Round and round, on the beat: the handle never gets there."""
    radius = CIRCLE * width
    for number in range(moves):
        angle = 2.4 * number  # golden angle: no place twice
        yield window.move(
            Point(start.x + radius * math.cos(angle), start.y + radius * math.sin(angle))
        )
        time.sleep(BEAT_S)


def describe(
    situation: str,
    moves: Sequence[Move],
    commands: Sequence[Mapping[str, Any]],
    frames: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """How late the window was.

    Args:
        situation: the case's name.
        moves: of the mouse, in order.
        commands: the trace's, in order.
        frames: likewise.

    Returns:
        The case: mouse to command and mouse to frame, and how many moves were answered.

    Raises:
        BenchmarkError: not one move was answered.
    """
    targets = [c for c in commands if c["command"] == "MoveTarget"]
    noticed, shown = [], []
    for move in moves:
        found = next((i for i, c in enumerate(targets) if _answers(c, move)), None)
        if found is None:
            continue
        frame_s = _first_frame(targets[found:], frames)
        if frame_s is not None:
            noticed.append((targets[found]["t"] - move.sent_s) * 1e3)
            shown.append((frame_s - move.sent_s) * 1e3)
    if not shown:
        raise BenchmarkError(f"{situation}: the window answered none of {len(moves)} moves")
    return {
        "name": situation,
        "moves": len(moves),
        "answered": len(shown),
        "mouse_to_command": summary(noticed),
        "mouse_to_frame": summary(shown),
        **_rates(moves, frames),
    }


def _rates(moves: Sequence[Move], frames: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Frames and steps a second while the mouse moved; nothing where it did not for long."""
    first_s, last_s = moves[0].sent_s, moves[-1].sent_s
    seen = [frame for frame in frames if first_s <= frame["t"] <= last_s]
    if len(seen) < 2:
        return {}
    took_s = seen[-1]["t"] - seen[0]["t"]
    steps = seen[-1]["step"] - seen[0]["step"]
    return {"frames_per_s": (len(seen) - 1) / took_s, "steps_per_s": steps / took_s}


def _answers(command: Mapping[str, Any], move: Move) -> bool:
    return command["t"] >= move.sent_s and Point(*command["target"]).distance(move.place) < NEAR_PX


def _first_frame(
    commands: Sequence[Mapping[str, Any]], frames: Sequence[Mapping[str, Any]]
) -> float | None:
    """When the first frame was drawn that knows the first of the commands, or a later one."""
    places = {tuple(c["target"]) for c in commands}
    for frame in frames:
        if frame["t"] >= commands[0]["t"] and any(
            tuple(point["target"]) in places for point in frame["points"]
        ):
            return float(frame["t"])
    return None
