"""Which fused kernels a device has: a C++ library on a CPU, Triton's on a CUDA card."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable

import torch
from torch import Tensor

from draglive.kernels import native
from draglive.kernels.network import Network
from draglive.kernels.points_native import take_over
from draglive.kernels.step import StepSettings, StepState
from draglive.kernels.synthesis_native import NativePicture, NativeSynthesis, NativeWeights
from draglive.kernels.windows import WindowPlan
from draglive.stylegan2_jit.compile import BackendError

from .device import Device
from .fused import FeatureSynthesis, Kernels, PictureSynthesis
from .runners import WholeStep

COARSEST_BLOCKS = 6  # 128 px: coarser than that nobody can steer well by
LARGE_COARSEST_BLOCKS = 5  # but where 128 px are no preview any more, 64 are better than late
LARGE = 4e10  # floating-point operations: 30 ms on two cores with a matrix unit, 70 on slow days


def open_kernels(device: Device) -> Kernels:
    """The fused kernels of a device; on a CPU the library is compiled if that was not done yet.

    Raises:
        BackendError: there are none for this device, or they cannot be had on this machine.
    """
    if device.on.type == "cpu":
        return NativeKernels(device)
    if device.is_cuda:
        if importlib.util.find_spec("triton") is None:
            raise BackendError("back-end fused: Triton is not installed")
        from .triton_kernels import TritonKernels  # noqa: PLC0415 (Triton is not everywhere)

        return TritonKernels(device)
    raise BackendError(f"back-end fused: there are no kernels for {device.on.type}")


def take_over_points(device: Device) -> None:
    """Let a card's kernels for points and Adam serve back-ends that run the generator otherwise."""
    if device.is_cuda and importlib.util.find_spec("triton") is not None:
        from draglive.kernels.points_triton import take_over as on_cards  # noqa: PLC0415

        on_cards()


def at_once(device: Device) -> bool:
    """Whether opening them takes no longer than the first picture may wait."""
    return device.on.type == "cpu" and native.is_built()


class NativeKernels:
    """The C++ library's kernels (see `fused.Kernels`), for one runner: its weights are kept once.

    Raises:
        BackendError: the library cannot be compiled or loaded here.
    """

    def __init__(self, device: Device) -> None:
        try:
            library = native.load()
            take_over()
        except native.NativeError as error:
            raise BackendError(f"back-end fused: {error}") from error
        self.name = f"native kernels ({library.level})"
        self.build = library.path.name
        self._dtype = device.dtype if library.level == "amx" else torch.float32
        self._weights: NativeWeights | None = None

    def features(self, network: Network, plan: WindowPlan, free: int) -> FeatureSynthesis:
        """Make a synthesis for a plan."""
        if self._weights is None:
            layers = len(plan.makes)
            self._weights = NativeWeights(network, free=free, dtype=self._dtype, back=layers)
        return NativeSynthesis(self._weights, plan)

    def picture(self, network: Network, free: int) -> PictureSynthesis:
        """Make what renders: with the weights of the features, as they were folded last."""
        return Rendering(network, self._make_picture)

    def whole_step(
        self, synthesis: FeatureSynthesis, state: StepState, settings: StepSettings
    ) -> WholeStep | None:
        """None: a call costs little here."""
        return None

    def _make_picture(self) -> NativePicture:
        assert self._weights is not None  # there is no picture before its features
        return NativePicture(self._weights)


class Rendering:
    """The library's pictures, and coarser ones from fewer blocks (see `fused.PictureSynthesis`).

    Args:
        network: which is rendered.
        make: called at the first picture, when there are features and so weights to share.
    """

    def __init__(self, network: Network, make: Callable[[], NativePicture]) -> None:
        self._blocks = len(network.colours)
        self._make = functools.cache(make)
        large = work(network, COARSEST_BLOCKS) > LARGE
        coarsest = LARGE_COARSEST_BLOCKS if large else COARSEST_BLOCKS
        self.previews = max(self._blocks - coarsest, 0)

    def fold(self, ws: Tensor) -> None:
        """The weights are the features'; folded alike, they stay as they are."""
        self._make().weights.fold(ws)

    def render(self, ws: Tensor, coarser: int = 0) -> Tensor:
        """From ws, float32 [num_ws, w_dim], to uint8 [H, W, 4]."""
        return self._make().render(ws, blocks=self._blocks - coarser)

    def take_trouble(self) -> str | None:
        """There is none."""
        return None


def work(network: Network, blocks: int) -> float:
    """Floating-point operations of the 3x3 convolutions of the first `blocks` blocks."""
    total = 0.0
    for layer in network.layers[: network.layer_count(blocks)]:
        read = layer.height * layer.width / (4 if layer.up else 1)
        total += 2 * layer.weight.numel() * read
    return total
