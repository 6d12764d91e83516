"""The bundled gesture: somebody turns the head, opens the mouth and raises an ear, live.

A `Hand` moves like a person's over the same commands that the window posts: it presses, pulls in
small moves at a mouse's rate, and holds until the point has arrived. What it did and how fast the
engine followed becomes the report.
"""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from .engine.types import (
    AddPoint,
    DragPoint,
    EngineClient,
    EngineStats,
    Failed,
    Frame,
    MoveTarget,
    Point,
    PointState,
    Ready,
)
from .errors import DemoError
from .headless import describe_point
from .session.files import write_json
from .session.pictures import Picture, write_png
from .session.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Stroke:
    """Press at `start`, pull to `end`."""

    what: str
    start: Point
    end: Point


SEED = 4
PSI = 0.7
GESTURE = (
    Stroke("turn the head", Point(127, 151), Point(103, 151)),
    Stroke("open the mouth", Point(103, 197), Point(103, 208)),
    Stroke("raise an ear", Point(201, 58), Point(207, 40)),
)
MOVE_S = 1 / 120  # between two moves of the mouse
PULL_S = 0.6  # from press to the end of the pull
PATIENCE_S = 30.0  # for the points to arrive
REST_S = 0.3  # between two strokes
FILES = ("before.png", "after.png", "demo.mp4", "latency.json")


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A frame's picture (a copy) and points."""

    picture: Picture
    points: tuple[PointState, ...]

    def has_arrived(self, targets: Sequence[Point]) -> bool:
        """Whether just these targets are shown, each with its handle on it."""
        return [p.target for p in self.points] == list(targets) and all(
            p.arrived for p in self.points
        )


class Hand:
    """Plays strokes on a started engine, and watches what it shows."""

    def __init__(self, engine: EngineClient) -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._shown: Shown | None = None
        self._sink = self._watch
        engine.add_sink(self._sink)

    def first_picture(self) -> Picture:
        """Wait for it, as long as the model is loading.

        Raises:
            DemoError: the engine failed.
        """
        while (shown := self._await_change(0.1)) is None:
            pass
        return shown.picture

    def play(self, strokes: Sequence[Stroke]) -> list[Shown]:
        """One stroke after the other; what was shown before each, and at the end.

        Raises:
            DemoError: the engine failed, or a point did not arrive.
        """
        moments = [Shown(self.first_picture(), ())]
        for number, stroke in enumerate(strokes, start=1):
            self._pull(number, stroke)
            targets = [s.end for s in strokes[:number]]
            moments.append(self._await_arrival(stroke, targets))
            time.sleep(REST_S)
        return moments

    def leave(self) -> None:
        """Stop watching."""
        self._engine.remove_sink(self._sink)

    def _watch(self, frame: Frame) -> None:
        with self._changed:
            self._shown = Shown(frame.rgba.copy(), frame.points)
            self._changed.notify_all()

    def _await_change(self, timeout_s: float) -> Shown | None:
        """The newest frame, after waiting for another one."""
        status = self._engine.status()
        if isinstance(status, Failed):
            raise DemoError(status.error)
        with self._changed:
            if self._shown is None or timeout_s > 0:
                self._changed.wait(timeout_s)
            return self._shown

    def _await_arrival(self, stroke: Stroke, targets: Sequence[Point]) -> Shown:
        deadline_s = time.perf_counter() + PATIENCE_S
        while time.perf_counter() < deadline_s:
            shown = self._await_change(0.05)
            if shown is not None and shown.has_arrived(targets):
                return shown
        raise DemoError(f"{stroke.what}: not there after {PATIENCE_S:g} s")

    def _pull(self, number: int, stroke: Stroke) -> None:
        self._engine.post(AddPoint(DragPoint(number, stroke.start, stroke.start)))
        moves = round(PULL_S / MOVE_S)
        start_s = time.perf_counter()
        for move in range(1, moves + 1):
            time.sleep(max(start_s + move * MOVE_S - time.perf_counter(), 0))
            share = move / moves
            x = stroke.start.x + share * (stroke.end.x - stroke.start.x)
            y = stroke.start.y + share * (stroke.end.y - stroke.start.y)
            self._engine.post(MoveTarget(number, Point(x, y)))


def perform(engine: EngineClient, out: Path) -> dict[str, object]:
    """Play the gesture on a started engine and leave `FILES` in a folder.

    Args:
        engine: with the default model, seed `SEED` and psi `PSI`.
        out: the folder; made if it is missing.

    Returns:
        The latency report, as written.

    Raises:
        DemoError: the engine failed or a point did not arrive.
        RecorderError, FileError: a file cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    recorder = Recorder(engine, out / "demo.mp4", overlay=True)
    hand = Hand(engine)
    try:
        moments = hand.play(GESTURE)
    finally:
        hand.leave()
        recorder.stop()
        summary = recorder.wait()
    if summary.error:
        raise DemoError(summary.error)
    report = latency_report(engine)
    report["points"] = _describe(moments)
    write_png(out / "before.png", moments[0].picture)
    write_png(out / "after.png", moments[-1].picture)
    write_json(out / "latency.json", report)
    return report


def _describe(moments: Sequence[Shown]) -> list[dict[str, object]]:
    """Each stroke's point at the end, against the picture in which it was put."""
    end = moments[-1]
    return [
        {"what": stroke.what, **describe_point(m.picture, stroke.start, end.picture, point)}
        for stroke, m, point in zip(GESTURE, moments, end.points, strict=False)
    ]


def latency_report(engine: EngineClient) -> dict[str, object]:
    """How fast a ready engine was so far: percentiles by stage, rates while dragging, machine."""
    status, stats = engine.status(), engine.stats()
    if not isinstance(status, Ready):
        raise DemoError("the engine is not ready")
    return {
        "stages": {name: asdict(stage) for name, stage in stats.stages.items()},
        "steps_per_second": _rate(stats, stats.steps),
        "frames_per_second": _rate(stats, stats.frames),
        "mouse_to_frame_ms": asdict(stats.mouse_to_frame) if stats.mouse_to_frame else None,
        "steps": stats.steps,
        "dragging_seconds": round(stats.active_s, 3),
        "device": status.backend.device,
        "dtype": status.backend.dtype,
        "backend": status.backend.name,
        "backend_reason": status.backend.reason,
        "model": status.model.name,
        "resolution": status.model.size.height,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def _rate(stats: EngineStats, count: int) -> float:
    return round(count / stats.active_s, 2) if stats.active_s else 0.0
