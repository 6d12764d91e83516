"""Axes of w+ along which pictures of a model vary, for a drag that stays among them.

A model's own w fill little of their space, and its own w+ have all rows alike. Steps that follow
the loss's slope in w+ itself soon leave that: the picture still changes, but into something that
the model never learnt, and a handle's patch no longer looks like itself. So a drag may move
coordinates of w+ instead: along the principal axes of the model's w (Härkönen et al. 2020,
"GANSpace"), each as far as w vary along it, and across the rows first all together, then ever more
apart. Nothing is out of reach; what is unlikely is only farther away.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from draglive.stylegan2_jit.latents import sample_ws
from draglive.stylegan2_jit.networks import Generator

SAMPLES = 2048
LEAST = 0.01  # of the mean variance: along the other axes w vary as much at least


@dataclass(slots=True)
class LikelyAxes:
    """A model's, made when they are first asked for.

    Args:
        generator: the model.
    """

    generator: Generator
    _directions: Tensor | None = field(default=None, init=False)
    _made: dict[tuple[int, int], Tensor] = field(default_factory=dict, init=False)

    def of(self, first: int, last: int, like: Tensor) -> tuple[Tensor, Tensor]:
        """Mixing and directions (`kernels.adam.adam_along`) for rows `first` to `last` of w+.

        A step of 1 in all coordinates changes an element of those rows by 1 on the average (root
        of the mean square), so that step sizes mean what they mean in w+ itself.

        Args:
            first: row.
            last: row, inclusive.
            like: float32 [1, N, D], w+; the same at every call.
        """
        if self._directions is None:
            self._directions = spread_of(self.generator).to(like.device)
        if (first, last) not in self._made:  # kept for good: captured steps read them
            self._made[first, last] = mixing(first, last, like.shape[1]).to(like.device)
        return self._made[first, last], self._directions


def spread_of(generator: Generator) -> Tensor:
    """The principal axes of a model's w as columns, each as long as w vary along it: [D, D].

    Of mean square length 1, and the same bits however many threads there are.
    """
    with one_thread():
        ws = sample_ws(generator, SAMPLES).double().cpu()
        variance, axes = torch.linalg.eigh(torch.cov(ws.t()))
    variance = variance.clamp(min=LEAST * variance.mean())
    directions: Tensor = axes * (variance / variance.mean()).sqrt()
    return directions.float().contiguous()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """What torch finds on a CPU depends on its threads, bit by bit; on a busy one they wait."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def mixing(first: int, last: int, count: int) -> Tensor:
    """Which rows of w+ each row of coordinates moves: float32 [count, count].

    Coordinate `first` moves rows `first` to `last` alike; the others are those rows' cosines of
    growing frequency, together as strong as the first in each row.
    """
    rows = last - first + 1
    frequency, place = torch.arange(rows)[:, None], torch.arange(rows) + 0.5
    waves = torch.cos(math.pi / rows * frequency * place).double()
    waves /= waves.norm(dim=1, keepdim=True)
    waves[0] *= math.sqrt(rows)
    waves /= waves.square().sum(0).mean().sqrt()
    whole = torch.zeros(count, count)
    whole[first : last + 1, first : last + 1] = waves.float()
    return whole
