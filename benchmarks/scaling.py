"""How a step grows: with points, resolution, channels, batch; exponents fitted to the medians.

Random weights, and the fused back-end where there is one. A quantity that grows as t ∝ x^e has the
slope e in a log-log plot; the fit takes the larger half of the x, where constant costs are small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from draglive.app.engine.device import Device
from draglive.app.engine.runners import RunnerName
from draglive.stylegan2_jit.compile import BackendError
from draglive.stylegan2_jit.config import GeneratorConfig
from draglive.stylegan2_jit.latents import seed_to_z

from .machine import machine_card
from .models import Source, open_editor, random_model
from .result import Result
from .scene import pull_ring
from .turns import summary, take_turns, time_ms

POINTS = (1, 2, 4, 8, 16, 32, 64)
SMALLEST = 32  # px
CHANNELS = (64, 128, 256, 512)
BATCHES = (1, 2, 4, 8)
STEPS = 3  # in a turn


@dataclass(frozen=True, slots=True)
class Timed:
    """A call, at one x of one axis."""

    axis: str
    x: int
    device: Device
    call: Callable[[], object]

    def turn(self) -> dict[str, list[float]]:
        """See `turns.Subject`."""
        return {"call": [time_ms(self.device, self.call, STEPS)]}


def measure(device: Device, *, most: int = 256, turns: int = 5) -> Result:
    """Measure along all axes, in turns.

    Args:
        device: where.
        most: the largest resolution, and that of the other axes.
        turns: counted turns a case.
    """
    subjects = list(_subjects(device, most))
    samples = take_turns(subjects, turns, warm_up=1)
    cases: list[dict[str, Any]] = [
        {"name": f"{s.axis} {s.x}", "axis": s.axis, "x": s.x, "time": summary(found["call"])}
        for s, found in zip(subjects, samples, strict=True)
    ]
    fits = {axis: fit([c for c in cases if c["axis"] == axis]) for axis in _axes(cases)}
    settings = {"turns": turns, "largest": most, "dtype": device.dtype_name}
    return Result("scaling", machine_card(device), settings, cases, facts=fits)


def fit(cases: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The exponent over the larger half of x, and how well it explains the medians (R²)."""
    upper = sorted(cases, key=lambda case: case["x"])[len(cases) // 2 :]
    if len(upper) < 2:
        upper = list(cases)
    x = np.log([case["x"] for case in upper])
    y = np.log([case["time"]["p50_ms"] for case in upper])
    slope, offset = np.polyfit(x, y, 1)
    spread = ((y - y.mean()) ** 2).sum()
    left = ((y - slope * x - offset) ** 2).sum()
    return {"exponent": float(slope), "r2": float(1 - left / spread) if spread else 1.0}


def _axes(cases: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(case["axis"] for case in cases))


def _subjects(device: Device, most: int) -> Iterator[Timed]:
    wide = random_model(most)
    for count in POINTS:
        yield _stepping("points", count, device, wide, count)
    for resolution in (2**k for k in range(SMALLEST.bit_length() - 1, most.bit_length())):
        yield _stepping("resolution", resolution, device, random_model(resolution), 1)
    for channels in CHANNELS:
        shape = random_model(most, channel_max=channels, channel_base=64 * channels)
        yield _stepping("channels", channels, device, shape, 1)
    yield from _batches(device, wide)


def _stepping(axis: str, x: int, device: Device, config: GeneratorConfig, points: int) -> Timed:
    """Steps of an editor on random weights."""
    editor = None
    for backend in ("fused", "eager"):
        name: RunnerName = "fused" if backend == "fused" else "eager"
        try:
            editor = open_editor(Source(config=config).load(), device, name)
        except BackendError:
            continue  # no fused kernels here: eager has the same shapes
        break
    assert editor is not None
    pull_ring(editor, points, masked=False)
    return Timed(axis, x, device, editor.advance)


def _batches(device: Device, config: GeneratorConfig) -> Iterator[Timed]:
    """Pictures, several at once."""
    generator = Source(config=config).load().generator.prepare(device.dtype, device.on)
    for batch in BATCHES:
        z = torch.cat([seed_to_z(seed, config.z_dim) for seed in range(batch)]).to(device.on)
        ws = generator.mapping(z)
        call = torch.no_grad()(lambda ws=ws: generator.synthesis(ws))
        yield Timed("batch", batch, device, call)
