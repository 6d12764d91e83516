"""When to draw next. Pure.

Under Xvfb vsync does nothing, and where OpenGL runs on the CPU every drawn frame (20 ms at
1366x768) is taken from the engine. So: no faster than asked for, never more than a share of the
time, and slowly while nothing happens. Dear PyGui polls the mouse only when it draws, which keeps
the slow rate from being slower still.
"""

from __future__ import annotations

import time

IDLE_RATE = 15.0  # frames a second while nothing happens
IDLE_AFTER_S = 1.5
SHARE = 0.6  # of the time may be spent drawing
LONGEST_WAIT_S = 0.1  # however long drawing takes
SMOOTHING = 0.2


class Pacer:
    """Fed by the render loop.

    Args:
        max_rate: frames a second at most.
    """

    def __init__(self, max_rate: float) -> None:
        self._interval_s = 1 / max_rate
        self._started_s = self._stirred_s = time.perf_counter()
        self._took_s = 0.0

    def stir(self) -> None:
        """Something happens: draw at the full rate for a while."""
        self._stirred_s = time.perf_counter()

    @property
    def is_idle(self) -> bool:
        """Whether nothing has happened for a while."""
        return time.perf_counter() - self._stirred_s > IDLE_AFTER_S

    @property
    def left_s(self) -> float:
        """How long to wait before the next frame; 0 when it is due."""
        interval_s = 1 / IDLE_RATE if self.is_idle else self._interval_s
        interval_s = max(interval_s, min(self._took_s / SHARE, LONGEST_WAIT_S))
        return max(self._started_s + interval_s - time.perf_counter(), 0.0)

    def begin(self) -> None:
        """A frame is being drawn."""
        self._started_s = time.perf_counter()

    def end(self) -> float:
        """It is drawn; the time it took, in seconds."""
        took_s = time.perf_counter() - self._started_s
        self._took_s += SMOOTHING * (took_s - self._took_s)
        return took_s
