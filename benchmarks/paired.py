"""Paired reconstruction, Table 2 of the DragGAN paper: how near a drag comes to a known picture.

A picture's w+ is moved a little in the layers that a drag may move; what results is the aim. The
key points of the one are dragged to where the aim has them (the paper takes 32 points of an optical
flow), and the result is compared with the aim, pixel by pixel and in a network's features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from draglive.app.engine.device import Device
from draglive.app.engine.presets import preset
from draglive.app.engine.types import Point
from draglive.app.spread import Cluster, Processes, spread
from draglive.kernels import to_rgba
from draglive.stylegan2_jit.checkpoints import Checkpoint
from draglive.stylegan2_jit.latents import seed_to_ws

from .edits import Edits, Picture
from .landmark_detector import PerceptualDetector
from .landmarks import Terms
from .machine import machine_card
from .models import Source, open_editor
from .result import Result
from .turns import interval

SHARE = 0.35  # of the way to another picture's w, in the layers that may move
LAYERS = 6


Rows = dict[str, list[dict[str, float]]]  # of 'no edit' and of each preset


@dataclass(frozen=True, slots=True)
class Making:
    """Builds what drags pictures to their aims; goes to whoever does it."""

    device: Device
    source: Source
    detector: PerceptualDetector
    terms: Terms

    def __call__(self) -> Dragging:
        """Get ready."""
        return Dragging(self)


class Dragging:
    """Drags pictures to their aims, by the number of the pair."""

    def __init__(self, making: Making) -> None:
        self._terms, self._detector = making.terms, making.detector
        self._checkpoint = making.source.load()
        self._edits = Edits(open_editor(making.source.load(), making.device, "fused"))

    def __call__(self, number: int) -> Rows:
        """Drag one picture, with each preset in turn."""
        edits, detector, terms = self._edits, self._detector, self._terms
        edits.forget()
        seed = 2 * number
        start, aim = edits.picture(seed), aimed_picture(self._checkpoint, seed, seed + 1)
        rows: Rows = {"no edit": [compare(start, aim, detector)]}
        pulls = _pulls(start, aim, detector)
        for name in terms.presets if pulls else ():
            chosen = preset(name, edits.editor.model, len(pulls))
            edit = edits.run(seed, pulls, chosen, terms.max_steps)
            compared = compare(edit.after, aim, detector)
            rows[name] = [{**compared, "steps": edit.steps, "seconds": edit.seconds}]
        return rows


def measure(
    device: Device,
    source: Source,
    detector: PerceptualDetector,
    terms: Terms,
    crew: Cluster | Processes | None = None,
) -> Result:
    """Drag every picture to its aim with each preset in turn.

    Raises:
        BackendError, CheckpointError: the model cannot run here.
        SpreadError: the work cannot be shared.
    """
    numbers = range(terms.pairs)
    found = dict(spread(numbers, Making(device, source, detector, terms), crew))
    names = ("no edit", *terms.presets)
    rows = {name: [row for n in numbers for row in found[n].get(name, [])] for name in names}
    return Result(
        benchmark="paired",
        machine=machine_card(device),
        settings={
            "model": source.load().name,
            "dtype": device.dtype_name,
            "pairs": terms.pairs,
            "max_steps": terms.max_steps,
            "share": SHARE,
        },
        cases=[_describe(name, found) for name, found in rows.items() if found],
    )


@torch.no_grad()
def aimed_picture(checkpoint: Checkpoint, seed: int, other: int) -> Picture:
    """A seed's picture, moved towards another's in the first layers of w+."""
    generator = checkpoint.generator
    ws = seed_to_ws(generator, seed)
    ws[:, :LAYERS] = torch.lerp(ws[:, :LAYERS], seed_to_ws(generator, other)[:, :LAYERS], SHARE)
    rgba: Picture = to_rgba(generator.synthesis(ws)).cpu().numpy()
    return rgba


def compare(picture: Picture, aim: Picture, detector: PerceptualDetector) -> dict[str, float]:
    """Mean squared error of colours in 0..1, and the perceptual distance."""
    difference = (picture[..., :3].astype(float) - aim[..., :3]) / 255
    return {"mse": float((difference**2).mean()), "perceptual": detector.distance(picture, aim)}


def _pulls(start: Picture, aim: Picture, detector: PerceptualDetector) -> list[tuple[Point, Point]]:
    here, there = detector.find(start), detector.find(aim)
    both = here.visible & there.visible

    def place(position: NDArray[np.float64]) -> Point:
        limits = np.array(start.shape[1::-1]) - 1
        x, y = np.clip(np.round(position), 0, limits)
        return Point(float(x), float(y))

    return [(place(here.places[i]), place(there.places[i])) for i in np.flatnonzero(both)]


def _describe(name: str, rows: list[dict[str, float]]) -> dict[str, Any]:
    figures: dict[str, Any] = {"name": name, "edits": len(rows)}
    for key in ("mse", "perceptual"):
        values = [row[key] for row in rows]
        low, high = interval(values)
        figures[key] = {"mean": float(np.mean(values)), "low": low, "high": high}
    for key in ("steps", "seconds"):
        found = [row[key] for row in rows if key in row]
        figures[key] = float(np.median(found)) if found else None
    return figures
