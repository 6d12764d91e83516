"""The window's own clocks: frames a second, longest frame, mouse to frame. Pure."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

import numpy as np

RECENT = 240  # latencies kept
FIRST_TURNS = 3  # they rasterise the fonts
RATE_S = 1.0  # rates are counted over so much of the past


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of recent latencies, in milliseconds."""

    p50_ms: float
    p95_ms: float


class Laps:
    """What one turn of the loop spent its time on."""

    def __init__(self) -> None:
        self._last_s = self._start_s = time.perf_counter()
        self._start_cpu_s = time.thread_time()
        self.ms: dict[str, float] = {}

    def begin(self) -> None:
        """A turn begins."""
        self._last_s = self._start_s = time.perf_counter()
        self._start_cpu_s = time.thread_time()
        self.ms.clear()

    def lap(self, name: str) -> None:
        """What was done since the last call, or the beginning, has this name."""
        now_s = time.perf_counter()
        self.ms[name] = round((now_s - self._last_s) * 1e3, 1)
        self._last_s = now_s

    @property
    def total_ms(self) -> float:
        """From the beginning to the last lap."""
        return (self._last_s - self._start_s) * 1e3

    @property
    def own_ms(self) -> float:
        """As long as this thread itself computed: others may have had the cores."""
        return (time.thread_time() - self._start_cpu_s) * 1e3


class Meters:
    """Fed by the render loop, read by the HUD; GUI thread only."""

    def __init__(self) -> None:
        self._shown_s: deque[float] = deque()
        self._waits_ms: deque[float] = deque(maxlen=RECENT)
        self.turns = 0
        self.longest_turn_ms = 0.0

    def turned(self, took_s: float) -> None:
        """The loop went round once; waiting is not in `took_s`."""
        self.turns += 1
        if self.turns > FIRST_TURNS:
            self.longest_turn_ms = max(self.longest_turn_ms, took_s * 1e3)

    def shown(self, input_s: float | None) -> float | None:
        """An engine's frame is on the screen now; how long its oldest input waited for it, ms."""
        now_s = time.perf_counter()
        self._shown_s.append(now_s)
        if input_s is None:
            return None
        wait_ms = (now_s - input_s) * 1e3
        self._waits_ms.append(wait_ms)
        return wait_ms

    @property
    def frame_rate(self) -> float:
        """How many of the engine's frames a second reach the screen."""
        return _rate(self._shown_s)

    @property
    def mouse_to_frame(self) -> Percentiles | None:
        """From posting a command to the frame that shows it being drawn."""
        if not self._waits_ms:
            return None
        p50_ms, p95_ms = np.percentile(self._waits_ms, (50, 95))
        return Percentiles(float(p50_ms), float(p95_ms))


def _rate(moments_s: deque[float]) -> float:
    now_s = time.perf_counter()
    while moments_s and now_s - moments_s[0] > RATE_S:
        moments_s.popleft()
    return len(moments_s) / RATE_S
