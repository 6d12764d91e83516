"""Records what an engine shows into a video, by the wall clock, on a thread of its own.

Picture number n is due n / fps seconds after the first one, and is the newest that the engine has
sent by then; an idle engine sends nothing, and its last picture is repeated. Three buffers lie
between the two threads, so memory does not grow and neither waits for the other.

Knows nothing of windows. Errors are those of `video`; on the thread they end the recording and
become `RecordingSummary.error`.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..engine.mailbox import FrameMailbox
from ..engine.types import EngineClient, Frame, Size
from .errors import RecorderError
from .overlay import draw_points
from .pictures import Picture, letterbox, picture_size
from .video import VideoWriter, require_place

MAX_FPS = 240
NICENESS = 10  # three buffers' worth of patience: the drag needs the cores first
MAX_CATCH_UP_S = 0.5  # a recorder further behind the clock leaves pictures out


@dataclass(frozen=True, slots=True)
class RecordingSummary:
    """How a recording ended; the file exists if `frames` is above 0."""

    path: Path
    frames: int
    seconds: float  # the video's length
    error: str | None  # one line, or None when all went well


class Recorder:
    """One recording, from construction to `stop`.

    `_receive` runs on the engine's thread, `_run` and all it calls on the recorder's own; the
    rest may be called from anywhere.
    """

    def __init__(
        self, engine: EngineClient, path: Path, *, fps: int = 30, overlay: bool = False
    ) -> None:
        """Subscribe to the engine's frames and begin.

        Args:
            engine: whose pictures to record.
            path: the video to make, ending in `.mp4`; until it is finished it is named
                `NAME.part.mp4`.
            fps: pictures per second, 1 to 240, whatever the engine's own rate.
            overlay: draw the points in.

        Raises:
            PlaceError: the video cannot be written there.
            RecorderError: fps out of range.
        """
        if not 1 <= fps <= MAX_FPS:
            raise RecorderError(f"fps must be from 1 to {MAX_FPS}, not {fps}")
        self._unfinished = require_place(path)
        self._path = path
        self._fps = fps
        self._overlay = overlay
        self._engine = engine
        self._sink = self._receive  # one object, so that remove_sink finds it
        self._inbox: FrameMailbox[Picture] = FrameMailbox()
        self._inbox_size: Size | None = None
        self._awake = threading.Event()  # a first picture came, or it is over before one did
        self._stopping = threading.Event()
        self._started_s = math.nan  # when the first picture came, by time.perf_counter
        self._stopped_s = math.inf
        self._done = threading.Event()
        self._summary = RecordingSummary(path, frames=0, seconds=0.0, error=None)
        # A daemon: a program that ends without `stop` leaves the unfinished file, which plays.
        threading.Thread(target=self._run, name="draglive-recorder", daemon=True).start()
        engine.add_sink(self._sink)

    @property
    def path(self) -> Path:
        """The video, once finished."""
        return self._path

    @property
    def frames(self) -> int:
        """Pictures written so far."""
        return self._summary.frames

    @property
    def seconds(self) -> float:
        """The video's length so far."""
        return self._summary.seconds

    @property
    def finished(self) -> RecordingSummary | None:
        """How it ended, or None while it goes on; an error ends it without `stop`."""
        return self._summary if self._done.is_set() else None

    def stop(self) -> None:
        """End the recording now; returns at once, the thread finishes the file."""
        if not self._stopping.is_set():
            self._stopped_s = time.perf_counter()
            self._stopping.set()
            self._awake.set()

    def wait(self, timeout_s: float = 10.0) -> RecordingSummary:
        """Wait until the file is finished, after `stop`.

        Raises:
            RecorderError: it is not finished within `timeout_s`.
        """
        if not self._done.wait(timeout_s):
            raise RecorderError(f"{self._path}: not finished within {timeout_s:g} s")
        return self._summary

    def _receive(self, frame: Frame) -> None:
        """Keep a copy of the newest frame; on the engine's thread, so it only copies."""
        if self._stopping.is_set():
            return
        size = picture_size(frame.rgba)
        if self._inbox_size is None:
            self._started_s = time.perf_counter()
        if size != self._inbox_size:
            self._inbox.replace_buffers([np.empty_like(frame.rgba, order="C") for _ in range(3)])
            self._inbox_size = size
        buffer = self._inbox.acquire()
        np.copyto(buffer, frame.rgba)
        self._inbox.publish(replace(frame, rgba=buffer), buffer)
        self._awake.set()

    def _run(self) -> None:
        if sys.platform == "linux":  # where a thread has a priority of its own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        error: str | None = None
        try:
            self._record()
        except RecorderError as failure:
            error = str(failure)
        except Exception as failure:  # whatever it is, the edit must live on
            error = f"{self._path}: recording broke: {type(failure).__name__}: {failure}"
        self._summary = replace(self._summary, error=error)
        self._done.set()

    def _record(self) -> None:
        self._awake.wait()
        try:
            frame = self._inbox.take()
            if frame is None:
                self._unfinished.unlink(missing_ok=True)
                raise RecorderError(f"{self._path}: nothing recorded: the engine sent no picture")
            size = picture_size(frame.rgba)
            with VideoWriter(self._path, size, self._fps) as video:
                self._follow_clock(video, frame)
        finally:
            self._stopping.set()
            self._engine.remove_sink(self._sink)

    def _follow_clock(self, video: VideoWriter, frame: Frame) -> None:
        picture = self._finish(frame, video.size)
        slot: int | None = 0
        while slot is not None:
            newer = self._inbox.take()
            if newer is not None:
                picture = self._finish(newer, video.size)
            video.add(picture, slot)
            self._summary = replace(self._summary, frames=video.frames, seconds=video.seconds)
            slot = self._next_slot(slot + 1)

    def _next_slot(self, slot: int) -> int | None:
        """Wait until a slot is due: `slot`, a later one if far behind, None after the end."""
        due_s = self._started_s + slot / self._fps
        self._stopping.wait(max(due_s - time.perf_counter(), 0.0))
        passed_s = min(time.perf_counter(), self._stopped_s) - self._started_s
        slot = max(slot, math.floor((passed_s - MAX_CATCH_UP_S) * self._fps))
        if self._stopping.is_set() and slot >= round(passed_s * self._fps):
            return None
        return slot

    def _finish(self, frame: Frame, size: Size) -> Picture:
        """The picture as the video shows it; the frame's buffer is the recorder's own."""
        if self._overlay:
            draw_points(frame.rgba, frame.points)
        if picture_size(frame.rgba) == size:
            return frame.rgba
        return letterbox(frame.rgba, size)  # another model was loaded meanwhile
