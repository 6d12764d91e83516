"""The CPU's native twins of the synthesis (csrc/): a drag step's features and dL/dw, and pictures.

bfloat16 runs on the CPU's matrix unit (AMX), float32 on its vector units; sums are float32 in both.
Knows nothing of points or losses: origins in, features out, a gradient in, dL/dw out.
"""

from __future__ import annotations

import ctypes
import weakref
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from .native import Library, NativeError, load
from .network import Colours, ConvLayer, Network
from .windows import Extent, WindowPlan

DEPTH = 32  # csrc/grid.h pads channels to a multiple of it
_FLOATS = ctypes.c_void_p


class LayerSpec(ctypes.Structure):
    """As csrc/weights.h has it."""

    _fields_ = (
        *((name, _FLOATS) for name in ("weight", "affine_weight", "affine_bias", "bias", "noise")),
        *((name, ctypes.c_int32) for name in ("in_", "out", "up", "height", "width")),
        ("clamp", ctypes.c_float),
    )


class NetworkSpec(ctypes.Structure):
    """As csrc/weights.h has it."""

    _fields_ = (
        ("layers", ctypes.POINTER(LayerSpec)),
        ("start", _FLOATS),
        *((name, ctypes.c_int32) for name in ("layer_count", "start_width", "w_dim")),
        *((name, ctypes.c_int32) for name in ("free", "back", "threads", "bfloat16")),
    )


class PartSpec(ctypes.Structure):
    """As csrc/layer.h has it."""

    _fields_ = (("reads_whole", ctypes.c_int32), ("make_size", ctypes.c_int32))


class PlanSpec(ctypes.Structure):
    """As csrc/layer.h has it."""

    _fields_ = (
        ("layers", ctypes.POINTER(PartSpec)),
        ("features", ctypes.c_void_p),
        *((name, ctypes.c_int32) for name in ("layer_count", "points", "gradients", "threads")),
    )


class ColoursSpec(ctypes.Structure):
    """As csrc/picture.h has it."""

    _fields_ = (
        *((name, _FLOATS) for name in ("weight", "affine_weight", "affine_bias", "bias")),
        ("in_", ctypes.c_int32),
        ("clamp", ctypes.c_float),
    )


def declare(library: Library) -> ctypes.CDLL:
    """The library's functions with their types."""
    functions = library.functions
    pointer = ctypes.c_void_p
    arguments: dict[str, list[Any]] = {
        "weights_new": [ctypes.POINTER(NetworkSpec)],
        "weights_free": [pointer],
        "weights_fold": [pointer, pointer],
        "synthesis_new": [pointer, ctypes.POINTER(PlanSpec)],
        "synthesis_free": [pointer],
        "synthesis_forward": [pointer, pointer, pointer],
        "synthesis_backward": [pointer, pointer, ctypes.c_int32, pointer],
        "synthesis_seconds": [pointer, pointer],
        "picture_new": [pointer, ctypes.POINTER(PlanSpec), ctypes.POINTER(ColoursSpec)],
        "picture_free": [pointer],
        "picture_render": [pointer, pointer, pointer, ctypes.c_int32],
        "picture_seconds": [pointer, pointer],
    }
    for name, types in arguments.items():
        function = getattr(functions, f"draglive_{name}")
        function.argtypes = types
        function.restype = pointer if name.endswith("_new") else None
    return functions


def float_network(network: Network) -> Network:
    """The network with every constant float32 and contiguous, as C++ reads it."""

    def plain(value: Tensor) -> Tensor:
        return value.float().contiguous()

    def plain_layer(layer: ConvLayer) -> ConvLayer:
        return replace(
            layer,
            weight=plain(layer.weight),
            affine_weight=plain(layer.affine_weight),
            affine_bias=plain(layer.affine_bias),
            bias=plain(layer.bias),
            noise=None if layer.noise is None else plain(layer.noise),
        )

    def plain_colours(colours: Colours) -> Colours:
        return replace(
            colours,
            weight=plain(colours.weight),
            affine_weight=plain(colours.affine_weight),
            affine_bias=plain(colours.affine_bias),
            bias=plain(colours.bias),
        )

    return Network(
        plain(network.start),
        tuple(plain_layer(layer) for layer in network.layers),
        tuple(plain_colours(colours) for colours in network.colours),
    )


def check_dtype(library: Library, dtype: torch.dtype) -> None:
    """Raise NativeError where there is no kernel for a dtype."""
    if dtype not in (torch.float32, torch.bfloat16):
        raise NativeError(f"the native kernels compute in float32 or bfloat16, not {dtype}")
    if dtype == torch.bfloat16 and library.level != "amx":
        raise NativeError("bfloat16 needs a CPU with AMX")


