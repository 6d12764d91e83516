"""Against other implementations: the same weights, seeds and points, step by step in turns.

Every contender, ours included, runs in a process of its own and shows a picture with every step.
Distances are told by each one's own tracker, and by the landmark detector where there is one.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from draglive.app.engine.device import Device
from draglive.app.engine.presets import PresetName
from draglive.app.engine.types import DragConfig, Point, Size
from draglive.kernels import to_rgba
from draglive.stylegan2_jit.checkpoints import DEFAULT_MODEL, Checkpoint
from draglive.stylegan2_jit.latents import seed_to_ws

from .child import Child
from .landmark_detector import LandmarkDetector
from .machine import ROOT, commit, machine_card
from .models import Source
from .result import Result
from .rivals.skimai import NETWORKS
from .turns import interval, summary

PULL = 28 / 256  # of the picture's width: the nose goes so far to the left
PATH_STEPS = 10  # of two paths that are compared
SAME_PX = 1.0
UNSEEN = (0.5, 0.55)  # of the picture's size: the handle where nothing detects a nose


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who drags.

    Attributes:
        name: in the report.
        kind: of driver.
        checkout: of the others.
        preset: of ours.
        dtype: of our convolutions; the others compute in float32.
    """

    name: str
    kind: str
    checkout: Path | None = None
    preset: PresetName = "live"
    dtype: str = "auto"


@dataclass(frozen=True, slots=True)
class Terms:
    """What all agree on.

    Attributes:
        seeds: so many pictures, from seed 0 on.
        max_steps: of an edit.
        python: the interpreter of the others' environment.
    """

    seeds: int = 5
    max_steps: int = 100
    python: str = sys.executable


@dataclass(slots=True)
class Score:
    """What a contender did, over all edits."""

    ms: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)  # of the edits that arrived
    seconds: list[float] = field(default_factory=list)  # likewise
    left_px: list[float] = field(default_factory=list)  # by its own tracker
    really_px: list[float] = field(default_factory=list)  # by the detector
    paths: list[list[Point]] = field(default_factory=list)
    megabytes: float | None = None


@dataclass(frozen=True, slots=True)
class Gesture:
    """A pull on a seed's picture."""

    seed: int
    handle: Point
    target: Point


def measure(
    device: Device,
    source: Source,
    contenders: Sequence[Contender],
    *,
    detector: LandmarkDetector | None,
    terms: Terms,
) -> Result:
    """Let contenders drag in turns.

    Args:
        device: where all of them compute.
        source: the model.
        contenders: who.
        detector: finds the handles and judges the ends, of the default model's pictures.
        terms: of the comparison.

    Raises:
        BenchmarkError: one of them cannot run; with its line.
    """
    checkpoint = source.load()
    config = DragConfig.for_model(_size(checkpoint), checkpoint.drag_preset)
    gestures = [_gesture(checkpoint, seed, detector) for seed in range(terms.seeds)]
    scores = [Score() for _ in contenders]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        weights = Path(folder) / "weights.npz"
        export(checkpoint, weights)
        model = None if source.config else str((source.path or DEFAULT_MODEL).resolve())
        opened = [
            stack.enter_context(
                running(one, terms.python, Path(folder), str(weights), model, device)
            )
            for one in contenders
        ]
        children = [child for child, _ in opened]
        for gesture in gestures:
            edits = [Turns(child, score) for child, score in zip(children, scores, strict=True)]
            for edit in edits:
                edit.start(gesture, checkpoint, config.step_size)
            for _ in range(terms.max_steps):
                for edit in edits:
                    edit.step()
            for edit in edits:
                edit.finish(gesture, detector, Path(folder) / "picture.npy")
        for child, score in zip(children, scores, strict=True):
            score.megabytes = child.ask(do="memory")["megabytes"]
    return Result(
        benchmark="versus",
        machine=machine_card(device),
        settings={
            "model": checkpoint.name,
            "seeds": terms.seeds,
            "max_steps": terms.max_steps,
            "step_size": config.step_size,
            **{one.name: commit(one.checkout) for one in contenders if one.checkout},
        },
        cases=[
            describe(one, score) | {"operations": operations}
            for one, score, (_, operations) in zip(contenders, scores, opened, strict=True)
        ],
        facts=agreement(contenders, scores),
    )


class Turns:
    """One contender's edit."""

    def __init__(self, child: Child, score: Score) -> None:
        self._child, self._score = child, score
        self._path: list[Point] = []
        self._seconds = 0.0
        self._stopped = False

    def start(self, gesture: Gesture, checkpoint: Checkpoint, step_size: float) -> None:
        """Begin."""
        self._child.ask(
            do="start",
            seed=gesture.seed,
            ws=seed_to_ws(checkpoint.generator, gesture.seed).tolist(),
            handles=[list(gesture.handle)],
            targets=[list(gesture.target)],
            step_size=step_size,
        )

    def step(self) -> None:
        """One step, unless it is done."""
        if self._stopped:
            return
        answer = self._child.ask(do="step")
        self._stopped = answer["stopped"]
        if not answer["worked"]:
            return
        self._path.append(Point(*answer["handles"][0]))
        self._seconds += answer["ms"] / 1e3
        self._score.ms.append(answer["ms"])

    def finish(self, gesture: Gesture, detector: LandmarkDetector | None, file: Path) -> None:
        """Note how it ended."""
        score = self._score
        score.paths.append(self._path)
        end = self._path[-1] if self._path else gesture.handle
        score.left_px.append(end.distance(gesture.target))
        if self._stopped:
            score.steps.append(len(self._path))
            score.seconds.append(self._seconds)
        if detector is not None:
            self._child.ask(do="picture", to=str(file))
            nose = Point(*detector.find(np.load(file)).places[0])
            score.really_px.append(nose.distance(gesture.target))


