"""Steps per frame, how fine a picture may be, and how fast everything goes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping

from .device import RECENT, percentiles
from .types import EngineStats, StageStats

MAX_STEPS_PER_FRAME = 64
UNHURRIED_S = 0.03  # of a round that cannot keep up with the display
SHARED = 1.4  # of the picture's time for such a round: the rest is for steps
LONGEST_FRAME_S = 0.05  # a moving hand gets a blurred picture rather than a later one
FINER_AGAIN = 0.8  # of that: a picture must not change its size with every whim of the machine
PIXELS = 4  # times as many in the next finer picture: at most so many times the work
UNTRIED_SHARE = 0.4  # of the work is left at half the size
LEARNING = 0.2  # share of a new measurement
WINDOW_S = 2.0  # rates are counted over so much of the past


class Pace:
    """Chooses what makes frames keep coming on time: steps per frame, and coarser pictures.

    Args:
        frame_interval_s: when a frame is due after the one before.
    """

    def __init__(self, frame_interval_s: float) -> None:
        self._interval_s = frame_interval_s
        self._step_s = frame_interval_s
        self._frame_s: dict[int, float] = {}  # by how much coarser than the picture itself
        self._coarser = 0  # chosen last

    def observe(self, step_s: float, frame_s: float, coarser: int = 0) -> None:
        """Learn from one round: what a step took, and what its picture took.

        The machine is as fast for the sizes not made now as for this one: their figures follow.
        """
        self._step_s += LEARNING * (step_s - self._step_s)
        before = self._frame_s.setdefault(coarser, frame_s)
        slower = 1 + LEARNING * (frame_s / before - 1)
        for size, size_s in self._frame_s.items():
            most_s = before * slower * PIXELS ** max(coarser - size, 0)
            self._frame_s[size] = min(size_s * slower, most_s)

    def coarser(self, previews: int) -> int:
        """How much coarser the picture of a moving hand should be: the least that is in time.

        Args:
            previews: the most there is.
        """
        level = min(self._coarser, previews)
        while level < previews and self._expected_s(level) > LONGEST_FRAME_S:
            level += 1
        while level > 0 and self._expected_s(level - 1) < LONGEST_FRAME_S * FINER_AGAIN:
            level -= 1
        self._coarser = level
        return level

    def steps_per_frame(self, coarser: int = 0) -> int:
        """At least one; more where they fit into the time that the picture leaves."""
        frame_s = self._expected_s(coarser)
        round_s = self._interval_s
        if frame_s + self._step_s > round_s:  # too slow for the display: steps are worth more then
            round_s = max(round_s, UNHURRIED_S, frame_s * SHARED)
        left_s = round_s - frame_s
        return min(max(int(left_s / max(self._step_s, 1e-6)), 1), MAX_STEPS_PER_FRAME)

    def _expected_s(self, coarser: int) -> float:
        """What was measured; of an untried preview, a share of the next finer one."""
        if coarser in self._frame_s:
            return self._frame_s[coarser]
        return self._interval_s if coarser == 0 else self._expected_s(coarser - 1) * UNTRIED_SHARE


class Rates:
    """Steps and frames per second, mouse-to-frame latency; read from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rounds: deque[tuple[float, int, int]] = deque()  # when, steps, frames
        self._waits_ms: deque[float] = deque(maxlen=RECENT)
        self._waits = self._steps = self._frames = 0
        self._active_s = 0.0

    def add_round(self, steps: int, active_s: float) -> None:
        """Steps done and one picture made of them, and the time both took."""
        with self._lock:
            self._steps += steps
            self._frames += 1
            self._active_s += active_s
            self._add(steps, 0)

    def add_frame(self, input_s: float | None) -> None:
        """A frame published; `input_s` is when the oldest command that it first shows came."""
        with self._lock:
            self._add(0, 1)
            if input_s is not None:
                self._waits += 1
                self._waits_ms.append((time.perf_counter() - input_s) * 1e3)

    def stats(self, stages: Mapping[str, StageStats]) -> EngineStats:
        """Everything at once, with the stages' percentiles as given."""
        with self._lock:
            now = time.perf_counter()
            self._forget(now)
            waits = list(self._waits_ms)
            return EngineStats(
                stages=stages,
                steps_per_second=sum(steps for _, steps, _ in self._rounds) / WINDOW_S,
                frames_per_second=sum(frames for _, _, frames in self._rounds) / WINDOW_S,
                mouse_to_frame=percentiles(waits, self._waits) if waits else None,
                steps=self._steps,
                frames=self._frames,
                active_s=self._active_s,
            )

    def _add(self, steps: int, frames: int) -> None:
        now = time.perf_counter()
        self._rounds.append((now, steps, frames))
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._rounds and now - self._rounds[0][0] > WINDOW_S:
            self._rounds.popleft()