def describe_network(network: Network, *, free: int, back: int, dtype: torch.dtype) -> NetworkSpec:
    """What C++ needs to know; valid as long as `network` (`float_network`) lives."""
    layers = (LayerSpec * len(network.layers))()
    for spec, layer in zip(layers, network.layers, strict=True):
        for name in ("weight", "affine_weight", "affine_bias", "bias", "noise"):
            constant = getattr(layer, name)
            setattr(spec, name, None if constant is None else constant.data_ptr())
        spec.out, spec.in_ = layer.weight.shape[:2]
        spec.up, spec.height, spec.width = layer.up, layer.height, layer.width
        spec.clamp = layer.clamp
    return NetworkSpec(
        layers=layers,
        start=network.start.data_ptr(),
        layer_count=len(layers),
        start_width=network.start.shape[2],
        w_dim=network.layers[0].affine_weight.shape[1],
        free=free,
        back=back,
        threads=torch.get_num_threads(),
        bfloat16=dtype == torch.bfloat16,
    )


def describe_plan(plan: WindowPlan, *, gradients: bool) -> PlanSpec:
    """What C++ needs to know of what is computed."""
    parts = (PartSpec * len(plan.makes))()
    for part, reads, makes in zip(parts, plan.reads, plan.makes, strict=True):
        part.reads_whole, part.make_size = reads.size is None, makes.size or 0
    return PlanSpec(
        layers=parts,
        layer_count=len(parts),
        points=plan.points,
        gradients=gradients,
        threads=torch.get_num_threads(),
    )


class NativeWeights:
    """A network's weights as the kernels read them, for all that run it (tens of ms to make).

    Args:
        network: constants; float32 copies are kept if they are not.
        free: layers below this index get gradients to their w; the others' styles are fixed by
            `fold`.
        dtype: bfloat16 or float32, of the weights and of what lies between layers.
        back: layers that a step goes back through; None: all.

    Raises:
        NativeError: no compiler, or a dtype that this CPU has no kernel for.
    """

    def __init__(
        self, network: Network, *, free: int, dtype: torch.dtype, back: int | None = None
    ) -> None:
        library = load()
        check_dtype(library, dtype)
        count = len(network.layers)
        self.free, self.dtype = min(free, count), dtype
        self.back = count if back is None else min(back, count)
        self.network = float_network(network)
        self.functions = declare(library)
        spec = describe_network(self.network, free=self.free, back=self.back, dtype=dtype)
        self.handle = self.functions.draglive_weights_new(ctypes.byref(spec))
        if not self.handle:
            raise NativeError("no memory for the native weights")
        weakref.finalize(self, self.functions.draglive_weights_free, self.handle)
        self._folded: Tensor | None = None

    def fold(self, ws: Tensor) -> None:
        """Style and demodulation of the fixed layers into their weights, unless they are there.

        Args:
            ws: float32 [num_ws, w_dim].
        """
        fixed = ws[self.free : len(self.network.layers)]
        if self._folded is not None and torch.equal(fixed, self._folded):
            return
        self._folded = fixed.clone()
        ws = ws.contiguous()
        self.functions.draglive_weights_fold(self.handle, ws.data_ptr())


