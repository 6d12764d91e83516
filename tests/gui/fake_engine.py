"""An engine without a model, for window tests: numpy only, honest about mailboxes and state.

A drawn face is warped so that the patches under the handles go where they are pulled, one pixel a
step. It refuses what `edit.apply` refuses, rests when all points have arrived, and can be told to
load slowly, to break while loading, or to break at a command and be healed by a reset.

As a script it opens the real window on itself: `python tests/gui/fake_engine.py --help`.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from draglive.app.engine import types as t
from draglive.app.engine.asking import (
    Answer,
    FeaturePicture,
    PartMask,
    Question,
    SeedPicture,
    StatePicture,
)
from draglive.app.engine.edit import EditError, EditState
from draglive.app.engine.history import History
from draglive.app.engine.log import Event
from draglive.app.engine.mailbox import Batch, CommandMailbox, FrameMailbox
from draglive.app.engine.opener import Opener
from draglive.app.engine.opening import Opening, OpenModel, Tell

SIZE = t.Size(256, 256)
STEP_S = 1 / 60
REACH_PX = 40.0  # how far around a handle the picture follows
DEFAULTS = t.DragConfig.for_model(SIZE, {"step_size": 0.03, "feature_resolution": 64})
MODEL = t.ModelInfo(
    "fake-256", Path("fake-256.safetensors"), SIZE, 14, 0, (4, 8, 16, 32, 64, 128, 256), DEFAULTS
)
BACKEND = t.BackendInfo("numpy", "no device", "uint8", "there is no model")
TIMES = t.StageStats(100, 1e3 * STEP_S, 1.2e3 * STEP_S, 1.3e3 * STEP_S)


@dataclass(frozen=True)
class Faults:
    """What goes wrong."""

    loading_s: float = 0.0
    broken: str = ""  # the model cannot be loaded: why
    fails_on: type[t.Command] | None = None
    opening_s: float = 0.0  # another model takes so long


@dataclass
class Pull:
    """A patch on its way: where it was taken, where it is."""

    origin: t.Point
    handle: t.Point


class FakeEngine:
    """Implements `EngineClient`; everything private runs on its own thread."""

    def __init__(self, faults: Faults | None = None, size: t.Size = SIZE) -> None:
        self._faults = faults or Faults()
        self._model = replace(MODEL, size=size)
        self._commands = CommandMailbox()
        buffers = [np.empty((size.height, size.width, 4), np.uint8) for _ in range(3)]
        self._frames: FrameMailbox[NDArray[np.uint8]] = FrameMailbox(buffers)
        self._status: t.EngineStatus = t.Loading("loading the model")
        self._sinks: tuple[t.FrameSink, ...] = ()
        self._stopping = threading.Event()
        self._opener = Opener(self._load, lambda _: None, self._commands.wake, str)
        self._history = History.begin(EditState(size, DEFAULTS))
        self._left: dict[int, dict[int, Pull]] = {}  # by state
        self._known = 0
        self._pulls: dict[int, Pull] = {}
        self._answers: list[Answer] = []
        self._face = draw_face(0, size)
        self._sequence = self._steps = 0
        self._input_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="fake-engine", daemon=True)
        self._thread.start()

    def post(self, command: t.Command) -> int:
        return self._commands.post(command)

    def take_frame(self) -> t.Frame | None:
        return self._frames.take()

    def status(self) -> t.EngineStatus:
        return self._status

    def stats(self) -> t.EngineStats:
        return t.EngineStats({"step": TIMES}, 1 / STEP_S, 1 / STEP_S, None, self._steps)

    def ask(self, questions: Sequence[Question]) -> None:
        self._answers += [Answer(question, self._find(question)) for question in questions]

    def answers(self) -> Sequence[Answer]:
        answers, self._answers = self._answers, []
        return answers

    def _find(self, question: Question) -> NDArray[np.generic]:
        """A face for every picture; what was dragged is one number for every vector."""
        match question:
            case SeedPicture(seed, height=height):
                return cv2.resize(draw_face(seed, self._model.size), (height or 256,) * 2)
            case StatePicture(state, height):
                edit = self._history.states[state].edit
                return cv2.resize(draw_face(edit.seed, self._model.size), (height or 256,) * 2)
            case FeaturePicture():
                return cv2.resize(draw_face(1, self._model.size), (64, 64))
            case PartMask(x, y):  # a disc
                height, width = self._face.shape[:2]
                part = np.zeros((height, width), np.float32)
                return cv2.circle(part, (round(x), round(y)), 30, 1.0, -1)
            case _:
                pulled = sum(p.handle.distance(p.origin) for p in self._pulls.values())
                return np.full((self._model.num_ws, self._model.w_dim), pulled, np.float32)

    def add_sink(self, sink: t.FrameSink) -> None:
        self._sinks = (*self._sinks, sink)
        self._commands.wake()

    def remove_sink(self, sink: t.FrameSink) -> None:
        self._sinks = tuple(s for s in self._sinks if s != sink)

    def stop(self) -> None:
        self._stopping.set()
        self._commands.wake()
        self._thread.join()

    def open_model(self, request: OpenModel) -> None:
        self._opener.open(request)

    def cancel_opening(self) -> None:
        self._opener.cancel()

    def opening(self) -> Opening | None:
        return self._opener.opening

    def _load(self, request: OpenModel, tell: Tell) -> tuple[t.ModelInfo, OpenModel]:
        """A model by its file's name: `broken…` cannot be opened, `NAME-64-10.pkl` has classes."""
        path = request.path or MODEL.path
        for tenth in range(10):
            tell("reading the model", tenth / 10)
            time.sleep(self._faults.opening_s / 10)
        if path.stem.startswith("broken") or not path.exists():
            raise ValueError(f"{path}: not a checkpoint")
        name, pixels, classes = path.stem.split("-")
        size = t.Size(int(pixels), int(pixels))
        info = replace(
            MODEL,
            name=name,
            path=path,
            size=size,
            classes=int(classes),
            feature_resolutions=tuple(r for r in MODEL.feature_resolutions if r <= int(pixels)),
        )
        return info, request

    def _adopt(self, model: t.ModelInfo, request: OpenModel) -> None:
        self._model, size = model, model.size
        self._commands.drain()
        start = EditState(size, model.defaults, request.seed, request.class_index, request.psi)
        self._history = History.begin(start)
        self._left, self._pulls = {}, {}
        self._face = draw_face(request.seed, size)
        self._frames.replace_buffers(
            [np.empty((size.height, size.width, 4), np.uint8) for _ in range(3)]
        )
        self._tell("")
        self._publish()

    def _run(self) -> None:
        self._stopping.wait(self._faults.loading_s)
        if self._faults.broken:
            self._status = t.Failed(self._faults.broken, "Traceback: none, it is a fake")
            return
        self._tell("")
        self._publish()
        while not self._stopping.is_set():
            self._cycle()

    def _cycle(self) -> None:
        if (opened := self._opener.take()) is not None:
            self._adopt(*opened)
        sinks = self._sinks
        batch = self._commands.drain(STEP_S if self._is_moving() else 0.2)
        try:
            self._take(batch)
        except ZeroDivisionError as error:
            self._status = t.Failed(str(error), "Traceback: a fake one", self._model)
            return
        if self._is_moving():
            time.sleep(STEP_S)
            self._step()
            self._publish()
        elif batch.commands or self._sinks != sinks:
            self._publish()

    def _take(self, batch: Batch) -> None:
        self._input_s = self._input_s or batch.oldest_s
        notice = ""
        for command in batch.commands:
            if self._faults.fails_on and isinstance(command, self._faults.fails_on):
                raise ZeroDivisionError("the fake was told to fail")
            try:
                self._apply(command)
            except EditError as error:
                notice = str(error)
        self._known = batch.posted
        if batch.commands:
            self._tell(notice)

    @property
    def _state(self) -> EditState:
        return self._history.edit

    def _apply(self, command: t.Command) -> None:
        before = self._history
        self._history = before.after(Event(self._steps, time.perf_counter(), command))
        if self._history.current != before.current:
            self._left[before.current] = {i: replace(p) for i, p in self._pulls.items()}
        match command:
            case t.Undo() | t.Redo() | t.GoTo():
                self._face = draw_face(self._state.seed, self._state.size)
                self._pulls = {i: replace(p) for i, p in self._left[self._history.current].items()}
            case t.SetSeed(seed) | t.SetClass(seed):
                self._face = draw_face(seed or 0, self._state.size)
            case t.MoveHandle(point_id, handle):
                self._pulls[point_id] = Pull(handle, handle)
            case _:
                pass
        if isinstance(command, t.SetSeed | t.SetClass | t.ResetPicture):
            self._pulls.clear()
        for point in self._state.points:
            self._pulls.setdefault(point.id, Pull(point.handle, point.handle))

    def _tell(self, notice: str) -> None:
        moving: t.Activity = "dragging" if self._is_moving() else "idle"
        activity: t.Activity = "paused" if self._state.paused else moving
        self._status = t.Ready(self._model, BACKEND, activity, notice, self._history, self._known)

    def _is_moving(self) -> bool:
        return not self._state.paused and not all(p.arrived for p in self._points())

    def _points(self) -> tuple[t.PointState, ...]:
        stop_px = self._state.config.stop_px
        handles = [(p, self._pulls[p.id].handle) for p in self._state.points]
        return tuple(
            t.PointState(p.id, handle, p.target, handle.distance(p.target) <= stop_px)
            for p, handle in handles
        )

    def _step(self) -> None:
        self._steps += 1
        for point in self._points():
            if not point.arrived:
                share = min(1 / point.distance_px, 1.0)
                (x, y), (tx, ty) = point.handle, point.target
                nearer = t.Point(x + share * (tx - x), y + share * (ty - y))
                self._pulls[point.id].handle = nearer
        self._tell("")

    def _publish(self) -> None:
        buffer = self._frames.acquire()
        warp(self._face, list(self._pulls.values()), buffer)
        points = self._points()
        arrived = all(p.arrived for p in points)
        frame = t.Frame(
            self._sequence,
            self._steps,
            buffer,
            points,
            self._input_s,
            arrived,
            self._known,
            self._history.current,
        )
        self._sequence += 1
        self._input_s = None
        for sink in self._sinks:
            sink(frame)
        self._frames.publish(frame, buffer)


