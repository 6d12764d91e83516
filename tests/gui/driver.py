"""A hand on the real window: xdotool moves and presses, the trace tells what came of it.

For tests and for the pictures' tour (docs/tour): knows nothing of pytest.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parents[2]
REAL = [sys.executable, "-m", "draglive.app.cli", "open", "--seed", "4", "--psi", "0.7"]
SIZE = (1366, 768)
PATIENCE_S = 60.0  # other work may have the cores


@contextmanager
def virtual_display(size=SIZE):
    """The name of a fresh X display without a window manager."""
    read, write = os.pipe()
    screen = "{}x{}x24".format(*size)
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", screen, "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


def wait_for(what, condition, patience_s=PATIENCE_S):
    """Poll until the condition is truthy, and return that."""
    deadline_s = time.perf_counter() + patience_s
    while time.perf_counter() < deadline_s:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {patience_s:g} s for {what}")


class Driver:
    """A running window, the hand on its mouse, and what it says of itself (`--trace`)."""

    def __init__(self, display, command, trace, size=SIZE, scale=1.0):
        self.environment = {**os.environ, "DISPLAY": display, "PYTHONFAULTHANDLER": "1"}
        self.environment.pop("DRAGLIVE_SCALE", None)
        self.environment["XDG_CONFIG_HOME"] = str(trace.parent / "config")  # settings
        self.environment["XDG_DATA_HOME"] = str(trace.parent / "data")  # kept sliders
        self.environment["XDG_STATE_HOME"] = str(trace.parent / "state")  # journals
        self.environment["XDG_DOCUMENTS_DIR"] = str(trace.parent / "documents")  # saved edits
        self.environment["XDG_PICTURES_DIR"] = str(trace.parent / "pictures")  # saved pictures
        self._trace, self.size = trace, size
        self._errors = trace.with_suffix(".err").open("w+")
        self.process = subprocess.Popen(
            [
                *command,
                *("--size", "{}x{}".format(*size)),
                *("--scale", str(scale)),
                *("--trace", str(trace)),
            ],
            env=self.environment,
            stderr=self._errors,
            cwd=ROOT,
        )

    # What it says.

    def events(self, kind):
        """All events of a kind, oldest first."""
        if self.process.poll() not in (None, 0):
            self._errors.seek(0)
            raise AssertionError(f"the window died: {self._errors.read()}")
        if not self._trace.exists():
            return []
        lines = self._trace.read_text().split("\n")[:-1]  # the last may be half written
        return [event for line in lines if (event := json.loads(line))["event"] == kind]

    def last(self, kind):
        """The newest event of a kind, or an empty one."""
        events = self.events(kind)
        return events[-1] if events else {}

    def commands(self, name):
        """The commands of a type that were posted."""
        return [event for event in self.events("command") if event["command"] == name]

    def points(self):
        """Those of the newest frame."""
        return self.last("frame").get("points", [])

    def await_picture(self):
        """Until the first frame is on the screen, and the window has drawn it."""
        wait_for("a picture", lambda: self.events("frame"))
        time.sleep(0.3)

    def await_arrival(self):
        """Until every point of the newest frame has arrived."""
        wait_for("arrival", lambda: self.points() and all(p["arrived"] for p in self.points()))

    # What the hand does.

    def xdotool(self, *words):
        subprocess.run(["xdotool", *map(str, words)], env=self.environment, check=True)

    def spot(self, x, y):
        """Where an image pixel is on the screen."""
        view = self.last("view")
        left, top, zoom = view["left"], view["top"], view["zoom"]
        return round(left + zoom * (x + 0.5)), round(top + zoom * (y + 0.5))

    def move(self, x, y):
        """To an image pixel."""
        self.xdotool("mousemove", *self.spot(x, y))

    def press(self, x, y, button=1):
        """A button goes down there, and stays down."""
        self.move(x, y)
        time.sleep(0.3)  # an idle window looks 15 times a second
        self.xdotool("mousedown", button)
        time.sleep(0.1)

    def release(self, button=1):
        self.xdotool("mouseup", button)
        time.sleep(0.1)

    def click(self, x, y, button=1):
        self.press(x, y, button)
        self.release(button)

    def click_window(self, x, y):
        """At a place of the window, not of the picture."""
        self.xdotool("mousemove", x, y)
        time.sleep(0.3)
        self.xdotool("mousedown", 1)
        time.sleep(0.15)
        self.xdotool("mouseup", 1)
        time.sleep(0.15)

    def double_click(self, x, y):
        """Twice at the same place of the window."""
        self.xdotool("mousemove", x, y)
        time.sleep(0.3)
        for _ in range(2):
            self.xdotool("mousedown", 1, "sleep", 0.05, "mouseup", 1, "sleep", 0.08)
        time.sleep(0.2)

    def type_into(self, name, text):
        """Write into a field, and leave it with Enter."""
        self.press_control(name)
        self.xdotool("key", "ctrl+a")
        self.xdotool("type", "--delay", "60", text)
        self.key("Return")

    def place(self, name):
        """Where a control's middle is in the window, once it is to be seen."""

        def rests():  # folding a section moves what is below
            found = self.find(name)
            time.sleep(0.5)
            return found if found == self.find(name) else None

        left, top, width, height = wait_for(f"the control {name!r}", rests, 20)
        return left + width // 2, top + height // 2

    def find(self, name):
        """Where a control is, if it can be pressed now."""
        return self.last("controls").get("places", {}).get(name)

    def reveal(self, name):
        """Scroll the panel until a control is to be seen."""
        time.sleep(0.25)  # the trace tells of controls five times a second
        for button in (5, 4):  # down, then up
            for _ in range(6):
                if self.find(name):
                    return
                wheel = ("click", "--repeat", 3, "--delay", 20, button)
                self.xdotool("mousemove", self.size[0] - 40, 40, *wheel)
                time.sleep(0.3)

    def press_control(self, name):
        """Click a control by its name: a button's caption, a slider's or a field's label."""
        self.reveal(name)
        self.click_window(*self.place(name))

    def hover_control(self, name, rest_s=0.9):
        """Rest on a control, until its tooltip is there."""
        self.xdotool("mousemove", *self.place(name))
        self.xdotool("mousemove_relative", 1, 1)
        time.sleep(rest_s)

    def pull(self, start, end, steps=20):
        """Press, move in steps, and hold."""
        self.press(*start)
        for step in range(1, steps + 1):
            share = step / steps
            self.move(*(a + share * (b - a) for a, b in zip(start, end, strict=True)))
            time.sleep(0.02)
        time.sleep(0.3)

    def choose_file(self, name):
        """Point at a file in the window's own dialog; `Open` opens it."""
        self.click_window(*self.place(name))
        wait_for("the dialog", lambda: self.find("Open"))

    def key(self, *names):
        """Keys go to the window under the pointer: there is no window manager."""
        self.xdotool("key", "--delay", "80", *names)
        time.sleep(0.15)

    # What is to be seen.

    def screenshot(self):
        """The screen: uint8 [H, W, 3]."""
        shot = ["import", "-window", "root", "png:-"]
        png = subprocess.run(shot, env=self.environment, check=True, capture_output=True).stdout
        return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)

    def picture(self):
        """The part of the screen where the picture is."""
        (left, top), (right, bottom) = self.spot(-0.5, -0.5), self.spot(255.5, 255.5)
        return self.screenshot()[top:bottom, left:right].astype(np.int16)

    # The end.

    def kill(self):
        """At once, whatever it does."""
        self.process.kill()
        self.process.wait(10)
        self._errors.close()

    def end(self, number=signal.SIGTERM):
        """The exit code after a signal."""
        self.process.send_signal(number)
        return self.exit_code()

    def exit_code(self):
        """Wait for the end; a window that hangs is asked where (PYTHONFAULTHANDLER)."""
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(10)
            self._errors.seek(0)
            raise AssertionError(f"the window does not end: {self._errors.read()}") from None
