"""Makes the README's pictures from the real window: `make pictures`.

Starts the program on a virtual display, lets the demo's hand drag, and photographs the screen.
Needs Xvfb and ImageMagick (`make setup` installs them where it may).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PICTURES = Path(__file__).parent / "pictures"
SIZE = "1366x768"
STILL_S = 1.2  # seconds; the fourth shot is in the middle of the gesture
GIF_STEP_S = 0.1


@contextmanager
def virtual_display() -> Iterator[dict[str, str]]:
    """An environment with a display of its own, of the window's size."""
    read_end, write_end = os.pipe()
    command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{SIZE}x24", "-nocursor"]
    server = subprocess.Popen(command, pass_fds=[write_end], stderr=subprocess.DEVNULL)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as answer:
            number = answer.readline().strip()
        yield {**os.environ, "DISPLAY": f":{number}"}
    finally:
        server.terminate()
        server.wait()


def shoot(environment: dict[str, str], path: Path) -> None:
    """Photograph the whole screen."""
    subprocess.run(["import", "-window", "root", str(path)], env=environment, check=True)


def film(environment: dict[str, str], out: Path, every_s: float) -> list[Path]:
    """Run the demo in the window; shots taken every `every_s` until it has ended."""
    out.mkdir()
    command = [sys.executable, "-m", "draglive.app.cli", "demo", "--out", str(out)]
    window = subprocess.Popen(command, env=environment)
    shots: list[Path] = []
    try:
        while not (out / "demo.part.mp4").exists():  # it records from the first picture on
            time.sleep(0.05)
        while not (out / "latency.json").exists() and window.poll() is None:
            shots.append(out / f"shot{len(shots):04}.png")
            due_s = time.perf_counter() + every_s
            shoot(environment, shots[-1])
            time.sleep(max(due_s - time.perf_counter(), 0))
    finally:
        window.terminate()
        window.wait(20)
    return shots


def main() -> None:
    """Write every picture that the README shows."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, virtual_display() as environment:
        still, out = Path(folder, "still"), Path(folder, "film")
        shots = film(environment, still, STILL_S)  # seldom: every shot costs the program its pace
        (PICTURES / "window.png").write_bytes(shots[3].read_bytes())
        shots = film(environment, out, GIF_STEP_S)
        gif = ["-delay", str(round(GIF_STEP_S * 100)), *map(str, shots[3:]), "-resize", "683x"]
        smaller = ["+dither", "-colors", "96", "-layers", "optimize", str(PICTURES / "drag.gif")]
        subprocess.run(["convert", *gif, *smaller], check=True)
        for name in ("before.png", "after.png"):
            (PICTURES / name).write_bytes((out / name).read_bytes())


if __name__ == "__main__":
    main()
