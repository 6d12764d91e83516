"""Back-ends: the same synthesis run eagerly, as TorchScript, or through torch.compile.

A `Backend` is two functions, the hot ones: w+ → activations up to the feature block, and
activations → picture. `build_backend` makes one, `self_check` holds it against eager on the very
device in use, `time_backends` says what is fastest there. Nothing here knows of threads; when to
build and to swap is the engine's business.
"""

from __future__ import annotations

import importlib.util
import shutil
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, assert_never, get_args

import torch
from torch import Tensor

from .networks import Synthesis

BackendName = Literal["eager", "script", "compile"]
BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


# What self_check allows, relative. Two right back-ends in bfloat16 were seen to differ by 2 % in
# values and by 5.5 % in the gradient (7 % from float32's); wrong ones are off by far more.
BOUNDS = {"features": 0.05, "gradient": 0.15, "picture": 0.05}
BOUND_FLOAT32 = 0.02  # convolutions in TF32 reach 0.1 to 1 %


class Cut(NamedTuple):
    """What a back-end is made for."""

    blocks: int  # how many synthesis blocks `features` runs; the last is the feature block
    free: int  # how many vectors of w+, from the first on, get a gradient; fewer is faster


class BackendError(RuntimeError):
    """A back-end that cannot be built here, or whose numbers are wrong: which, and why."""


@dataclass(frozen=True, slots=True)
class Backend:
    """How the generator runs. Both functions take and return what `Synthesis` documents.

    Of the activations only the last, the feature block's, leads back to w+.
    """

    name: BackendName
    cut: Cut
    features: Callable[[Tensor], list[Tensor]]
    picture: Callable[[list[Tensor], Tensor], Tensor]


def count_blocks(feature_resolution: int) -> int:
    """Synthesis blocks up to the feature block: 4 → 1, 8 → 2 … 128 → 6."""
    return feature_resolution.bit_length() - 2


def compiler_missing(device: torch.device) -> str | None:
    """Why torch.compile cannot work here, or None when it can."""
    if device.type == "cuda":
        return None if importlib.util.find_spec("triton") else "Triton is not installed"
    if not any(shutil.which(name) for name in ("g++", "clang++", "cl")):
        return "no C++ compiler"
    return None


def build_backend(name: BackendName, synthesis: Synthesis, cut: Cut) -> Backend:
    """Make a back-end for a prepared synthesis network.

    The compiled one compiles on its first call (`warm_up`). A scripted one is a snapshot: build it
    anew after another `prepare`.

    Args:
        name: which.
        synthesis: prepared; its weights are shared, not copied.
        cut: where it is split, and what gets a gradient.

    Raises:
        BackendError: there is no compiler.
    """
    match name:
        case "eager":
            return _split(name, synthesis, cut)
        case "script":
            with warnings.catch_warnings():  # deprecated, and still what this back-end is
                warnings.simplefilter("ignore", DeprecationWarning)
                scripted = torch.jit.script(synthesis)
            return _split(name, scripted, cut)
        case "compile":
            reason = compiler_missing(next(synthesis.parameters()).device)
            if reason:
                raise BackendError(f"back-end compile: {reason}")
            # The float32 layers stay float32 on purpose; the hint to use TF32 helps nobody here.
            warnings.filterwarnings("ignore", message="TensorFloat32 tensor cores")
            plain = _split(name, synthesis, cut)
            features = torch.compile(plain.features, fullgraph=True, dynamic=False)
            picture = torch.compile(plain.picture, fullgraph=True, dynamic=False)
            return Backend(name, cut, features, picture)
        case _:
            assert_never(name)


def _split(name: BackendName, synthesis: Synthesis | torch.jit.ScriptModule, cut: Cut) -> Backend:
    def features(ws: Tensor) -> list[Tensor]:
        *before, last = synthesis.features(ws, cut.blocks, "const", cut.free)
        # Compiled, each that might have a gradient gets one: zeros, copied into its layout, added.
        return [*(activation.detach() for activation in before), last]

    def picture(activations: list[Tensor], ws: Tensor) -> Tensor:
        image: Tensor = synthesis.picture(activations, ws, "const")
        return image

    return Backend(name, cut, features, picture)


def run_once(backend: Backend, ws: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A step's heavy work: feature map, gradient of its mean to w+, and the picture."""
    leaf = ws.detach().clone().requires_grad_()
    activations = backend.features(leaf)
    (gradient,) = torch.autograd.grad(activations[-1].float().mean(), leaf)
    with torch.no_grad():
        still = [a.detach() for a in activations]
        image = backend.picture(still, ws)
    return still[-1], gradient, image


def warm_up(backend: Backend, ws: Tensor, runs: int = 3) -> None:
    """Run until nothing is left to compile (TorchScript profiles its first two runs)."""
    for _ in range(runs):
        run_once(backend, ws)
    _synchronize(ws.device)


def self_check(backend: Backend, reference: Backend, ws: Tensor) -> None:
    """Hold a back-end's features, gradient and picture against the reference's, same dtype.

    Raises:
        BackendError: another shape, a value that is not finite, or a relative error above
            `BOUNDS` (`BOUND_FLOAT32` for a float32 network).
    """
    gots, wants = run_once(backend, ws), run_once(reference, ws)
    exact = wants[0].dtype == torch.float32
    for (what, coarse), got, want in zip(BOUNDS.items(), gots, wants, strict=True):
        if got.shape != want.shape:
            raise BackendError(
                f"back-end {backend.name}: its {what} are {list(got.shape)}, "
                f"{reference.name}'s {list(want.shape)}"
            )
        bound = BOUND_FLOAT32 if exact else coarse
        error = float((got - want).float().norm() / want.float().norm())
        if not error < bound:
            raise BackendError(
                f"back-end {backend.name}: its {what} differ from {reference.name}'s by {error:.1%}"
            )


def time_backends(backends: Sequence[Backend], ws: Tensor, rounds: int = 7) -> dict[str, float]:
    """Median milliseconds of `run_once`, the back-ends taking turns; warmed up first."""
    for backend in backends:
        warm_up(backend, ws)
    samples: dict[str, list[float]] = {backend.name: [] for backend in backends}
    for _ in range(rounds):
        for backend in backends:
            start = time.perf_counter()
            run_once(backend, ws)
            _synchronize(ws.device)
            samples[backend.name].append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(values) for name, values in samples.items()}


def in_a_line(error: Exception) -> str:
    """An error's first line, or its kind when it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
