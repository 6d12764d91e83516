"""The diagnostic trace (`draglive --trace FILE`): what was posted and what was shown, a line each.

Every line is a JSON object with `t`, seconds since the window opened, and `event`:

    open      `clock_s`: `time.perf_counter()` at t = 0, so that other programs know the time
    command   `command` (its type) and its fields
    view      `left`, `top`, `zoom`: a pixel (x, y) is shown at left + zoom * (x + 0.5), … in the
              window's pixels
    frame     `sequence`, `step`, `points`, `late_ms`: mouse to frame, or null
    status    `status` (its type), its `line`, and the picture's `size` once it is known
    opening   `model` (its path), `what`, `share`, `error`: a model on its way, or why it is not
    controls  `places`: name → left, top, width, height of what can be pressed, in the window
    models    `titles` of those that can be chosen now, when the browser is open
    message   `text`: what the window told the person
    recording `path`, `frames`, `seconds`, `error`: a video was finished
    slow      a turn of the loop of more than 50 ms: `took_ms`, `own_ms` computed by its own thread,
              and `laps`, what it was spent on
    trouble   `error`, `detail`: something that should not happen, and was shown
    state     at the end: the edit as the `window` believes it to be, and as the `engine` has it
    end       `turns` of the loop, the longest of them, mouse to frame as percentiles

For people who look for a fault, for tests, and for the latency benchmark.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TextIO

import numpy as np

from ..engine.opening import Opening
from ..engine.types import Command, EngineStatus, Failed, Frame, Loading
from ..session.recorder import RecordingSummary
from .layout import Box
from .meters import Laps, Meters
from .picture.viewport import Spot, ViewTransform

SLOW_MS = 50.0  # longer than this, a hand notices


class Trace:
    """A trace file, or nothing when there is no path; owned by the window.

    Raises:
        OSError: the file cannot be made.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = path.open("w", encoding="utf-8") if path else None
        self._start_s = time.perf_counter()
        self._view: tuple[float, ...] = ()
        self._titles: tuple[str, ...] = ()
        self._places: Mapping[str, Box] = {}
        self._write("open", clock_s=self._start_s)

    def command(self, command: Command) -> None:
        """A command was posted."""
        if self._file is None:
            return
        values = {f.name: _plain(getattr(command, f.name)) for f in fields(command)}
        self._write("command", command=type(command).__name__, **values)

    def view(self, view: ViewTransform, origin: Spot) -> None:
        """Where the picture is; written when it changed.

        Args:
            view: in the canvas.
            origin: of the canvas in the window.
        """
        corner, _ = view.corners()
        place = (origin.x + corner.x, origin.y + corner.y, view.zoom)
        if place != self._view:
            self._view = place
            self._write("view", left=place[0], top=place[1], zoom=place[2])

    def frame(self, frame: Frame, late_ms: float | None) -> None:
        """A frame was shown."""
        if self._file is None:
            return
        points = [_plain(point) for point in frame.points]
        self._write(
            "frame", sequence=frame.sequence, step=frame.step, points=points, late_ms=late_ms
        )

    def status(self, status: EngineStatus) -> None:
        """The engine's status changed."""
        match status:
            case Loading(what):
                line = what
            case Failed(error):
                line = error
            case _:
                line = f"{status.activity}: {status.notice}" if status.notice else status.activity
        model = None if isinstance(status, Loading) else status.model
        size = None if model is None else list(model.size)
        self._write("status", status=type(status).__name__, line=line, size=size)

    def opening(self, opening: Opening | None) -> None:
        """A model is on its way, or came, or did not."""
        if opening is None:
            self._write("opening", model=None, what="", share=None, error=None)
            return
        path = opening.request.path
        self._write(
            "opening",
            model=str(path) if path else None,
            what=opening.what,
            share=opening.share,
            error=opening.failure.error if opening.failure else None,
        )

    def models(self, titles: tuple[str, ...]) -> None:
        """The browser shows these models; written when it changed."""
        if titles != self._titles:
            self._titles = titles
            self._write("models", titles=titles)

    def controls(self, look: Callable[[], Mapping[str, Box]]) -> None:
        """Where the controls are; asked only if somebody reads it, written when it changed."""
        if self._file is not None and (places := look()) != self._places:
            self._places = places
            self._write("controls", places=places)

    def message(self, text: str) -> None:
        """The window told the person something."""
        self._write("message", text=text)

    def recording(self, video: RecordingSummary) -> None:
        """A video was finished."""
        self._write(
            "recording",
            path=str(video.path),
            frames=video.frames,
            seconds=video.seconds,
            error=video.error,
        )

    def turn(self, laps: Laps) -> None:
        """The loop went round once."""
        if self._file is not None and laps.total_ms > SLOW_MS:
            self._write("slow", took_ms=laps.total_ms, own_ms=laps.own_ms, laps=laps.ms)

    def trouble(self, error: str, detail: str) -> None:
        """Something went wrong that nobody expected."""
        self._write("trouble", error=error, detail=detail)

    def state(self, window: Mapping[str, object], engine: Mapping[str, object] | None) -> None:
        """The edit at the end, twice."""
        self._write("state", window=window, engine=engine)

    def close(self, meters: Meters) -> None:
        """The window is gone; how its loop went."""
        wait = meters.mouse_to_frame
        self._write(
            "end",
            turns=meters.turns,
            longest_turn_ms=round(meters.longest_turn_ms, 1),
            mouse_to_frame_ms=_plain(wait) if wait else None,
        )
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, event: str, **values: object) -> None:
        if self._file is not None:
            t = round(time.perf_counter() - self._start_s, 4)
            self._file.write(json.dumps({"t": t, "event": event, **values}) + "\n")
            self._file.flush()


def _plain(value: object) -> object:
    """As JSON can say it: dataclasses become objects, masks and bytes a number."""
    if isinstance(value, bytes):
        return {"bytes": len(value)}
    if isinstance(value, np.ndarray):
        return {"movable": float(value.mean())}
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return [_plain(part) for part in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value
