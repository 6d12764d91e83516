"""How well it drags: face landmark manipulation, Table 1 of the DragGAN paper, on our own model.

Of two pictures the key points are detected; those of the first are dragged to where the second has
them, 1, 5 or all at once. What counts is where the detector finds them afterwards, not where the
tracker believes them to be. Presets see the same pairs with the same budget of steps.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from draglive.app.engine.device import Device
from draglive.app.engine.presets import PRESETS, PresetName, preset
from draglive.app.engine.types import Point
from draglive.app.spread import Cluster, Processes, spread

from .edits import Edit, Edits
from .faithfulness import change_outside, frechet_distance, interval_of_frechet
from .landmark_detector import LandmarkDetector, Landmarks
from .machine import machine_card
from .models import Source, open_editor
from .result import Result
from .turns import interval

ONE, FIVE = ("nose",), ("nose", "left eye", "right eye", "left mouth corner", "right mouth corner")
REALLY_PX = 2.5  # of a 256 px picture: so near, a point is really there
PSI = 1.0
BLOCK = 10  # pairs
FEWEST = 2  # edits: of so few no covariance is told


@dataclass(frozen=True, slots=True)
class Terms:
    """What all presets agree on.

    Attributes:
        pairs: so many pairs of pictures, from seeds 0 and 1 on.
        max_steps: of an edit.
        presets: who.
    """

    pairs: int = 20
    max_steps: int = 200
    presets: Sequence[PresetName] = PRESETS


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures' landmarks; the first's are dragged to where the second has them."""

    seed: int
    here: Landmarks
    there: Landmarks

    def points(self, wanted: Sequence[int]) -> list[int]:
        """Those of the wanted landmarks that both pictures show."""
        return [i for i in wanted if self.here.visible[i] and self.there.visible[i]]


@dataclass(slots=True)
class Tally:
    """What a preset did with so many points."""

    before_px: list[float] = field(default_factory=list)  # a mean for each edit
    after_px: list[float] = field(default_factory=list)
    each_px: list[float] = field(default_factory=list)  # of every point
    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    arrived: list[bool] = field(default_factory=list)  # as the tracker says
    outside: list[float] = field(default_factory=list)
    features: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, edit: Edit, found: Landmarks, pair: Pair, points: Sequence[int]) -> None:
        """Note an edit."""
        aims = pair.there.places[points]
        self.before_px.append(_mean_distance(pair.here.places[points], aims))
        left = np.linalg.norm(found.places[points] - aims, axis=1)
        self.after_px.append(float(left.mean()))
        self.each_px.extend(left.tolist())
        self.steps.append(edit.steps)
        self.seconds.append(edit.seconds)
        self.arrived.append(edit.arrived)
        self.outside.append(change_outside(edit.before, edit.after, edit.pairs))
        self.features.append(found.features)

    def take(self, more: Tally) -> None:
        """Add another's."""
        for part in fields(self):
            getattr(self, part.name).extend(getattr(more, part.name))


@dataclass(slots=True)
class Block:
    """What came of some pairs."""

    model: str
    height: int  # of a picture
    tallies: dict[tuple[str, PresetName], Tally]
    real: list[NDArray[np.float64]] = field(default_factory=list)  # features of seeds' pictures

    def take(self, more: Block) -> None:
        """Add what came of others."""
        self.real += more.real
        for key, tally in self.tallies.items():
            tally.take(more.tallies[key])


@dataclass(frozen=True, slots=True)
class Making:
    """Builds what drags blocks of pairs; goes to whoever does it."""

    device: Device
    source: Source
    detector: LandmarkDetector
    terms: Terms

    def __call__(self) -> Dragging:
        """Get ready."""
        return Dragging(self)


class Dragging:
    """Drags blocks of pairs, by the number of the first.

    Presets take turns after a block, not after each pair: a card captures its steps anew.
    """

    def __init__(self, making: Making) -> None:
        self._terms, self._detector = making.terms, making.detector
        self._edits = Edits(open_editor(making.source.load(), making.device, "fused", psi=PSI))
        self._counts = {"1": _indices(self._detector, ONE), "5": _indices(self._detector, FIVE)}
        self._counts["all"] = list(range(len(self._detector.names)))

    def __call__(self, first: int) -> Block:
        """Drag one block."""
        edits, detector, terms = self._edits, self._detector, self._terms
        edits.forget()
        numbers = range(first, min(first + BLOCK, terms.pairs))
        pairs = [_pair(edits, detector, number) for number in numbers]
        model = edits.editor.model
        keys = itertools.product(self._counts, terms.presets)
        block = Block(model.name, model.size.height, {key: Tally() for key in keys})
        block.real = [marks.features for pair in pairs for marks in (pair.here, pair.there)]
        for (count, name), tally in block.tallies.items():
            for pair in pairs:
                if points := pair.points(self._counts[count]):
                    edit = _drag(edits, pair, points, name, terms.max_steps)
                    tally.add(edit, detector.find(edit.after), pair, points)
        return block


