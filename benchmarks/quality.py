"""How good a model of creatures is: its samples beside fresh renderings of the same renderer.

All models of one run are held against the same renderings, by the features of the landmark
detector, which never saw a generator; only figures of one run compare. Samples are unselected:
latents of a fixed random stream, psi 1.

Of a model trained on pairs every latent has a rendered truth, so its key points can be compared
with exact ones; that figure holds the detector's own error as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from draglive.app.engine.device import Device
from draglive.stylegan2_jit.networks import Generator
from draglive.stylegan2_jit.training.factors import (
    FACTORS,
    factors_from_z,
    random_factors,
)
from draglive.stylegan2_jit.training.renderer import Renderer

from .errors import BenchmarkError
from .faithfulness import frechet_distance
from .landmark_detector import CreatureLandmarks
from .machine import machine_card
from .models import Source
from .result import Result

PART = 16  # pictures at a time
NEIGHBOURS = 3  # whose distance is the radius of a picture's surroundings (the paper's)
PATH_STEP = 1e-2  # of the way from one w to another; the paper's 1e-4 drowns in rounding
PATHS = 4  # one path for so many samples


@dataclass(frozen=True, slots=True)
class Terms:
    """What all models agree on.

    Raises:
        BenchmarkError: too few samples to say anything of.
    """

    samples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be measured."""
        if self.samples < 2 * NEIGHBOURS:
            raise BenchmarkError(f"samples must be at least {2 * NEIGHBOURS}, not {self.samples}")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the detector finds in a set of pictures."""

    features: NDArray[np.float64]  # [N, D]
    places: Tensor  # float32 [N, K, 2], image pixels


def measure(device: Device, sources: Sequence[Source], terms: Terms) -> Result:
    """Each model's distance from renderings, precision, recall, path length, key points.

    Raises:
        BenchmarkError: a model whose latents are too narrow to drive the renderer.
        CheckpointError: a file cannot be loaded.
    """
    judge = _Judge(device, terms)
    return Result(
        "quality",
        machine_card(device),
        settings={
            "samples": terms.samples,
            "seed": terms.seed,
            "features": "landmark detector",
            "path_step": PATH_STEP,
            "psi": 1.0,
        },
        cases=[judge.case(source) for source in sources],
    )


class _Judge:
    """The detector, and the renderings that all models are held against, by resolution."""

    def __init__(self, device: Device, terms: Terms) -> None:
        self.device, self.terms = torch.device(device.on), terms
        self.detector = CreatureLandmarks().on(self.device)
        self.renderer = Renderer(self.device)
        self.rendered: dict[int, tuple[Seen, float]] = {}

    @torch.no_grad()
    def case(self, source: Source) -> dict[str, Any]:
        """One model's figures."""
        checkpoint = source.load()
        generator = checkpoint.generator.prepare(torch.float32, self.device)
        config = generator.config
        if config.z_dim < len(FACTORS):
            rule = f"z must have at least {len(FACTORS)} components, not {config.z_dim}"
            raise BenchmarkError(f"{checkpoint.name}: is no model of creatures: {rule}")
        real, detector_px = self._renderings(config.img_resolution)
        z = self._stream(1, self.terms.samples, config.z_dim)
        made = self._seen(generator(part) for part in z.split(PART))
        ours, theirs = torch.from_numpy(made.features), torch.from_numpy(real.features)
        return {
            "name": checkpoint.name,
            "frechet": frechet_distance(made.features, real.features),
            "precision": covered(ours, theirs),
            "recall": covered(theirs, ours),
            "path_length": self._path_length(generator),
            "truth_px": self._median_error(made, factors_from_z(z), config.img_resolution),
            "detector_px": detector_px,
        }

    def _renderings(self, resolution: int) -> tuple[Seen, float]:
        """Of fresh factors, and the detector's own median error on them in pixels."""
        if resolution not in self.rendered:
            stream = torch.Generator().manual_seed(self.terms.seed)
            factors = random_factors(self.terms.samples, generator=stream).to(self.device)
            seen = self._seen(self.renderer.pictures(f, resolution) for f in factors.split(PART))
            self.rendered[resolution] = seen, self._median_error(seen, factors, resolution)
        return self.rendered[resolution]

    def _seen(self, pictures: Iterator[Tensor]) -> Seen:
        found = [self.detector.find_all(some.clamp(-1, 1)) for some in pictures]
        features = torch.cat([features for _, features in found]).cpu().double().numpy()
        return Seen(features, torch.cat([places for places, _ in found]))

    def _median_error(self, seen: Seen, factors: Tensor, resolution: int) -> float:
        """Of the key points that show, in pixels."""
        points, shown = self.renderer.keypoints(factors, resolution)
        return float((seen.places - points).norm(dim=2)[shown].median())

    def _path_length(self, generator: Generator) -> float:
        """Mean squared perceptual speed from one w to another (Karras et al. 2019, appendix)."""
        count = max(self.terms.samples // PATHS, 1)
        z = self._stream(2, 2 * count, generator.config.z_dim)
        share = torch.rand(count, generator=torch.Generator().manual_seed(self.terms.seed))
        first, second = generator.mapping(z).chunk(2)
        speeds = []
        for a, b, t in zip(
            first.split(PART),
            second.split(PART),
            share.to(self.device)[:, None, None].split(PART),
            strict=True,
        ):
            here, ahead = (
                generator.synthesis(torch.lerp(a, b, where)) for where in (t, t + PATH_STEP)
            )
            speeds.append(self.detector.distances(here, ahead) / PATH_STEP**2)
        return float(torch.cat(speeds).mean())

    def _stream(self, number: int, count: int, width: int) -> Tensor:
        """Latents, the same for every model of that width."""
        stream = torch.Generator().manual_seed(self.terms.seed + number)
        return torch.randn(count, width, generator=stream).to(self.device)


def covered(ours: Tensor, theirs: Tensor) -> float:
    """Share of `ours` [N, D] that lie among `theirs` [M, D] (Kynkäänniemi et al. 2019).

    Among: nearer to one of them than that one's third neighbour. Of samples among renderings it is
    precision, of renderings among samples recall.
    """
    radii = torch.cdist(theirs, theirs).kthvalue(NEIGHBOURS + 1, dim=1).values  # the first: itself
    return float((torch.cdist(ours, theirs) <= radii).any(dim=1).double().mean())