class NativeSynthesis:
    """Features and dL/dw of a planned part of the network; every buffer is made here, once.

    Args:
        weights: of the network; what is folded into them holds for all that share them.
        plan: which part of each map is computed.

    Raises:
        NativeError: a plan that these weights or kernels do not cover.
    """

    def __init__(self, weights: NativeWeights, plan: WindowPlan) -> None:
        if plan.makes[0].size is not None:
            raise NativeError("the first layer must make its whole map")
        count = len(plan.makes)
        if count > weights.back:
            raise NativeError(f"the weights go back through {weights.back} layers, not {count}")
        self.weights, self.plan, self.dtype = weights, plan, weights.dtype
        self.free = min(weights.free, count)
        spec = describe_plan(plan, gradients=True)
        makes, layer = plan.makes[-1], weights.network.layers[count - 1]
        self.channels = layer.weight.shape[0]
        deep = -(-self.channels // DEPTH) * DEPTH
        shape = (plan.batch(makes), makes.height, makes.width, deep)
        self._features = torch.empty(
            shape, dtype=self.dtype
        )  # filled there, without torch's threads
        self._padded = torch.zeros(shape, dtype=self.dtype) if deep != self.channels else None
        w_dim = layer.affine_weight.shape[1]
        self._w_gradient = torch.full((self.free, w_dim), torch.nan)
        spec.features = self._features.data_ptr()
        self._functions = weights.functions
        self._handle = self._functions.draglive_synthesis_new(weights.handle, ctypes.byref(spec))
        if not self._handle:
            raise NativeError("no memory for the native synthesis")
        weakref.finalize(self, self._functions.draglive_synthesis_free, self._handle)

    def fold(self, ws: Tensor) -> None:
        """Fold the weights, for all that share them; once a picture is enough.

        Args:
            ws: float32 [num_ws, w_dim].
        """
        self.weights.fold(ws)

    def forward(self, ws: Tensor, origins: Tensor) -> Tensor:
        """The features.

        Args:
            ws: float32 [num_ws, w_dim], of which the free layers' are read.
            origins: int32 [layers, P, 2], (x, y).

        Returns:
            [B, C, h, w], channels-last, in an own buffer that the next forward overwrites.
        """
        self._ws, self._origins = ws.contiguous(), origins.contiguous()  # backward reads them too
        self._functions.draglive_synthesis_forward(
            self._handle, self._ws.data_ptr(), self._origins.data_ptr()
        )
        return self._features.permute(0, 3, 1, 2)[:, : self.channels]

    def backward(self, gradient: Tensor) -> Tensor:
        """The last forward's dL/dw.

        Args:
            gradient: dL/dF [B, C, h, w], channels-last, float32 or the features' dtype.

        Returns:
            float32 [free, w_dim], in an own buffer.
        """
        rows = gradient.permute(0, 2, 3, 1)
        if self._padded is not None:
            self._padded[..., : self.channels] = rows
            rows = self._padded
        rows = rows.to(rows.dtype if rows.dtype == self.dtype else torch.float32).contiguous()
        self._functions.draglive_synthesis_backward(
            self._handle,
            rows.data_ptr(),
            rows.dtype == torch.float32,
            self._w_gradient.data_ptr(),
        )
        return self._w_gradient

    def stage_seconds(self) -> list[float]:
        """How long the stages of the last forward and backward took.

        Modulation, each layer; the gradient to the last layer, each layer, the gradient to w.
        """
        seconds = (ctypes.c_double * (2 * len(self.plan.makes) + 3))()
        self._functions.draglive_synthesis_seconds(self._handle, seconds)
        return list(seconds)


class NativePicture:
    """The whole generator, w+ to pixels; every buffer is made here, once.

    Args:
        weights: of a network with colours for every block. Fixed layers must be folded first.

    Raises:
        NativeError: no memory.
    """

    def __init__(self, weights: NativeWeights) -> None:
        network = weights.network
        whole = tuple(Extent(layer.height, layer.width, None) for layer in network.layers)
        plan = WindowPlan(whole, whole, points=1, reach_px=0.0, scale_px=1.0)
        spec = describe_plan(plan, gradients=False)
        colours = (ColoursSpec * len(network.colours))()
        for into, block in zip(colours, network.colours, strict=True):
            for name in ("weight", "affine_weight", "affine_bias", "bias"):
                setattr(into, name, getattr(block, name).data_ptr())
            into.in_, into.clamp = block.weight.shape[1], block.clamp
        self.blocks = len(network.colours)
        self.height, self.width = network.layers[-1].height, network.layers[-1].width
        self.weights, self._functions = weights, weights.functions
        self._handle = self._functions.draglive_picture_new(
            weights.handle, ctypes.byref(spec), colours
        )
        if not self._handle:
            raise NativeError("no memory for the native picture")
        weakref.finalize(self, self._functions.draglive_picture_free, self._handle)

    def render(self, ws: Tensor, out: Tensor | None = None, *, blocks: int | None = None) -> Tensor:
        """The picture of w+.

        Args:
            ws: float32 [num_ws, w_dim]; the fixed layers' are those that were folded.
            out: uint8 [H, W, 4], contiguous, to write into; None makes one.
            blocks: how many blocks to run; after fewer than all, that smaller picture is enlarged
                bilinearly: a preview.

        Returns:
            RGBA, uint8 [H, W, 4], as `to_rgba` makes it.
        """
        out = torch.empty(self.height, self.width, 4, dtype=torch.uint8) if out is None else out
        ws = ws.contiguous()
        count = self.blocks if blocks is None else min(max(blocks, 1), self.blocks)
        self._functions.draglive_picture_render(self._handle, ws.data_ptr(), out.data_ptr(), count)
        return out

    def stage_seconds(self) -> list[float]:
        """How long the stages of the last picture took: modulation, each layer."""
        count = 2 * self.blocks - 1
        seconds = (ctypes.c_double * (2 * count + 3))()
        self._functions.draglive_picture_seconds(self._handle, seconds)
        return list(seconds)[: count + 1]
