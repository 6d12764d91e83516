"""Is a runner right, and how fast? Held against another one on the very device in use."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from draglive.kernels import square_offsets
from draglive.kernels.sampling import held_corners
from draglive.stylegan2_jit.compile import BOUND_FLOAT32, BOUNDS, BackendError

from .runners import Runner, RunnerName, Seen

REACH_PX = 8
ROUNDS = 3


def check_runner(runner: Runner, reference: Runner, ws: Tensor, image_size: list[int]) -> None:
    """Hold features, gradient and picture against the reference's.

    A point in the middle and one in a corner, windows and the whole map.

    Args:
        runner: to be checked.
        reference: right, and of the same precision or better.
        ws: float32 [1, num_ws, w_dim], any picture.
        image_size: (H, W).

    Raises:
        BackendError: a value that is not finite, or a relative error above `compile.BOUNDS`
            (`BOUND_FLOAT32` where both compute in float32).
    """
    runner.start()
    reference.start()
    handles = _handles(ws.device, image_size)
    want = _answers(reference, ws, handles, whole=True)
    for whole in (False, True):
        got = _answers(runner, ws, handles, whole=whole)
        exact = got.dtype == want.dtype == torch.float32
        for (what, coarse), value, truth in zip(
            BOUNDS.items(), got.values, want.values, strict=True
        ):
            error = float((value - truth).norm() / truth.norm())
            if not error < (BOUND_FLOAT32 if exact else coarse):
                raise BackendError(
                    f"back-end {runner.name}: its {what} differ from {reference.name}'s "
                    f"by {error:.1%}"
                )


def time_runners(
    runners: Sequence[Runner], ws: Tensor, image_size: list[int]
) -> dict[RunnerName, float]:
    """Median milliseconds of a step's heavy work and a picture, the runners taking turns."""
    handles = _handles(ws.device, image_size)[:1]
    samples: dict[RunnerName, list[float]] = {runner.name: [] for runner in runners}
    for _ in range(ROUNDS):
        for runner in runners:
            start = time.perf_counter()
            seen = runner.see(ws, handles, REACH_PX, whole=False)
            runner.gradient(seen, torch.ones_like(seen.features))
            runner.picture(seen).cpu()  # wait for the device
            samples[runner.name].append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(values) for name, values in samples.items()}


def _handles(device: torch.device, image_size: list[int]) -> Tensor:
    height, width = image_size
    return torch.tensor([[width * 0.5, height * 0.5], [width - 1.0, 0.0]], device=device)


@dataclass(frozen=True, slots=True)
class _Answers:
    dtype: torch.dtype
    values: tuple[Tensor, Tensor, Tensor]  # in the order of `BOUNDS`


def _answers(runner: Runner, ws: Tensor, handles: Tensor, *, whole: bool) -> _Answers:
    """Features near the handles, the gradient of their mean, and the picture."""
    seen = runner.see(ws, handles, REACH_PX, whole=whole)
    near = handles[:, None] + square_offsets(REACH_PX, ws.device)
    features = seen.sample(near).clone()
    gradient = runner.gradient(seen, _spread(seen, near)).clone()
    picture = runner.picture(seen).float() - 128.0
    return _Answers(seen.features.dtype, (features, gradient, picture))


def _spread(seen: Seen, positions: Tensor) -> Tensor:
    """The gradient of all features' sums at the positions, meaned: float16 holds no larger one."""
    index, weight = held_corners(
        positions, seen.features, seen.origins, seen.map_size, seen.image_size
    )
    batch, channels, height, width = seen.features.shape
    shares = torch.zeros(batch * height * width, device=positions.device)
    shares.index_add_(0, index.flatten(), weight.flatten())
    shares /= index.shape[0] * index.shape[1]
    spread = shares.view(batch, height, width, 1).expand(-1, -1, -1, channels)
    return spread.to(seen.features.dtype).contiguous().permute(0, 3, 1, 2)
