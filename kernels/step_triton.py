"""A whole drag step on a card, fit for one CUDA graph: pull, backward, Adam, forward, track.

All state is in tensors that stay where they are: changing targets, step size, mask or w+ between
two steps needs no new capture. Knows nothing of who changes them.
"""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from .adam_along_triton import TritonAdamAlong
from .adam_triton import TritonAdam
from .step import StepSettings, StepState
from .supervise_triton import Supervision
from .synthesis_triton import TritonSynthesis
from .track_points_triton import Tracking
from .windows_triton import write_origins


class TritonStep:
    """Steps of one synthesis.

    Args:
        synthesis: up to the feature block, for the plan that the step's radii ask for.
        state: on the card.
        settings: fixed.
    """

    def __init__(
        self, synthesis: TritonSynthesis, state: StepState, settings: StepSettings
    ) -> None:
        self._synthesis, self._state = synthesis, state
        features, plan = synthesis.features, synthesis.plan
        top = plan.makes[-1]
        sizes = {
            "map_size": [top.map_height, top.map_width],
            "image_size": settings.image_size,
        }
        self._ups: Sequence[bool] = [layer.source.up for layer in synthesis.layers]
        self._origins = torch.zeros(
            len(self._ups), plan.points, 2, dtype=torch.int32, device=features.device
        )
        self._supervision = Supervision(
            features,
            settings.disc,
            speed_px=settings.speed_px,
            stop_px=settings.stop_px,
            sums=synthesis.top,
            **sizes,
        )
        self._nothing = torch.zeros([], device=features.device)
        self._tracking = Tracking(
            features, settings.square, points=plan.points, squared=settings.squared, **sizes
        )
        self._adam = optimiser(synthesis, state, settings)

    @property
    def origins(self) -> Tensor | None:
        """Where the windows of the features begin, int32 [P, 2]; None for the whole map."""
        return self._origins[-1] if self._synthesis.plan.windowed else None

    def look(self) -> None:
        """Features of the present w+ around the present handles; nothing moves."""
        self._forward(self._nothing)

    def _forward(self, live: Tensor) -> None:
        state = self._state
        write_origins(
            self._synthesis.plan, self._ups, state.handles, state.active, self._origins,
            state.count, live,
        )  # fmt: skip
        self._synthesis.forward(state.ws, self._origins)

    def step(self) -> None:
        """One step from the features seen last."""
        state = self._state
        pull = self._supervision.pull(
            self.origins, state.handles, state.targets, state.active, state.mask
        )
        self._synthesis.pull_back(None if self._synthesis.top is not None else pull)
        self._adam.update(self._supervision.live)
        self._forward(self._supervision.live)
        self._tracking.follow(self.origins, state.handles, state.references, state.following)


def optimiser(
    synthesis: TritonSynthesis, state: StepState, settings: StepSettings
) -> TritonAdam | TritonAdamAlong:
    """Adam on w+, or along axes of it."""
    styles, scale, axes = synthesis.styles, 1.0 / synthesis.scale, state.axes
    make: Callable[..., TritonAdam | TritonAdamAlong] = TritonAdam
    if axes is not None:
        make = partial(TritonAdamAlong, axes=axes, common=settings.common_spread)
    return make(
        styles,
        scale,
        value=state.ws,
        mean=state.mean,
        square=state.square,
        count=state.count,
        step_size=state.step_size,
        rows=state.rows,
        momentum=settings.momentum,
    )
