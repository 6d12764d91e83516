"""Small random networks and plans that the twins of the synthesis are tried on."""

import torch

from draglive.kernels.network import Colours, ConvLayer, Network
from draglive.kernels.windows import plan_windows, window_origins

W_DIM = 20


def random_network(channels, *, wide=1, clamp=float("inf"), noise=True, spread=1.0):
    """`channels` of each block from 4x4 up; the picture is `wide` times as wide as high.

    `spread` is the styles' deviation for w of unit deviation.
    """
    layers, tints = [], []
    for block, out in enumerate(channels):
        height = 4 * 2**block
        for up in [False] if block == 0 else [True, False]:
            ins = channels[block - 1] if up else out
            layers.append(
                ConvLayer(
                    weight=torch.randn(out, ins, 3, 3) / (3 * ins**0.5),
                    affine_weight=spread * torch.randn(ins, W_DIM) / W_DIM**0.5,
                    affine_bias=1 + 0.1 * torch.randn(ins),
                    bias=0.2 * torch.randn(out),
                    noise=0.3 * torch.randn(height, height * wide) if noise else None,
                    up=up,
                    height=height,
                    width=height * wide,
                    clamp=clamp,
                )
            )
        tints.append(
            Colours(
                weight=0.5 * torch.randn(3, out) / out**0.5,
                affine_weight=spread * torch.randn(out, W_DIM) / W_DIM**0.5,
                affine_bias=1 + 0.1 * torch.randn(out),
                bias=0.1 * torch.randn(3),
                clamp=clamp,
            )
        )
    return Network(torch.randn(channels[0], 4, 4 * wide), tuple(layers), tuple(tints))


def cast(value, to):
    """A network, or a part of it, in another dtype or on a device."""
    if isinstance(value, torch.Tensor):
        return value.to(to)
    if isinstance(value, tuple):
        return tuple(cast(part, to) for part in value)
    if hasattr(value, "__dataclass_fields__"):
        fields = {name: cast(getattr(value, name), to) for name in value.__dataclass_fields__}
        return type(value)(**fields)
    return value


def planned(network, handles, reach_px, *, cover=0.5, image_height=None):
    """The plan around handles, and the windows' origins; of a picture as high as the last map."""
    layers = network.layers
    plan = plan_windows(
        [(layer.up, layer.height, layer.width) for layer in layers],
        points=len(handles),
        reach_px=reach_px,
        image_height=image_height or layers[-1].height,
        cover=cover,
    )
    handles = torch.as_tensor(handles)
    return plan, window_origins(plan, [layer.up for layer in layers], handles)


def error(got, want):
    """Relative distance ‖got − want‖ / ‖want‖."""
    got, want = (tensor.detach().cpu().double() for tensor in (got, want))
    return ((got - want).norm() / want.norm()).item()