def measure(
    device: Device,
    source: Source,
    detector: LandmarkDetector,
    terms: Terms,
    crew: Cluster | Processes | None = None,
) -> Result:
    """Drag pairs with each preset in turn.

    Raises:
        BackendError, CheckpointError: the model cannot run here.
        ValueError: the detector does not know the landmarks that are asked for.
        SpreadError: the work cannot be shared.
    """
    firsts = range(0, terms.pairs, BLOCK)
    blocks = dict(spread(firsts, Making(device, source, detector, terms), crew))
    found = blocks[0]
    for first in firsts[1:]:
        found.take(blocks[first])
    real, really_px = np.array(found.real), REALLY_PX * found.height / 256
    used = {key: tally for key, tally in found.tallies.items() if tally.steps}
    return Result(
        benchmark="landmarks",
        machine=machine_card(device),
        settings={
            "model": found.model,
            "psi": PSI,
            "dtype": device.dtype_name,
            "pairs": terms.pairs,
            "max_steps": terms.max_steps,
            "really_px": really_px,
        },
        cases=[_describe(*key, tally, real, really_px) for key, tally in used.items()],
        facts=dict(_ratios(used)),
    )


def _indices(detector: LandmarkDetector, names: Sequence[str]) -> list[int]:
    return [detector.names.index(name) for name in names]


def _pair(edits: Edits, detector: LandmarkDetector, number: int) -> Pair:
    here, there = (detector.find(edits.picture(2 * number + k)) for k in (0, 1))
    return Pair(2 * number, here, there)


def _drag(
    edits: Edits, pair: Pair, points: Sequence[int], name: PresetName, max_steps: int
) -> Edit:
    """Handles on whole pixels, as a mouse puts them and as the official code needs them."""
    size = edits.editor.model.size

    def place(position: NDArray[np.float64]) -> Point:
        x, y = (float(v) for v in np.round(position))
        return Point(min(max(x, 0.0), size.width - 1.0), min(max(y, 0.0), size.height - 1.0))

    pulls = [(place(pair.here.places[i]), place(pair.there.places[i])) for i in points]
    return edits.run(pair.seed, pulls, preset(name, edits.editor.model, len(pulls)), max_steps)


def _mean_distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(one - other, axis=1).mean())


def _describe(
    count: str, name: str, tally: Tally, real: NDArray[np.float64], really_px: float
) -> dict[str, Any]:
    low, high = interval(tally.after_px)
    outside = [value for value in tally.outside if not np.isnan(value)]
    return {
        "name": f"{name}, {count} point{'s' * (count != '1')}",
        "preset": name,
        "points": count,
        "edits": len(tally.steps),
        "before_px": float(np.mean(tally.before_px)),
        "after_px": float(np.mean(tally.after_px)),
        "after_low_px": low,
        "after_high_px": high,
        "really_there": float(np.mean(np.array(tally.each_px) <= really_px)),
        "arrived": float(np.mean(tally.arrived)),
        "steps": float(np.median(tally.steps)),
        "seconds": float(np.median(tally.seconds)),
        **_apart(outside),
        **_unlike(tally, real),
    }


def _apart(outside: Sequence[float]) -> dict[str, Any]:
    """Change far from all pulls, and where its mean lies."""
    if not outside:
        return {"outside": None}
    low, high = interval(outside)
    return {"outside": float(np.mean(outside)), "outside_low": low, "outside_high": high}


def _unlike(tally: Tally, real: NDArray[np.float64]) -> dict[str, Any]:
    """How unlike the model's own pictures the dragged ones are, and where that lies."""
    if len(tally.features) <= FEWEST:
        return {"frechet": None}
    ours = np.array(tally.features)
    low, high = interval_of_frechet(ours, real)
    return {"frechet": frechet_distance(ours, real), "frechet_low": low, "frechet_high": high}


def _ratios(tallies: dict[tuple[str, PresetName], Tally]) -> Iterator[tuple[str, Any]]:
    """`live` against `official`, edit by edit, where both were run."""
    for count in dict.fromkeys(count for count, _ in tallies):
        if {(count, "live"), (count, "official")} <= set(tallies):
            ours = np.array(tallies[count, "live"].after_px)
            theirs = np.array(tallies[count, "official"].after_px)
            low, high = interval_of_ratio(ours, theirs)
            ratio = float(ours.mean() / theirs.mean())
            yield f"live / official, {count}", {"ratio": ratio, "from": low, "to": high}


def interval_of_ratio(
    ours: NDArray[np.float64], theirs: NDArray[np.float64]
) -> tuple[float, float]:
    """Of the ratio of two means of paired samples, by resampling the pairs."""

    def ratio(drawn: Any, axis: int) -> Any:
        index = drawn.astype(int)
        return ours[index].mean(axis) / theirs[index].mean(axis)

    return interval(np.arange(len(ours)).tolist(), ratio)
