"""Masks of parts by one click, held against what the renderer knows to be there.

Every seed of the default model has a rendering, and the rendering a map of its parts. One click on
the innermost place of a part gives a mask; its intersection with the true part over their union is
the figure. Two truths: the map as it was rendered, and the same map moved to where the generator's
picture, some pixels off its rendering, shows what was rendered (by the flow between both pictures,
which knows nothing of parts). How well these two agree says what no mask can do better than.

Readers are fitted to other seeds. Beside the reader: the likeness that models without one have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from draglive.app.engine.device import Device
from draglive.app.engine.editor import Editor
from draglive.app.engine.parting import PartFinder
from draglive.stylegan2_jit.parts import load_reader
from draglive.stylegan2_jit.training.part_fitting import FIRST_SEED, gather
from draglive.stylegan2_jit.training.surface import PARTS

from .errors import BenchmarkError
from .machine import machine_card
from .models import Source, open_editor
from .result import Result

ASKED = {
    "ear": ("ear_l", "ear_r"),
    "eye": ("eye_l", "eye_r"),
    "mane": ("mane",),
    "background": ("background",),
    "head": ("head",),
    "jaw": ("jaw",),
    "body": ("body",),
    "nose": ("nose",),
    "mouth": ("mouth",),
}
LEAST_SHARE = 0.003  # of the picture: 200 pixels of 256 x 256; smaller ones are not clicked on


@dataclass(frozen=True, slots=True)
class Click:
    """A mask that a click gave, and how it agrees with the truth it was aimed by."""

    way: str
    truth: str
    part: str
    overlap: float


def measure(device: Device, source: Source, *, samples: int = 50) -> Result:
    """One click on every part of so many seeds' pictures, psi 1.

    Raises:
        BenchmarkError: too many samples, or a model whose seeds have no rendering.
        CheckpointError: the file cannot be loaded.
    """
    if not 0 < samples <= FIRST_SEED:
        raise BenchmarkError(f"samples must be from 1 to {FIRST_SEED}, not {samples}")
    checkpoint = source.load()
    editor = open_editor(checkpoint, device, "auto")
    alone = replace(editor.model, path=Path("none"))
    ways = {"likeness": PartFinder(lambda cut: editor.runner, alone)}
    if load_reader(editor.model.path) is not None:
        ways = {"reader": editor.parts, **ways}
    try:
        seen = gather(checkpoint.generator, samples, first_seed=0, psis=(1.0,))
    except ValueError as error:
        raise BenchmarkError(f"{checkpoint.name}: {error}") from error
    truths = {"as rendered": seen.rendered.cpu(), "moved": seen.parts.cpu()}
    clicks = [
        click
        for seed in range(samples)
        for click in _clicks(editor, ways, seed, {name: t[seed] for name, t in truths.items()})
    ]
    settings = {"model": checkpoint.name, "samples": samples, "psi": 1.0, "least": LEAST_SHARE}
    return Result("parts", machine_card(device), settings, list(_cases(clicks, truths)))


def _clicks(
    editor: Editor, ways: dict[str, PartFinder], seed: int, truths: dict[str, Tensor]
) -> Iterator[Click]:
    ws = editor.seed_ws(seed, 1.0, None)
    size = editor.model.size
    for name, parts in truths.items():
        whole = F.interpolate(parts[None, None].float(), size=size[::-1], mode="nearest")[0, 0]
        for asked, kinds in ASKED.items():
            for kind in kinds:
                truth = whole == PARTS.index(kind)
                if truth.float().mean() < LEAST_SHARE:
                    continue
                x, y = innermost(truth)
                for way, finder in ways.items():
                    mask = torch.from_numpy(finder.find(ws, editor.cut, x, y)) > 0.5
                    yield Click(way, name, asked, overlap(mask, truth))


def overlap(one: Tensor, other: Tensor) -> float:
    """Intersection over union of two bool maps, not both empty."""
    return float((one & other).sum() / (one | other).sum())


def innermost(part: Tensor) -> tuple[float, float]:
    """The place (x, y) of a part, bool [H, W], that is the farthest from its edge."""
    left = part.float()[None, None]
    while True:
        inner = -F.max_pool2d(F.pad(-left, (1, 1, 1, 1)), 3, 1)
        if not inner.any():
            break
        left = inner
    rows, columns = left[0, 0].nonzero(as_tuple=True)
    middle = len(rows) // 2
    return float(columns[middle]), float(rows[middle])


def _cases(clicks: list[Click], truths: dict[str, Tensor]) -> Iterator[dict[str, Any]]:
    for way in dict.fromkeys(click.way for click in clicks):
        for truth in truths:
            for asked in ASKED:
                found = [
                    c.overlap for c in clicks if (c.way, c.truth, c.part) == (way, truth, asked)
                ]
                if found:
                    yield {
                        "name": f"{asked}, {way}, truth {truth}",
                        "part": asked,
                        "way": way,
                        "truth": truth,
                        "clicks": len(found),
                        "mean": float(np.mean(found)),
                        "median": float(np.median(found)),
                        "good": float(np.mean(np.array(found) >= 0.75)),
                        "ceiling": _agreement(asked, *truths.values()),
                    }


def _agreement(asked: str, rendered: Tensor, shown: Tensor) -> float:
    """How well the two truths agree on a part: mean intersection over union."""
    found = []
    for kind in ASKED[asked]:
        number = PARTS.index(kind)
        for one, other in zip(rendered == number, shown == number, strict=True):
            if one.float().mean() >= LEAST_SHARE:
                found.append(overlap(one, other))
    return float(np.mean(found))
