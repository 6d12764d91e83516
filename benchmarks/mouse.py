"""A mouse and a keyboard on an X display, for measuring: events through X's test extension.

By ctypes, because a program started for every event (xdotool) takes 5 to 10 ms of what is measured.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import os
import shutil
import subprocess
import time
from collections.abc import Iterator

from .errors import BenchmarkError

NOW = 0  # a delay in milliseconds
SCREEN = "1366x768x24"


class Mouse:
    """Pointer, buttons and keys of a display.

    Raises:
        BenchmarkError: no X library, no test extension, or no such display.
    """

    def __init__(self, display: str) -> None:
        self._x, self._test = _library("X11"), _library("Xtst")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XStringToKeysym.restype = ctypes.c_ulong
        self._display = ctypes.c_void_p(self._x.XOpenDisplay(display.encode()))
        if not self._display:
            raise BenchmarkError(f"display {display!r} does not answer")

    def move(self, x: int, y: int) -> float:
        """To a pixel of the screen; the time at which the event was sent (`perf_counter`)."""
        return self._send("XTestFakeMotionEvent", -1, x, y, NOW)

    def press(self, *, down: bool) -> float:
        """The left button goes down or up; when that was sent."""
        return self._send("XTestFakeButtonEvent", 1, int(down), NOW)

    def key(self, name: str, hold_s: float = 0.1) -> None:
        """Press a key for a while, as an X keysym's name."""
        symbol = ctypes.c_ulong(self._x.XStringToKeysym(name.encode()))
        code = self._x.XKeysymToKeycode(self._display, symbol) & 0xFF
        self._send("XTestFakeKeyEvent", code, 1, NOW)
        time.sleep(hold_s)
        self._send("XTestFakeKeyEvent", code, 0, NOW)

    def close(self) -> None:
        """Let the display go."""
        self._x.XCloseDisplay(self._display)

    def _send(self, function: str, *arguments: int) -> float:
        getattr(self._test, function)(self._display, *arguments)
        sent_s = time.perf_counter()
        self._x.XFlush(self._display)
        return sent_s


@contextlib.contextmanager
def some_display() -> Iterator[str]:
    """The display in use, or one of our own that nobody sees (Xvfb).

    Raises:
        BenchmarkError: there is neither.
    """
    if display := os.environ.get("DISPLAY"):
        yield display
        return
    if shutil.which("Xvfb") is None:
        raise BenchmarkError("no display: DISPLAY is not set, and there is no Xvfb")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", SCREEN, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        if not number:
            raise BenchmarkError("Xvfb did not start")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


def _library(name: str) -> ctypes.CDLL:
    found = ctypes.util.find_library(name)
    if found is None:
        raise BenchmarkError(f"the X library lib{name} is not there")
    return ctypes.CDLL(found)
