"""The CPU's native twins of the synthesis (csrc/): a drag step's features and dL/dw, and pictures.

bfloat16 runs on the CPU's matrix unit (AMX), float32 on its vector units; sums are float32 in both.
Knows nothing of points or losses: origins in, features out, a gradient in, dL/dw out.
"""

from __future__ import annotations

import ctypes
import weakref
from dataclasses import replace

import torch
from torch import Tensor

from .native import Library, NativeError, load
from .network import Colours, ConvLayer, Network
from .windows import Extent, WindowPlan

DEPTH = 32  # csrc/grid.h pads channels to a multiple of it
_FLOATS = ctypes.c_void_p


class LayerSpec(ctypes.Structure):
    """As csrc/layer.h has it."""

    _fields_ = (
        *((name, _FLOATS) for name in ("weight", "affine_weight", "affine_bias", "bias", "noise")),
        *((name, ctypes.c_int32) for name in ("in_", "out", "up", "height", "width")),
        ("reads_whole", ctypes.c_int32),
        ("make_size", ctypes.c_int32),
        ("clamp", ctypes.c_float),
    )


class NetworkSpec(ctypes.Structure):
    """As csrc/layer.h has it."""

    _fields_ = (
        ("layers", ctypes.POINTER(LayerSpec)),
        ("start", _FLOATS),
        ("features", ctypes.c_void_p),
        *((name, ctypes.c_int32) for name in ("layer_count", "start_width", "w_dim", "points")),
        *((name, ctypes.c_int32) for name in ("free", "gradients", "threads", "bfloat16")),
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
    functions.draglive_synthesis_new.restype = pointer
    functions.draglive_synthesis_new.argtypes = [ctypes.POINTER(NetworkSpec)]
    functions.draglive_synthesis_free.argtypes = [pointer]
    functions.draglive_synthesis_fold.argtypes = [pointer, pointer]
    functions.draglive_synthesis_forward.argtypes = [pointer, pointer, pointer]
    functions.draglive_synthesis_backward.argtypes = [pointer, pointer, ctypes.c_int32, pointer]
    functions.draglive_synthesis_seconds.argtypes = [pointer, pointer]
    functions.draglive_picture_new.restype = pointer
    functions.draglive_picture_new.argtypes = [
        ctypes.POINTER(NetworkSpec),
        ctypes.POINTER(ColoursSpec),
    ]
    functions.draglive_picture_free.argtypes = [pointer]
    functions.draglive_picture_render.argtypes = [pointer, pointer, pointer, ctypes.c_int32]
    functions.draglive_picture_seconds.argtypes = [pointer, pointer]
    for name in ("free", "fold", "forward", "backward", "seconds"):
        getattr(functions, f"draglive_synthesis_{name}").restype = None
    for name in ("free", "render", "seconds"):
        getattr(functions, f"draglive_picture_{name}").restype = None
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


def describe(
    network: Network, plan: WindowPlan, *, free: int, gradients: bool, dtype: torch.dtype
) -> NetworkSpec:
    """What C++ needs to know; valid as long as `network` (`float_network`) lives."""
    count = len(plan.makes)
    layers = (LayerSpec * count)()
    for spec, layer, reads, makes in zip(
        layers, network.layers, plan.reads, plan.makes, strict=False
    ):
        for name in ("weight", "affine_weight", "affine_bias", "bias", "noise"):
            constant = getattr(layer, name)
            setattr(spec, name, None if constant is None else constant.data_ptr())
        spec.out, spec.in_ = layer.weight.shape[:2]
        spec.up, spec.height, spec.width = layer.up, layer.height, layer.width
        spec.reads_whole, spec.make_size = reads.size is None, makes.size or 0
        spec.clamp = layer.clamp
    return NetworkSpec(
        layers=layers,
        start=network.start.data_ptr(),
        layer_count=count,
        start_width=network.start.shape[2],
        w_dim=network.layers[0].affine_weight.shape[1],
        points=plan.points,
        free=free,
        gradients=gradients,
        threads=torch.get_num_threads(),
        bfloat16=dtype == torch.bfloat16,
    )


class NativeSynthesis:
    """Features and dL/dw of a planned part of the network; every buffer is made here, once.

    Args:
        network: constants; float32 copies are kept if they are not.
        plan: which part of each map is computed.
        free: layers below this index get gradients to their w; the others' styles are fixed by
            `fold`.
        dtype: bfloat16 or float32, of the features and of what lies between layers.

    Raises:
        NativeError: no compiler, or a dtype that this CPU has no kernel for.
    """

    def __init__(
        self, network: Network, plan: WindowPlan, *, free: int, dtype: torch.dtype
    ) -> None:
        library = load()
        check_dtype(library, dtype)
        if plan.makes[0].size is not None:
            raise NativeError("the first layer must make its whole map")
        self.plan, self.dtype = plan, dtype
        self.free = min(free, len(plan.makes))
        self._functions = declare(library)
        self._network = float_network(network)
        spec = describe(self._network, plan, free=self.free, gradients=True, dtype=dtype)
        makes, layer = plan.makes[-1], network.layers[len(plan.makes) - 1]
        self.channels = layer.weight.shape[0]
        deep = -(-self.channels // DEPTH) * DEPTH
        shape = (plan.batch(makes), makes.height, makes.width, deep)
        self._features = torch.full(shape, torch.nan, dtype=dtype)
        self._gradient = torch.zeros(shape, dtype=dtype)  # only read where channels are padded
        self._w_gradient = torch.full((self.free, spec.w_dim), torch.nan)
        spec.features = self._features.data_ptr()
        self._handle = self._functions.draglive_synthesis_new(ctypes.byref(spec))
        if not self._handle:
            raise NativeError("no memory for the native synthesis")
        weakref.finalize(self, self._functions.draglive_synthesis_free, self._handle)

    def fold(self, ws: Tensor) -> None:
        """Style and demodulation of the fixed layers into their weights.

        Args:
            ws: float32 [num_ws, w_dim].
        """
        ws = ws.contiguous()
        self._functions.draglive_synthesis_fold(self._handle, ws.data_ptr())

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
        if self.channels % DEPTH != 0:
            self._gradient[..., : self.channels] = rows
            rows = self._gradient
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
        network: constants with colours for every block; float32 copies are kept if they are not.
        dtype: bfloat16 or float32, of what lies between layers.

    Raises:
        NativeError: no compiler, or a dtype that this CPU has no kernel for.
    """

    def __init__(self, network: Network, *, dtype: torch.dtype) -> None:
        library = load()
        check_dtype(library, dtype)
        self._functions = declare(library)
        self._network = float_network(network)
        whole = tuple(Extent(layer.height, layer.width, None) for layer in network.layers)
        plan = WindowPlan(whole, whole, points=1, reach_px=0.0, scale_px=1.0)
        count = len(network.layers)
        spec = describe(self._network, plan, free=count, gradients=False, dtype=dtype)
        colours = (ColoursSpec * len(network.colours))()
        for into, block in zip(colours, self._network.colours, strict=True):
            for name in ("weight", "affine_weight", "affine_bias", "bias"):
                setattr(into, name, getattr(block, name).data_ptr())
            into.in_, into.clamp = block.weight.shape[1], block.clamp
        self.blocks = len(network.colours)
        self.height, self.width = network.layers[-1].height, network.layers[-1].width
        self._handle = self._functions.draglive_picture_new(ctypes.byref(spec), colours)
        if not self._handle:
            raise NativeError("no memory for the native picture")
        weakref.finalize(self, self._functions.draglive_picture_free, self._handle)

    def render(self, ws: Tensor, out: Tensor | None = None, *, blocks: int | None = None) -> Tensor:
        """The picture of w+.

        Args:
            ws: float32 [num_ws, w_dim].
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
