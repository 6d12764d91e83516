"""The fused back-end: synthesis in windows with hand-written gradients, by the device's kernels.

A `FusedRunner` plans which windows a step needs, keeps one synthesis for each plan, and lets the
layers whose w+ stays fixed while dragging be folded once per picture. Which kernels run is the
device's affair: a C++ library built at run time on a CPU, Triton on a CUDA card.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from draglive.kernels.network import Colours, ConvLayer, Network
from draglive.kernels.step import StepSettings, StepState
from draglive.kernels.windows import WindowPlan, plan_windows, window_origins
from draglive.stylegan2_jit.compile import BackendError, Cut
from draglive.stylegan2_jit.layers import FullyConnected, SynthesisLayer, ToRGB
from draglive.stylegan2_jit.networks import FirstBlock, Synthesis, SynthesisBlock

from .runners import RunnerName, Seen, WholeStep

COVER = 0.5  # windows that together have more of a map than this are no less work than all of it
MOST_PLANS = 4  # buffers are kept for so many


class FeatureSynthesis(Protocol):
    """The generator up to the feature block for one plan (`kernels.synthesis` is its truth)."""

    def fold(self, ws: Tensor) -> None:
        """Take the vectors of the layers without gradient from ws, float32 [num_ws, w_dim]."""

    def forward(self, ws: Tensor, origins: Tensor) -> Tensor:
        """Features [B, C, h, w], valid until the next call."""

    def backward(self, gradient: Tensor) -> Tensor:
        """From dL/dF of the last forward to dL/dw of the free vectors, float32 [free, w_dim]."""


class PictureSynthesis(Protocol):
    """The whole generator, w+ to pixels."""

    previews: int  # how many coarser pictures it can make

    def fold(self, ws: Tensor) -> None:
        """Take the vectors of the layers without gradient from ws, float32 [num_ws, w_dim]."""

    def render(self, ws: Tensor, coarser: int = 0) -> Tensor:
        """From ws, float32 [num_ws, w_dim], to uint8 [H, W, 4]."""

    def take_trouble(self) -> str | None:
        """Why pictures are slower than they might be: once, then None."""


class Kernels(Protocol):
    """A device's fused kernels."""

    @property
    def name(self) -> str:
        """What they are, for a person."""

    @property
    def build(self) -> str:
        """Names this very code on this very processor; empty where nothing does."""

    def features(self, network: Network, plan: WindowPlan, free: int) -> FeatureSynthesis:
        """Make a synthesis for a plan."""

    def picture(self, network: Network, free: int) -> PictureSynthesis:
        """Make what renders; vectors from `free` on change only with `fold`."""

    def whole_step(
        self, synthesis: FeatureSynthesis, state: StepState, settings: StepSettings
    ) -> WholeStep | None:
        """Make a step as one, where that pays."""


@dataclass(slots=True)
class Prepared:
    """A synthesis, and whether it knows the present picture."""

    plan: WindowPlan
    synthesis: FeatureSynthesis
    folded: bool = False


