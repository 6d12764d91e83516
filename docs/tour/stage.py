"""Where the tour is played: the real window on a display of its own, and its photographer."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "gui"))
from driver import REAL, Driver, virtual_display, wait_for

__all__ = ["Driver", "Stage", "virtual_display", "wait_for"]

MOST_BYTES = 150_000
PALETTES = (256, 192, 128, 96, 64, 48, 32, 24, 16)
WIDEST = 1366
SETTLE_S = 0.8  # the window draws seldom while nothing happens


@dataclass(frozen=True)
class Stage:
    """How large the window is, and where its pictures go."""

    pictures: Path
    size: tuple[int, int] = (1366, 768)
    scale: float = 1.0

    @property
    def is_usual(self) -> bool:
        """Whether the pictures are the ones to be kept; larger ones are looked at."""
        return self.size[0] <= WIDEST

    @contextmanager
    def window(self, *flags: object) -> Iterator[Driver]:
        """A hand on a window of its own, with its first picture; its folders are new and empty.

        Args:
            flags: of `draglive open`; seed 4 at psi 0.7 unless they say otherwise.
        """
        with tempfile.TemporaryDirectory() as folder, virtual_display(self.size) as display:
            home = Path(folder, "home")
            (home / "Pictures").mkdir(parents=True)
            os.environ.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))
            os.environ["HOME"] = str(home)  # what is photographed is nobody's
            command = [*REAL, *map(str, flags)]
            trace = Path(folder, "trace.jsonl")
            driver = Driver(display, command, trace, self.size, self.scale)
            try:
                driver.await_picture()
                yield driver
            finally:
                driver.kill()

    def shoot(self, driver: Driver, name: str) -> None:
        """Photograph the whole window: `name`.png, with as many colours as its size allows."""
        time.sleep(SETTLE_S)
        path = self.pictures / f"{name}.png"
        subprocess.run(["import", "-window", "root", str(path)], env=driver.environment, check=True)
        if self.is_usual:
            shrink(path)


def shrink(path: Path) -> None:
    """Write a PNG anew with a palette, so that it is small."""
    with Image.open(path) as picture:
        full = picture.convert("RGB")
    for colours in PALETTES:
        full.quantize(colours, kmeans=1).save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break
