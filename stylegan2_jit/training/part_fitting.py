"""How a model's part reader is fitted: to the renderer's own maps of what its latents drive.

For models of creatures that were trained on pairs: every seed has a rendering, and the rendering a
map of its parts. The generator's picture lies some pixels off its rendering, so each map is first
moved to where the picture shows it (`registration`); else edges would be learnt as blurred.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..latents import seed_to_ws, seed_to_z
from ..networks import Generator
from ..parts import GRID, PartReader, enlarged, surroundings
from .factors import FACTORS, truncated_factors
from .registration import flow, moved
from .renderer import Renderer
from .surface import PARTS

RESOLUTION = 64  # of the block that is read
FIRST_SEED = 100_000  # far from those that anything is tested with
PSI = (1.0, 0.7)  # in turns
TOGETHER = 4  # pictures
PLACES = 800  # that are learnt from in each picture
EDGES = 0.5  # of them are at the edges of parts, the others anywhere
BATCH = 2048  # places
RATE = 3e-3
DROPPED = 0.1  # of the numbers read, in each step: samples are few
DECAY = 0.02


@dataclass(frozen=True, slots=True)
class Samples:
    """Pictures of a generator, and what they show.

    Attributes:
        features: of the block, float16 [N, C, h, w].
        parts: indices of PARTS where the picture shows them, uint8 [N, 2 GRID, 2 GRID].
        rendered: the same where the rendering has them.
    """

    features: Tensor
    parts: Tensor
    rendered: Tensor


@torch.no_grad()
def look(generator: Generator, renderer: Renderer, seeds: Sequence[int], psi: float) -> Samples:
    """Features and parts of some seeds' pictures.

    Raises:
        ValueError: the model's latents drive no rendering.
    """
    if generator.config.z_dim < len(FACTORS):
        rule = f"z must have at least {len(FACTORS)} components, not {generator.config.z_dim}"
        raise ValueError(f"no model of creatures: {rule}")
    z = torch.cat([seed_to_z(seed, generator.config.z_dim) for seed in seeds])
    ws = torch.cat([seed_to_ws(generator, seed, psi) for seed in seeds])
    factors = truncated_factors(z.to(renderer.device), psi)
    activations = generator.synthesis.features(ws, len(generator.config.block_resolutions))
    pictures = generator.synthesis.picture(activations, ws)
    found = flow(
        F.adaptive_avg_pool2d(pictures, GRID).clamp(-1, 1), renderer.pictures(factors, GRID)
    )
    maps = renderer.maps(factors, 2 * GRID)[:, :1]
    large = F.interpolate(found, scale_factor=2.0, mode="bilinear", align_corners=False)
    features = next(a for a in activations if a.shape[2] == RESOLUTION)
    return Samples(features.half(), moved(maps, large, "nearest")[:, 0].byte(), maps[:, 0].byte())


def gather(
    generator: Generator,
    count: int,
    tell: Callable[[float], None] = lambda share: None,
    *,
    first_seed: int = FIRST_SEED,
    psis: Sequence[float] = PSI,
) -> Samples:
    """Samples of `count` seeds, with each psi in turns; on the generator's device."""
    renderer = Renderer(generator.mapping.w_avg.device)
    batches = []
    for number, begin in enumerate(range(0, count, TOGETHER)):
        seeds = range(first_seed + begin, first_seed + min(begin + TOGETHER, count))
        batches.append(look(generator, renderer, seeds, psis[number % len(psis)]))
        tell((begin + len(seeds)) / count)
    parts = zip(*((b.features, b.parts, b.rendered) for b in batches), strict=True)
    return Samples(*(torch.cat(part) for part in parts))


def fit(
    samples: Samples, steps: int, tell: Callable[[float, float], None] = lambda share, loss: None
) -> PartReader:
    """Fit a reader; the same samples on one machine give the same one.

    Args:
        samples: what to learn from.
        steps: of `BATCH` places each.
        tell: called with the share of the steps gone and the loss.
    """
    random = torch.Generator().manual_seed(0)
    rows, truth = _places(samples, random)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        reader = PartReader(PARTS, RESOLUTION, samples.features.shape[1]).to(rows.device)
        optimizer = torch.optim.AdamW(reader.parameters(), RATE, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
        for step in range(steps):
            chosen = torch.randint(len(rows), (BATCH,), generator=random)
            read = F.dropout(rows[chosen].float(), DROPPED).T[None, ..., None]  # as a picture's row
            loss = F.cross_entropy(reader.tell(reader.mix(read))[0, ..., 0].T, truth[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            tell((step + 1) / steps, float(loss.detach()))
    return reader.eval().requires_grad_(False)


def _places(samples: Samples, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """What is read at some places of each picture, and what is there.

    Returns:
        float16 [M, C], as `surroundings` has it, and shares of the parts, float32 [M, K].
    """
    rows, truth = [], []
    for features, parts in zip(samples.features, samples.parts, strict=True):
        shares = F.one_hot(parts.long(), len(PARTS)).permute(2, 0, 1).float()
        shares = F.avg_pool2d(shares[None], 2)[0]  # [K, GRID, GRID]
        spread = F.max_pool2d(shares[None], 5, 1, 2)[0]
        edge = ((spread > 0).sum(0) > 1).flatten().float().cpu()
        weight = EDGES * edge / edge.sum().clamp(min=1) + (1 - EDGES) / edge.numel()
        chosen = torch.multinomial(weight, PLACES, generator=random).to(features.device)
        read = enlarged(surroundings(features[None]))[0].flatten(1)
        rows.append(read[:, chosen].T.half())
        truth.append(shares.flatten(1)[:, chosen].T)
    return torch.cat(rows), torch.cat(truth)