class FusedRunner:
    """The generator by fused kernels (see `runners.Runner`).

    Args:
        network: the generator's constants.
        cut: where the feature block is, and what gets a gradient.
        image_size: (H, W) of the picture.
        kernels: the device's.
    """

    name: RunnerName = "fused"
    pictures_from_w = True

    def __init__(self, network: Network, cut: Cut, image_size: list[int], kernels: Kernels) -> None:
        self.blocks = cut.blocks
        self._image_size = image_size
        self._free = min(cut.free, network.layer_count(cut.blocks))
        layers = network.layers[: network.layer_count(cut.blocks)]
        self._shapes = [(layer.up, layer.height, layer.width) for layer in layers]
        self.network, self._kernels = network, kernels
        self._picture = kernels.picture(network, self._free)
        self._folded = False  # whether that knows the present picture
        self.previews = self._picture.previews
        self._prepared: dict[tuple[int, float, bool], Prepared] = {}
        self._last: Prepared | None = None
        self._whole: Prepared | None = None  # of `features`, apart from the drag's own

    @property
    def last_plan(self) -> WindowPlan:
        """What was computed last."""
        assert self._last is not None
        return self._last.plan

    def forget_plans(self) -> None:
        """Let the buffers of every plan go; those that are needed are made again."""
        self._prepared.clear()
        self._last = None

    def start(self) -> None:
        """Fold anew, each synthesis when it is needed next."""
        self._folded = False
        for prepared in self._prepared.values():
            prepared.folded = False

    @torch.no_grad()
    def see(self, ws: Tensor, handles: Tensor, reach_px: float, *, whole: bool) -> Seen:
        """Windows around the handles, or the whole map where that is wanted or no more work."""
        prepared = self._prepare(handles.shape[0], reach_px, whole)
        self._last, plan = prepared, prepared.plan
        if not prepared.folded:
            prepared.synthesis.fold(ws[0])
            prepared.folded = True
        origins = window_origins(plan, [up for up, _, _ in self._shapes], handles)
        features = prepared.synthesis.forward(ws[0], origins)
        height, width = self._shapes[-1][1:]
        held = origins[-1] if plan.windowed else None
        return Seen(ws, features, held, [height, width], self._image_size, reach_px)

    @torch.no_grad()
    def gradient(self, seen: Seen, pull: Tensor) -> Tensor:
        """See `runners.Runner`."""
        assert self._last is not None
        gradient = torch.zeros_like(seen.ws)
        gradient[0, : self._free] = self._last.synthesis.backward(pull)
        return gradient

    def whole_step(self, state: StepState, settings: StepSettings) -> WholeStep | None:
        """See `runners.Runner`."""
        assert self._last is not None
        return self._kernels.whole_step(self._last.synthesis, state, settings)

    @torch.no_grad()
    def picture(self, seen: Seen, coarser: int = 0) -> Tensor:
        """See `runners.Runner`."""
        if not self._folded:
            self._picture.fold(seen.ws[0])
            self._folded = True
        return self._picture.render(seen.ws[0], coarser)

    @torch.no_grad()
    def draw(self, ws: Tensor, coarser: int = 0) -> Tensor:
        """See `runners.Runner`."""
        if not self._prepared and self._whole is None:
            self.features(ws)  # a picture may share what was made for features
        self._picture.fold(ws[0])
        rgba = self._picture.render(ws[0], coarser)
        self.start()  # that was another picture
        return rgba

    @torch.no_grad()
    def features(self, ws: Tensor) -> Tensor:
        """See `runners.Runner`."""
        if self._whole is None:
            self._whole = self._make(points=1, reach_px=1.0, whole=True)
        plan, synthesis = self._whole.plan, self._whole.synthesis
        synthesis.fold(ws[0])
        ups = [up for up, _, _ in self._shapes]
        origins = window_origins(plan, ups, ws.new_zeros(1, 2))
        features = synthesis.forward(ws[0], origins).clone()
        self.start()
        return features

    def take_trouble(self) -> str | None:
        """See `runners.Runner`."""
        return self._picture.take_trouble()

    def _prepare(self, points: int, reach_px: float, whole: bool) -> Prepared:
        key = points, reach_px, whole
        prepared = self._prepared.pop(key, None)
        if prepared is None:
            if len(self._prepared) == MOST_PLANS:
                del self._prepared[next(iter(self._prepared))]  # the one unused for longest
            prepared = self._make(points, reach_px, whole=whole)
        self._prepared[key] = prepared
        return prepared

    def _make(self, points: int, reach_px: float, *, whole: bool) -> Prepared:
        plan = plan_windows(
            self._shapes,
            points=points,
            reach_px=reach_px,
            image_height=self._image_size[0],
            cover=0.0 if whole else COVER,
        )
        return Prepared(plan, self._kernels.features(self.network, plan, self._free))


def network_of(synthesis: Synthesis) -> Network:
    """The constants of a synthesis network, float32, on its device.

    Raises:
        BackendError: it is not of the 'skip' architecture.
    """
    first, *blocks = synthesis.children()
    assert isinstance(first, FirstBlock)
    if any(isinstance(block, SynthesisBlock) and block.residual for block in blocks):
        raise BackendError("back-end fused: it runs 'skip' networks only, not 'resnet' ones")
    layers, coloured = [_layer(first.conv1)], [first.torgb]
    for block in blocks:
        assert isinstance(block, SynthesisBlock)
        layers += [_layer(block.conv0), _layer(block.conv1)]
        coloured.append(block.torgb)
    return Network(
        start=first.const.detach().float(),
        layers=tuple(layers),
        colours=tuple(map(_colours, coloured)),
    )


def _layer(layer: SynthesisLayer) -> ConvLayer:
    height, width = layer.noise_const.shape
    strength = layer.noise_strength.detach()
    return ConvLayer(
        weight=layer.weight.detach().float() * layer.gain,
        affine_weight=_dense(layer.affine)[0],
        affine_bias=_dense(layer.affine)[1],
        bias=layer.bias.detach().float(),
        noise=layer.noise_const * strength if layer.noisy else None,
        up=layer.up,
        height=height,
        width=width,
        clamp=layer.clamp,
    )


def _colours(layer: ToRGB) -> Colours:
    weight, bias = _dense(layer.affine)
    return Colours(
        weight=layer.weight.detach().float()[:, :, 0, 0] * layer.gain,
        affine_weight=weight,
        affine_bias=bias,
        bias=layer.bias.detach().float(),
        clamp=layer.clamp,
    )


def _dense(layer: FullyConnected) -> tuple[Tensor, Tensor]:
    return layer.weight.detach() * layer.weight_gain, layer.bias.detach() * layer.bias_gain
