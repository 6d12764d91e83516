"""The w+ that a picture begins with: its seed's, layers of another's, and the sliders on top."""

from __future__ import annotations

from collections.abc import Hashable

import torch
from torch import Tensor

from draglive.stylegan2_jit.latents import seed_to_ws
from draglive.stylegan2_jit.networks import Generator

from . import types as t
from .edit import EditState

BASE = (  # what changes the picture that was dragged from
    t.SetSeed,
    t.SetClass,
    t.ResetPicture,
    t.SetTruncation,
    t.SetMix,
    t.AddDirection,
    t.SetStrength,
    t.RemoveDirection,
)


@torch.no_grad()
def blended_ws(generator: Generator, state: EditState) -> Tensor:
    """float32 [1, num_ws, w_dim], on the generator's device."""
    ws = seed_to_ws(generator, state.seed, state.psi, state.class_index)
    if state.mix is not None:
        other = seed_to_ws(generator, state.mix.seed, state.psi, state.class_index)
        layers = slice(state.mix.first_layer, state.mix.last_layer + 1)
        ws = ws.clone()
        ws[:, layers] = other[:, layers]
    for slider in state.sliders:
        if slider.strength:
            ws = ws + slider.strength * torch.from_numpy(slider.direction.offset()).to(ws.device)
    return ws


class Beginnings:
    """What pictures begin with, the last one remembered: most states of an edit share it.

    Args:
        generator: prepared.
    """

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._known: tuple[Hashable, Tensor] | None = None

    def ws(self, state: EditState) -> Tensor:
        """As `blended_ws`; nobody writes into it."""
        key = state.seed, state.psi, state.class_index, state.mix, state.sliders
        if self._known is None or self._known[0] != key:
            self._known = key, blended_ws(self._generator, state)
        return self._known[1]

    def of_seed(self, seed: int, psi: float, class_index: int | None) -> Tensor:
        """The w+ of a seed's picture, float32 [1, num_ws, w_dim]."""
        return seed_to_ws(self._generator, seed, psi, class_index)
