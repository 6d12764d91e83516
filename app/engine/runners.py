"""What runs the generator for a step: features near the handles, their gradient, the picture.

A `Runner` hides how that is done. `AutogradRunner` runs a back-end of `stylegan2_jit.compile` over
the whole map and lets autograd go back; the fused ones (`fused.py`) compute windows of it and have
their gradients written by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from draglive.kernels import to_rgba
from draglive.kernels.sampling import gather_bilinear, held_corners
from draglive.kernels.step import StepSettings, StepState
from draglive.stylegan2_jit.compile import Backend, BackendName, Cut

RunnerName = Literal["fused"] | BackendName


@dataclass(frozen=True, slots=True)
class Seen:
    """A forward pass: the features of one w+, whole or in windows around the handles."""

    ws: Tensor  # float32 [1, num_ws, w_dim]
    features: Tensor  # [1, C, h, w], or [P, C, n, n]; without gradient
    origins: Tensor | None  # int32 [P, 2], (x, y) where the windows begin; None: the whole map
    map_size: list[int]  # (h, w) of the whole map
    image_size: list[int]  # (H, W)
    reach_px: float = 0.0  # how far from the handles windows can be read
    activations: tuple[Tensor, ...] = ()  # of every block, where the runner keeps them

    def sample(self, positions: Tensor) -> Tensor:
        """Feature vectors at image positions of each point: [P, K, 2] to [P, K, C]."""
        index, weight = held_corners(
            positions, self.features, self.origins, self.map_size, self.image_size
        )
        return gather_bilinear(self.features, index, weight)


class WholeStep(Protocol):
    """A step that a runner does as one, on tensors that stay where they are."""

    def look(self) -> None:
        """See the features of the present w+ around the present handles."""

    def step(self) -> None:
        """One step from what was seen last, and see again."""

    def seen(self) -> Seen:
        """What both leave behind; later steps overwrite it."""


class Runner(Protocol):
    """The generator, as a drag needs it. Not thread-safe; owned by the engine's thread."""

    @property
    def name(self) -> RunnerName:
        """The back-end's name."""

    @property
    def blocks(self) -> int:
        """How many blocks there are up to the feature block."""

    def start(self) -> None:
        """Another picture follows; its vectors beyond the free ones then stay until the next."""

    def see(self, ws: Tensor, handles: Tensor, reach_px: float, *, whole: bool) -> Seen:
        """Run up to the feature block.

        Args:
            ws: float32 [1, num_ws, w_dim].
            handles: float32 [P, 2], (x, y) image pixels.
            reach_px: how far from them the features will be read.
            whole: the whole map is wanted, not only what is near the handles.
        """

    def gradient(self, seen: Seen, pull: Tensor) -> Tensor:
        """From dL/dF to dL/dw+, float32 [1, num_ws, w_dim]; once, and for the last `seen` only."""

    def whole_step(self, state: StepState, settings: StepSettings) -> WholeStep | None:
        """A whole step for the shapes seen last, where there are kernels for one."""

    @property
    def previews(self) -> int:
        """How many coarser pictures there are, each of half the size of the one before."""

    @property
    def pictures_from_w(self) -> bool:
        """Whether `picture` reads nothing of what was seen but w+."""

    def picture(self, seen: Seen, coarser: int = 0) -> Tensor:
        """The display buffer of what was seen last: uint8 [H, W, 4], always of the full size.

        Args:
            seen: the features.
            coarser: 0 for the picture itself, up to `previews` for one that costs less.
        """

    def draw(self, ws: Tensor, coarser: int = 0) -> Tensor:
        """The picture of any w+, as `picture`, or of its own size where it is coarser.

        What was seen last stays as it is.
        """

    def features(self, ws: Tensor) -> Tensor:
        """The whole feature map of any w+, [1, C, h, w]; what was seen last stays as it is."""

    def take_trouble(self) -> str | None:
        """Why pictures are slower than they might be: once, then None."""


Runners = Callable[[Cut], Runner]  # what runs this cut of the generator now


class AutogradRunner:
    """The whole map by a back-end of `stylegan2_jit.compile`.

    Args:
        backend: runs the generator.
        image_size: (H, W) of the picture.
    """

    pictures_from_w = False

    def __init__(self, backend: Backend, image_size: list[int]) -> None:
        self._backend = backend
        self._image_size = image_size
        self.name: RunnerName = backend.name
        self.previews = 0
        self.blocks = backend.cut.blocks

    def start(self) -> None:
        """Nothing is kept from picture to picture."""

    def see(self, ws: Tensor, handles: Tensor, reach_px: float, *, whole: bool) -> Seen:
        """Always the whole map; see `Runner`."""
        leaf = ws.detach().requires_grad_()
        with torch.enable_grad():
            activations = tuple(self._backend.features(leaf))
        features = activations[-1].detach()
        map_size = list(features.shape[2:])
        return Seen(leaf, features, None, map_size, self._image_size, activations=activations)

    def gradient(self, seen: Seen, pull: Tensor) -> Tensor:
        """See `Runner`."""
        (gradient,) = torch.autograd.grad(seen.activations[-1], seen.ws, pull)
        return gradient

    def whole_step(self, state: StepState, settings: StepSettings) -> WholeStep | None:
        """There is none."""
        return None

    def draw(self, ws: Tensor, coarser: int = 0) -> Tensor:
        """See `Runner`."""
        return self.picture(self.see(ws, ws.new_zeros(1, 2), 0.0, whole=True))

    def take_trouble(self) -> str | None:
        """There is none."""
        return None

    @torch.no_grad()
    def features(self, ws: Tensor) -> Tensor:
        """See `Runner`."""
        features: Tensor = self._backend.features(ws)[-1]
        return features

    @torch.no_grad()
    def picture(self, seen: Seen, coarser: int = 0) -> Tensor:
        """See `Runner`."""
        still = [a.detach() for a in seen.activations]
        rgba: Tensor = to_rgba(self._backend.picture(still, seen.ws.detach()))
        return rgba
