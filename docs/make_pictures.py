"""Makes all pictures of the window: `make pictures`.

The README's first ones show the demo's hand (`demo`); every other one is a feature, performed by
the tour's hand (`tour`). All of it on virtual displays, with the real program. Needs Xvfb, xdotool
and ImageMagick (`make setup` installs them where it may).

    python docs/make_pictures.py                      # all of it, into docs/pictures
    python docs/make_pictures.py settings masks       # chapters of the tour
    python docs/make_pictures.py settings --size 3840x2160 --scale 2 --out /tmp/large
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tour import CHAPTERS
from tour.stage import Stage, virtual_display

PICTURES = Path(__file__).parent / "pictures"
STILL_S = 1.2  # seconds; the fourth shot is in the middle of the gesture
GIF_STEP_S = 0.1


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


def film_demo(pictures: Path) -> None:
    """The demo's hand: a still, an animation, before and after."""
    with tempfile.TemporaryDirectory() as folder, virtual_display() as display:
        private = {f"XDG_{what}_HOME": folder for what in ("CONFIG", "STATE")}
        environment = {**os.environ, **private, "DISPLAY": display}
        still, out = Path(folder, "still"), Path(folder, "film")
        shots = film(environment, still, STILL_S)  # seldom: every shot costs the program its pace
        (pictures / "window.png").write_bytes(shots[3].read_bytes())
        shots = film(environment, out, GIF_STEP_S)
        gif = ["-delay", str(round(GIF_STEP_S * 100)), *map(str, shots[3:]), "-resize", "683x"]
        smaller = ["+dither", "-colors", "96", "-layers", "optimize", str(pictures / "drag.gif")]
        subprocess.run(["convert", *gif, *smaller], check=True)
        for name in ("before.png", "after.png"):
            (pictures / name).write_bytes((out / name).read_bytes())


def main() -> None:
    """Make the pictures that are asked for."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    chapters = ["demo", *CHAPTERS]
    parser.add_argument("chapters", nargs="*", help=f"of {', '.join(chapters)}; all by default")
    parser.add_argument("--size", default="1366x768")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--out", type=Path, default=PICTURES)
    given = parser.parse_args()
    if unknown := set(given.chapters) - set(chapters):
        parser.error(f"no chapter {', '.join(unknown)}")
    given.out.mkdir(exist_ok=True, parents=True)
    width, height = map(int, given.size.split("x"))
    stage = Stage(given.out, (width, height), given.scale)
    for chapter in given.chapters or (chapters if stage.is_usual else [*CHAPTERS]):
        print(chapter, flush=True)
        if chapter == "demo":
            film_demo(given.out)
        else:
            CHAPTERS[chapter](stage)


if __name__ == "__main__":
    main()
