"""How many of the CPU's cores the engine takes: found out while it works.

Two threads of one step wait for each other many times. That pays while both cores are free, and
costs a time slice at each wait while a window is drawn on one of them without a graphics card. No
rule knows which it is, so the rounds themselves are timed, with all threads and with fewer in
turns; the fastest stays for a while.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

PROBES = 5  # rounds a candidate is tried; the first of them does not count
HOLD_S = 8.0  # how long a verdict stands


class ThreadTuner:
    """Owned by the engine's thread.

    Args:
        candidates: numbers of threads to choose from, the likeliest first.
        use: makes the next rounds run with so many.
    """

    def __init__(self, candidates: Sequence[int], use: Callable[[int], None]) -> None:
        self._candidates, self._use = list(candidates), use
        self._samples: dict[int, list[float]] = {}
        self._settled_s: float | None = None
        self.threads = self._candidates[0]
        use(self.threads)

    def observe(self, round_s: float) -> None:
        """Learn from one round of steps and picture."""
        if len(self._candidates) == 1:
            return
        if self._settled_s is not None:
            if time.perf_counter() - self._settled_s < HOLD_S:
                return
            self._settled_s, self._samples = None, {}
        samples = self._samples.setdefault(self.threads, [])
        samples.append(round_s)
        if len(samples) < PROBES:
            return
        untried = [n for n in self._candidates if n not in self._samples]
        if untried:
            self._switch(untried[0])
        else:
            self._switch(min(self._samples, key=self._median))
            self._settled_s = time.perf_counter()

    def _median(self, threads: int) -> float:
        return statistics.median(self._samples[threads][1:])

    def _switch(self, threads: int) -> None:
        if threads != self.threads:
            self.threads = threads
            self._use(threads)


def candidates(cores: int) -> list[int]:
    """All cores, one fewer, half of them: what may be best beside a window."""
    return sorted({n for n in (cores, cores - 1, cores // 2) if n > 0}, reverse=True)
