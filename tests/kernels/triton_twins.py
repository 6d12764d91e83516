"""Small random networks and plans that the Triton twins are tried on.

Without a card they run under Triton's interpreter, which has to be chosen before Triton is first
imported.
"""

import os

import torch

from draglive.kernels.network import Colours, ConvLayer, Network
from draglive.kernels.windows import plan_windows, window_origins

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")

W_DIM = 24


def random_network(
    blocks, channels, *, wide=1, clamp=float("inf"), noise=True, w_dim=W_DIM, colours=True
):
    """`channels` for each of `blocks` blocks from 4x4 up; the picture is `wide` times as wide."""
    layers, tints = [], []
    for block in range(blocks):
        height = 4 * 2**block
        for part in range(1 if block == 0 else 2):
            up = part == 0 and block > 0
            ins = channels[block - 1] if up else channels[block]
            layers.append(
                ConvLayer(
                    weight=torch.randn(channels[block], ins, 3, 3) / (3 * ins**0.5),
                    affine_weight=torch.randn(ins, w_dim) * 0.5 / w_dim**0.5,
                    affine_bias=1 + 0.1 * torch.randn(ins),
                    bias=0.2 * torch.randn(channels[block]),
                    noise=0.3 * torch.randn(height, height * wide) if noise else None,
                    up=up,
                    height=height,
                    width=height * wide,
                    clamp=clamp,
                )
            )
        if colours:
            tints.append(
                Colours(
                    weight=torch.randn(3, channels[block]) / channels[block] ** 0.5,
                    affine_weight=torch.randn(channels[block], w_dim) * 0.5 / w_dim**0.5,
                    affine_bias=1 + 0.1 * torch.randn(channels[block]),
                    bias=0.1 * torch.randn(3),
                    clamp=clamp,
                )
            )
    start = torch.randn(channels[0], 4, 4 * wide)
    return Network(start, tuple(layers), tuple(tints))


def cast(value, *, to):
    """A network, a layer or a tensor moved to a device or dtype."""
    if isinstance(value, torch.Tensor):
        return value.to(to)
    if isinstance(value, tuple):
        return tuple(cast(v, to=to) for v in value)
    if hasattr(value, "__dataclass_fields__"):
        fields = {name: cast(getattr(value, name), to=to) for name in value.__dataclass_fields__}
        return type(value)(**fields)
    return value


def planned(network, handles, *, reach_px, image_height, cover=0.5, layers=None):
    """The plan for so many handles [P, 2], and the windows' origins."""
    shapes = [(la.up, la.height, la.width) for la in network.layers[:layers]]
    plan = plan_windows(
        shapes,
        points=len(handles),
        reach_px=reach_px,
        image_height=image_height,
        cover=cover,
    )
    return plan, window_origins(plan, [la.up for la in network.layers[:layers]], handles)


def error(got, want):
    """Relative distance ‖got − want‖ / ‖want‖."""
    difference = got.detach().cpu().double() - want.detach().cpu().double()
    return (difference.norm() / want.detach().cpu().double().norm()).item()


def in_few_programs(_rows, k, n, _dtype):
    """For `tile_product` under the interpreter, three slices as one has them on a card."""
    from draglive.kernels.tiles_triton import Tiling, divisor

    return Tiling(128, divisor(n, 64), divisor(k, 64), 3, 4, 2)
