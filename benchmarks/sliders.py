"""Whether a drag that is kept as a slider does to other pictures what it did to its own.

A landmark of one seed is dragged; the offset in w+ that this took is added to other seeds' w+. A
detector that never saw the generator says where the landmark is before and after: it went the same
way if it moved by a pixel or more, within 45 degrees of how the dragged one moved.

    python -m draglive.benchmarks.sliders --others 50
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from draglive.app.engine import types as t
from draglive.app.engine.editor import Editor
from draglive.app.engine.loading import EngineOptions, load_editor

from .landmark_detector import CREATURES, CreatureLandmarks

PSI = 0.7
MOST_STEPS = 200
LEAST_PX = 1.0  # of a 256 px picture: less is no movement
SAME_WAY = 0.5**0.5  # cosine
FIRST_OTHER = 100  # seed


@dataclass(frozen=True, slots=True)
class Pull:
    """A landmark of a seed's picture, and by how many pixels it is pulled."""

    seed: int
    landmark: str
    by: tuple[float, float]


PULLS = (
    Pull(4, "nose", (-20, 0)),
    Pull(4, "nose", (0, -14)),
    Pull(7, "right ear tip", (8, -12)),
    Pull(12, "left eye", (-8, 0)),
    Pull(21, "nose", (16, 8)),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one slider did.

    Attributes:
        pull: what was dragged.
        moved: the landmark that was dragged, in pixels.
        same_way: share of the other seeds on which it went the same way.
        median_px: how far along that way it went there.
    """

    pull: Pull
    moved: tuple[float, float]
    same_way: float
    median_px: float


def measure(editor: Editor, pull: Pull, others: int) -> Outcome:
    """Drag, keep, and apply to so many other seeds."""
    detector, index = CreatureLandmarks(), CREATURES.index(pull.landmark)

    def place(ws: Tensor) -> NDArray[np.float64]:
        found: NDArray[np.float64] = detector.find(editor.draw(ws)).places[index]
        return found

    editor.apply(t.SetSeed(pull.seed))
    editor.look()
    start = place(editor.ws)
    _drag(editor, t.Point(*map(float, start)), t.Point(*map(float, start + np.array(pull.by))))
    kept, moved = editor.dragged, place(editor.ws) - start
    seeds = (editor.seed_ws(FIRST_OTHER + n, PSI, None) for n in range(others))
    went = np.array([place(ws + kept) - place(ws) for ws in seeds])
    along = went @ (moved / np.linalg.norm(moved))
    cosine = along / np.maximum(np.linalg.norm(went, axis=1), 1e-6)
    same = (cosine >= SAME_WAY) & (along >= LEAST_PX)
    x, y = moved.round(1).tolist()
    return Outcome(pull, (x, y), float(same.mean()), round(float(np.median(along)), 1))


def _drag(editor: Editor, start: t.Point, end: t.Point) -> None:
    editor.apply(t.AddPoint(t.DragPoint(1, start, end)))
    for _ in range(MOST_STEPS):
        if all(point.arrived for point in editor.points(editor.step())):
            return


def main() -> None:
    """Measure all pulls on the default model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--others", type=int, default=50, help="seeds that a slider is tried on")
    given = parser.parse_args()
    editor, chooser = load_editor(EngineOptions(psi=PSI, background=False))
    for pull in PULLS:
        print(json.dumps(asdict(measure(editor, pull, given.others))), flush=True)
    chooser.close()


if __name__ == "__main__":
    main()