def draw_face(seed: int, size: t.Size) -> NDArray[np.uint8]:
    """A round face on a plain ground, coloured by the seed: uint8 [H, W, 4]."""
    ground, fur, eye = np.random.RandomState(seed).randint(60, 220, (3, 3)).tolist()
    face = np.full((size.height, size.width, 4), (*ground, 255), np.uint8)
    unit = size.height / 256

    def disc(x: float, y: float, radius: float, colour: Sequence[int]) -> None:
        centre = round(x * size.width / 256), round(y * unit)
        cv2.circle(face, centre, round(radius * unit), (*colour, 255), -1, cv2.LINE_AA)

    for x in (70, 186):
        disc(x, 70, 34, fur)
    disc(128, 140, 90, fur)
    for x in (95, 161):
        disc(x, 120, 20, (240, 240, 240))
        disc(x, 120, 11, eye)
    disc(128, 160, 12, (40, 30, 30))
    return face


def warp(face: NDArray[np.uint8], pulls: Sequence[Pull], out: NDArray[np.uint8]) -> None:
    """Move the picture around each handle along with it."""
    height, width = face.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    dx, dy = np.zeros_like(x), np.zeros_like(y)
    for pull in pulls:
        (hx, hy), (ox, oy) = pull.handle, pull.origin
        near = np.exp(-((x - hx) ** 2 + (y - hy) ** 2) / (2 * REACH_PX**2))
        dx += near * np.float32(hx - ox)
        dy += near * np.float32(hy - oy)
    np.copyto(out, cv2.remap(face, x - dx, y - dy, cv2.INTER_LINEAR, borderMode=1))


def main() -> int:
    """Open the window on a fake engine."""
    from draglive.app.gui.options import WindowOptions
    from draglive.app.gui.window import Window

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--size", default="1366x768")
    parser.add_argument("--scale", type=float)
    parser.add_argument("--trace", type=Path)
    parser.add_argument("--recordings", type=Path)
    parser.add_argument("--loading", type=float, default=0.0)
    parser.add_argument("--broken", default="")
    parser.add_argument("--opening", type=float, default=0.0)
    parser.add_argument("--fails-on", choices=["SetTruncation", "SetPaused"])
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    fails_on = getattr(t, given.fails_on) if given.fails_on else None
    engine = FakeEngine(Faults(given.loading, given.broken, fails_on, given.opening))
    options = WindowOptions(
        width=width,
        height=height,
        scale=given.scale,
        trace=given.trace,
        recordings_dir=given.recordings,
    )
    return Window(engine, options).run()


if __name__ == "__main__":
    sys.exit(main())