def describe(contender: Contender, score: Score) -> dict[str, Any]:
    """A contender's case."""
    edits = len(score.left_px)
    return {
        "name": contender.name,
        "kind": contender.kind,
        "step": summary(score.ms[1:] or score.ms),  # the first one compiles, or finds its kernels
        "steps": float(np.median(score.steps)) if score.steps else None,
        "seconds": float(np.median(score.seconds)) if score.seconds else None,
        "stopped": len(score.steps) / edits,
        "left_px": float(np.mean(score.left_px)),
        "really_px": float(np.mean(score.really_px)) if score.really_px else None,
        "really_interval_px": list(interval(score.really_px)) if score.really_px else None,
        "memory_mb": score.megabytes,
    }


def agreement(contenders: Sequence[Contender], scores: Sequence[Score]) -> dict[str, Any]:
    """On how many pictures our `official` preset goes the official code's way."""
    by_name = {one.name: score for one, score in zip(contenders, scores, strict=True)}
    if not {"official", "draglive official"} <= set(by_name):
        return {}
    pairs = list(zip(by_name["official"].paths, by_name["draglive official"].paths, strict=True))
    same = [same_path(*pair) for pair in pairs]
    return {
        "same path": {
            "within_px": SAME_PX,
            "steps": PATH_STEPS,
            "seeds": sum(same),
            "of": len(same),
        }
    }


def same_path(theirs: Sequence[Point], ours: Sequence[Point]) -> bool:
    """Whether two paths stay within a pixel of each other.

    The official code tells where a handle was before the step's move, ours where it is after it.
    """
    pairs = zip(theirs[1 : PATH_STEPS + 1], ours[:PATH_STEPS], strict=False)
    return all(max(abs(a.x - b.x), abs(a.y - b.y)) <= SAME_PX for a, b in pairs)


def export(checkpoint: Checkpoint, file: Path) -> None:
    """Write the weights as plain arrays, by NVIDIA's names, with the configuration as JSON."""
    generator = checkpoint.generator
    arrays = {name: value.float().cpu().numpy() for name, value in generator.state_dict().items()}
    np.savez(file, config=np.array(json.dumps(generator.config.to_dict())), **arrays)


@contextlib.contextmanager
def running(
    contender: Contender,
    python: str,
    folder: Path,
    weights: str,
    model: str | None,
    device: Device,
) -> Iterator[tuple[Child, str | None]]:
    """A contender's process, ready; and which operations it uses, where it has a choice."""
    names = folder / "names"
    names.mkdir(exist_ok=True)
    if not (names / "draglive").exists():
        (names / "draglive").symlink_to(ROOT)
    ours = contender.checkout is None
    cwd = folder if contender.checkout is None else contender.checkout
    command = [sys.executable if ours else python, "-m", "draglive.benchmarks.rivals.worker"]
    child = Child(
        contender.name, command, cwd=cwd, environment=_environment(contender, names, device)
    )
    try:
        answer = child.ask(
            do="open",
            kind=contender.kind,
            device=device.on.type,
            weights=weights,
            model=model,
            preset=contender.preset,
            dtype=contender.dtype,
        )
        yield child, answer["operations"]
    finally:
        child.close()


def _environment(contender: Contender, names: Path, device: Device) -> Mapping[str, str]:
    paths = [str(names), *([str(contender.checkout)] if contender.checkout else [])]
    if inherited := os.environ.get("PYTHONPATH"):
        paths.append(inherited)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    if not device.is_cuda:
        environment["CUDA_VISIBLE_DEVICES"] = ""  # some take a card wherever there is one
    return environment


def list_contenders(
    official: Path | None, skimai: Path | None, freedrag: Path | None
) -> list[Contender]:
    """The checkouts that were named, and ours in the two presets that compare."""
    if official is not None:
        os.environ[NETWORKS] = str(official.resolve())
    named = {"official": official, "skimai": skimai, "freedrag": freedrag}
    others = [Contender(name, name, path.resolve()) for name, path in named.items() if path]
    return [
        *others,
        Contender("draglive live", "draglive", preset="live"),
        Contender("draglive official", "draglive", preset="official", dtype="float32"),
    ]


def _size(checkpoint: Checkpoint) -> Size:
    config = checkpoint.generator.config
    return Size(config.img_width, config.img_resolution)


def _gesture(checkpoint: Checkpoint, seed: int, detector: LandmarkDetector | None) -> Gesture:
    """The nose to the left; without a detector, what is in the middle."""
    size = _size(checkpoint)
    handle = Point(round(UNSEEN[0] * size.width), round(UNSEEN[1] * size.height))
    if detector is not None:
        picture = checkpoint.generator.synthesis(seed_to_ws(checkpoint.generator, seed))
        x, y = detector.find(to_rgba(picture).numpy()).places[0]
        handle = Point(round(x), round(y))
    target = Point(max(handle.x - round(PULL * size.width), 0), handle.y)
    return Gesture(seed, handle, target)
