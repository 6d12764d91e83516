"""Compiles every kernel of a step and a picture for a card that need not be there.

Triton's interpreter runs kernels as Python, which lets pass what the compiler refuses (a name that
changes its shape in a branch, say). Run as a program, apart from the interpreter: prints the names
of the kernels that were compiled.
"""

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.runtime.jit import JITFunction

from draglive.kernels import disc_offsets, layer_triton, square_offsets
from draglive.kernels.adam_triton import adam_triton
from draglive.kernels.layer_triton import Ordered
from draglive.kernels.picture_triton import TritonPicture
from draglive.kernels.points_triton import supervise_triton, track_points_triton
from draglive.kernels.report_points_triton import report_points_triton
from draglive.kernels.step_triton import TritonStep

from .networks import W_DIM, cast, random_network
from .test_step_triton import drag
from .triton_twins import in_few_quads

HOPPER = GPUTarget("cuda", 90, 32)
CPU = torch.device("cpu")
POINTERS = {
    torch.float32: "*fp32",
    torch.float16: "*fp16",
    torch.int32: "*i32",
    torch.int8: "*i8",
    torch.uint8: "*u8",
}
SIZES = {"map_size": [16, 16], "image_size": [32, 32]}


COMPILED = {}


def compile_only(kernel, *args, grid, warmup, **kwargs):
    """In place of `JITFunction.run`."""
    names = ("num_warps", "num_stages")
    options = {name: kwargs.pop(name) for name in names if name in kwargs}
    values = dict(zip(kernel.arg_names, args, strict=False)) | kwargs
    signature = {p.name: kind(p, values[p.name]) for p in kernel.params}
    constants = {name: values[name] for name, of in signature.items() if of == "constexpr"}
    key = kernel.__name__, str(signature), str(constants), str(options)
    if key not in COMPILED:
        source = ASTSource(kernel, signature, constants)
        COMPILED[key] = triton.compile(source, target=HOPPER, options=options)


def kind(parameter, value):
    """An argument's type, as a launch would find it."""
    if isinstance(value, torch.Tensor):
        return POINTERS[value.dtype]
    one = isinstance(value, int) and value == 1 and not parameter.do_not_specialize
    if parameter.is_constexpr or one:
        return "constexpr"
    return "i32" if isinstance(value, int) else "fp32"


def steps():
    for how in ({"masked": False}, {"masked": True}, {"masked": False, "along": True}):
        *_, twin, state, settings = drag(CPU, dtype=torch.float16, **how)
        step = TritonStep(twin, state, settings)
        step.look()
        step.step()


def large_maps():
    """What only large ones are worth, on a small one."""
    layer_triton.tile_quad_product, layer_triton.LIBRARY_ROWS = in_few_quads, 16
    _, plan, twin, state, _ = drag(CPU, masked=True, dtype=torch.float16)
    twin.fold(state.ws)
    features = twin.forward(state.ws, torch.zeros(len(twin.layers), plan.points, 2).int())
    twin.backward(features)


def pictures():
    for last in (48, 32):
        network = cast(random_network((16, 16, last), spread=0.5), CPU)
        picture = TritonPicture(network, free=2, constants=Ordered(torch.float16))
        ws = torch.zeros(6, W_DIM)
        picture.fold(ws)
        picture.render(ws)


def operations():
    features = torch.zeros(1, 32, 16, 16, dtype=torch.float16)
    handles, there = torch.zeros(2, 2), torch.ones(2, dtype=torch.bool)
    references, ws = torch.zeros(2, 32), torch.zeros(1, 6, W_DIM)
    disc, square = disc_offsets(1, CPU), square_offsets(1, CPU)
    rates = {"speed_px": 1.5, "stop_px": 0.5}
    supervise_triton(features, None, handles, handles, there, disc, **rates, **SIZES)
    points = handles, references, there, square
    track_points_triton(features, None, *points, squared=True, **SIZES)
    points = handles, handles, there, there, references, ws
    report_points_triton(features, None, *points, stop_px=1.5, **SIZES)
    count, rows = torch.zeros([]), torch.ones(6, 1)
    adam_triton(ws, ws, ws, ws, count, count, rows, count)


if __name__ == "__main__":
    JITFunction.run = compile_only
    steps()
    large_maps()
    pictures()
    operations()
    print(*sorted({name for name, *_ in COMPILED}))
