"""Which fused kernels a device has: a C++ library on a CPU, Triton's on a CUDA card."""

from __future__ import annotations

import importlib.util

import torch
from torch import Tensor

from draglive.kernels import native
from draglive.kernels.network import Network
from draglive.kernels.points_native import take_over
from draglive.kernels.step import StepSettings, StepState
from draglive.kernels.synthesis_native import NativePicture, NativeSynthesis
from draglive.kernels.windows import WindowPlan
from draglive.stylegan2_jit.compile import BackendError

from .device import Device
from .fused import FeatureSynthesis, Kernels, PictureSynthesis
from .runners import WholeStep

COARSEST_BLOCKS = 6  # 128 px: coarser than that nobody can steer by


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


def at_once(device: Device) -> bool:
    """Whether opening them takes no longer than the first picture may wait."""
    return device.on.type == "cpu" and native.is_built()


class NativeKernels:
    """The C++ library's kernels (see `fused.Kernels`).

    Raises:
        BackendError: the library cannot be compiled or loaded here.
    """

    def __init__(self, device: Device) -> None:
        try:
            self._level = native.load().level
            take_over()
        except native.NativeError as error:
            raise BackendError(f"back-end fused: {error}") from error
        self.name = f"native kernels ({self._level})"
        self._dtype = device.dtype if self._level == "amx" else torch.float32

    def features(self, network: Network, plan: WindowPlan, free: int) -> FeatureSynthesis:
        """Make a synthesis for a plan."""
        return NativeSynthesis(network, plan, free=free, dtype=self._dtype)

    def picture(self, network: Network) -> PictureSynthesis:
        """Make what renders."""
        return Rendering(NativePicture(network, dtype=self._dtype))

    def whole_step(
        self, synthesis: FeatureSynthesis, state: StepState, settings: StepSettings
    ) -> WholeStep | None:
        """None: a call costs little here."""
        return None


class Rendering:
    """The library's pictures, and coarser ones from fewer blocks (see `fused.PictureSynthesis`)."""

    def __init__(self, picture: NativePicture) -> None:
        self._picture = picture
        self.previews = max(picture.blocks - COARSEST_BLOCKS, 0)

    def render(self, ws: Tensor, coarser: int = 0) -> Tensor:
        """From ws, float32 [num_ws, w_dim], to uint8 [H, W, 4]."""
        return self._picture.render(ws, blocks=self._picture.blocks - coarser)
