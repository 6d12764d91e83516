"""How well everyday gestures go: turn, open, part, raise, close, widen, tilt, on many seeds.

Where a gesture takes hold is found by the landmark detector, which never saw the generator, and of
the mane by the renderer; so it is for models of creatures trained on pairs. Whether a point arrived
is what the tracker says; where the landmark really went, the detector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from draglive.app.engine.device import Device
from draglive.app.engine.presets import Preset
from draglive.app.engine.types import DragConfig, Point
from draglive.stylegan2_jit.latents import seed_to_z
from draglive.stylegan2_jit.training.factors import FACTORS, truncated_factors
from draglive.stylegan2_jit.training.renderer import Renderer
from draglive.stylegan2_jit.training.surface import PARTS

from .edits import Edit, Edits, Picture
from .faithfulness import change_outside
from .landmark_detector import CREATURES, CreatureLandmarks
from .machine import machine_card
from .models import Source, open_editor
from .result import Result

Place = NDArray[np.float64]  # (x, y), image pixels
Pull = tuple[Place, Place, str | None]  # handle, target, the landmark that goes with it
ARRIVED_PX: Final = 2.0
REALLY_PX: Final = 2.5  # so near, a landmark is really there
LEAST_MANE: Final = 0.6  # of its factor; below, there is little to widen


@dataclass(frozen=True, slots=True)
class Terms:
    """What all gestures agree on.

    Attributes:
        seeds: so many, from 0 on.
        max_steps: of an edit.
        psi: truncation.
        changes: of the model's drag settings.
    """

    seeds: int = 20
    max_steps: int = 60
    psi: float = 0.7
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known of a seed's picture: image pixels of 256."""

    points: dict[str, Place]
    seen: dict[str, bool]
    mane_side: Place | None  # the mane's left edge at the height of the eyes


def turn_head(scene: Scene) -> list[Pull]:
    """By the nose, 24 px towards the middle."""
    nose = scene.points["nose"]
    return [(nose, _moved(nose, 24.0 if nose[0] < 128 else -24.0, 0.0), "nose")]


def open_mouth(scene: Scene) -> list[Pull]:
    """By the chin, 11 px down."""
    chin = scene.points["chin"]
    return [(chin, _moved(chin, 0.0, 11.0), "chin")] if scene.seen["chin"] else []


def lower_lip(scene: Scene) -> list[Pull]:
    """By the lower lip, 11 px down, the nose held."""
    if not scene.seen["lower lip"]:
        return []
    nose = scene.points["nose"]
    lip = _moved(scene.points["lower lip"], 0.0, 4.0)  # shut, its edge is the upper one's
    return [(lip, _moved(lip, 0.0, 11.0), "lower lip"), (nose, nose, "nose")]


def raise_ear(scene: Scene) -> list[Pull]:
    """By the tip of the ear to the picture's right, 18 px up and 6 out."""
    tip = _moved(scene.points["right ear tip"], 0.0, 3.0)  # just below: the tip itself is an edge
    return [(tip, _moved(tip, 6.0, -18.0), "right ear tip")] if scene.seen["right ear tip"] else []


def close_eye(scene: Scene) -> list[Pull]:
    """By the upper lid, 8 px down."""
    eye = scene.points["left eye"]
    lid = _moved(eye, 0.0, -11.0)
    return [(lid, _moved(lid, 0.0, 8.0), None)] if scene.seen["left eye"] else []


def widen_mane(scene: Scene) -> list[Pull]:
    """By its left edge, 10 px out."""
    if scene.mane_side is None:
        return []
    return [(scene.mane_side, _moved(scene.mane_side, -10.0, 0.0), None)]


def tilt_head(scene: Scene) -> list[Pull]:
    """By both eyes, 8 degrees about the middle between them."""
    names = ("left eye", "right eye")
    if not all(scene.seen[name] for name in names):
        return []
    eyes = [scene.points[name] for name in names]
    middle = (eyes[0] + eyes[1]) / 2
    cos, sin = np.cos(np.pi * 8 / 180), np.sin(np.pi * 8 / 180)
    turn = np.array([[cos, -sin], [sin, cos]])
    return [
        (eye, middle + turn @ (eye - middle), name) for eye, name in zip(eyes, names, strict=True)
    ]


def _moved(place: Place, dx: float, dy: float) -> Place:
    moved: Place = place + np.array([dx, dy])
    return moved


