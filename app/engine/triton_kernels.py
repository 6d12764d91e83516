"""A CUDA card's fused kernels. Imported only where there is Triton."""

from __future__ import annotations

from torch import Tensor

from draglive.kernels.layer_triton import Ordered
from draglive.kernels.network import Network
from draglive.kernels.picture_triton import TritonPicture
from draglive.kernels.step import StepSettings, StepState
from draglive.kernels.step_triton import TritonStep
from draglive.kernels.synthesis_triton import TritonSynthesis
from draglive.kernels.windows import WindowPlan

from .device import Device
from .fused import FeatureSynthesis, PictureSynthesis
from .graph import GraphedPicture
from .runners import Seen, WholeStep


class TritonKernels:
    """Triton's kernels, the step and the picture each in a CUDA graph (see `fused.Kernels`)."""

    name = "Triton kernels"
    build = ""  # compiled by Triton when they are first called

    def __init__(self, device: Device) -> None:
        self._constants = Ordered(device.dtype)

    def features(self, network: Network, plan: WindowPlan, free: int) -> FeatureSynthesis:
        """Make a synthesis for a plan."""
        return TritonSynthesis(network, plan, free=free, constants=self._constants)

    def picture(self, network: Network, free: int) -> PictureSynthesis:
        """Make what renders; vectors from `free` on change only with `fold`."""
        picture = TritonPicture(network, free=free, constants=self._constants)
        return GraphedPicture(picture.fold, picture.render)

    def whole_step(
        self, synthesis: FeatureSynthesis, state: StepState, settings: StepSettings
    ) -> WholeStep:
        """Make a step as one."""
        assert isinstance(synthesis, TritonSynthesis)
        return CardStep(synthesis, state, settings)


class CardStep:
    """A whole step on the card (see `runners.WholeStep`)."""

    def __init__(
        self, synthesis: TritonSynthesis, state: StepState, settings: StepSettings
    ) -> None:
        self._synthesis, self._ws = synthesis, state.ws[None]
        self._image_size = settings.image_size
        self._step = TritonStep(synthesis, state, settings)

    def look(self) -> None:
        """See `runners.WholeStep`."""
        self._step.look()

    def step(self) -> None:
        """See `runners.WholeStep`."""
        self._step.step()

    def seen(self) -> Seen:
        """See `runners.WholeStep`."""
        plan = self._synthesis.plan
        top = plan.makes[-1]
        features: Tensor = self._synthesis.features
        map_size = [top.map_height, top.map_width]
        origins = self._step.origins
        return Seen(self._ws, features, origins, map_size, self._image_size, plan.reach_px)