GESTURES: Final[dict[str, Callable[[Scene], list[Pull]]]] = {
    "turn the head": turn_head,
    "open the mouth": open_mouth,
    "lower the lip": lower_lip,
    "raise an ear": raise_ear,
    "close an eye": close_eye,
    "widen the mane": widen_mane,
    "tilt the head": tilt_head,
}


@dataclass(slots=True)
class Tally:
    """What came of one gesture."""

    arrived: list[bool] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    left_px: list[float] = field(default_factory=list)  # as the tracker sees it
    really_left_px: list[float] = field(default_factory=list)  # as the detector sees it
    outside: list[float] = field(default_factory=list)

    def add(self, edit: Edit, pulls: Sequence[Pull], detector: CreatureLandmarks) -> None:
        """Note an edit."""
        last = edit.path[-1]
        left = max(h.distance(t) for h, (_, t) in zip(last, edit.pairs, strict=True))
        self.left_px.append(left)
        self.arrived.append(left <= ARRIVED_PX)
        self.steps.append(edit.steps)
        self.outside.append(change_outside(edit.before, edit.after, edit.pairs))
        if all(name for *_, name in pulls):
            before, after = (detector.find(p).places for p in (edit.before, edit.after))
            for handle, target, name in pulls:
                i = CREATURES.index(str(name))
                moved = after[i] - before[i] - (target - handle)
                self.really_left_px.append(float(np.linalg.norm(moved)))


def measure(device: Device, source: Source, terms: Terms) -> Result:
    """Each gesture on each seed.

    Raises:
        BackendError, CheckpointError: the model cannot run here.
    """
    checkpoint = source.load()
    z_dim = checkpoint.generator.config.z_dim
    edits = Edits(open_editor(checkpoint, device, "fused", psi=terms.psi))
    detector = CreatureLandmarks()
    config: DragConfig = replace(edits.editor.model.defaults, **terms.changes)
    wanted = Preset(config, config.stop_px)
    tallies = {name: Tally() for name in GESTURES}
    for seed in range(terms.seeds):
        factors = truncated_factors(seed_to_z(seed, z_dim), terms.psi)
        scene = look(edits.picture(seed), factors, detector)
        for name, gesture in GESTURES.items():
            if pulls := gesture(scene):
                pairs = [(_point(handle), _point(target)) for handle, target, _ in pulls]
                edit = edits.run(seed, pairs, wanted, terms.max_steps)
                tallies[name].add(edit, pulls, detector)
    return Result(
        benchmark="gestures",
        machine=machine_card(device),
        settings={
            "model": edits.editor.model.name,
            "psi": terms.psi,
            "dtype": device.dtype_name,
            "seeds": terms.seeds,
            "max_steps": terms.max_steps,
            **terms.changes,
        },
        cases=[_case(name, tally) for name, tally in tallies.items() if tally.steps],
        facts={},
    )


def look(picture: Picture, factors: torch.Tensor, detector: CreatureLandmarks) -> Scene:
    """Landmarks as the detector sees the picture, the mane's edge as the renderer has it.

    Args:
        picture: of a seed.
        factors: [1, 43] of the creature that it shows (`truncated_factors`).
        detector: finds the landmarks.
    """
    marks = detector.find(picture)
    maned = float(factors[0, FACTORS.index("mane")]) >= LEAST_MANE
    return Scene(
        dict(zip(CREATURES, marks.places, strict=True)),
        dict(zip(CREATURES, map(bool, marks.visible), strict=True)),
        _mane_side(factors) if maned else None,
    )


def _mane_side(factors: torch.Tensor) -> Place | None:
    parts = Renderer("cpu").maps(factors, 256)[0, 0].round().numpy()
    rows, columns = np.nonzero(parts == PARTS.index("mane"))
    if len(rows) == 0:
        return None
    row = int(rows[columns == columns.min()].mean())
    return np.array([float(columns.min()) + 4.0, float(row)])


def _point(place: Place) -> Point:
    x, y = (float(np.clip(round(v), 0, 255)) for v in place)
    return Point(x, y)


def _case(name: str, tally: Tally) -> dict[str, Any]:
    really = tally.really_left_px
    outside = [v for v in tally.outside if not np.isnan(v)]
    return {
        "name": name,
        "edits": len(tally.steps),
        "arrived": float(np.mean(tally.arrived)),
        "steps": float(np.median(tally.steps)),
        "left_px": float(np.median(tally.left_px)),
        "really_left_px": float(np.median(really)) if really else None,
        "really_there": float(np.mean(np.array(really) <= REALLY_PX)) if really else None,
        "outside": float(np.mean(outside)) if outside else None,
    }
