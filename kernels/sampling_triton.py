"""Bilinear sampling inside Triton kernels: the geometry of `sampling`, for maps and windows."""
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import"
# ruff: noqa: ANN001, ANN201, N803

import torch
import triton
import triton.language as tl
from torch import Tensor

DEPTH = 16  # channels come in tiles of so many, or of a multiple
DTYPES = (torch.float32, torch.float16, torch.bfloat16)


def covers(features: Tensor) -> bool:
    """Whether kernels on points take these features."""
    return features.dtype in DTYPES and features.shape[1] % DEPTH == 0


@triton.jit
def on_map(position, ratio, size):
    """Where positions in image pixels lie between a map's samples, `ratio` samples a pixel."""
    return tl.minimum(tl.maximum((position + 0.5) * ratio - 0.5, 0.0), size - 1.0)


@triton.jit
def sample_bilinear(
    features, u, v, c, held, point, x0, y0, map_height, map_width, height, width, C: tl.constexpr
):
    """Values float32 [positions, channels] at (u, v) on the map.

    Held are windows (or one whole map) of height x width samples that begin at (x0, y0); samples
    outside of them are taken from their edge.
    """
    left = tl.floor(u)
    top = tl.floor(v)
    across = (u - left)[:, None]
    down = (v - top)[:, None]
    near_x = left.to(tl.int32)
    near_y = top.to(tl.int32)
    far_x = tl.minimum(near_x + 1, map_width - 1) - x0
    far_y = tl.minimum(near_y + 1, map_height - 1) - y0
    near_x = tl.minimum(tl.maximum(near_x - x0, 0), width - 1)
    near_y = tl.minimum(tl.maximum(near_y - y0, 0), height - 1)
    far_x = tl.minimum(tl.maximum(far_x, 0), width - 1)
    far_y = tl.minimum(tl.maximum(far_y, 0), height - 1)
    near = features + (point * height + near_y)[:, None] * width * C + c[None, :]
    far = features + (point * height + far_y)[:, None] * width * C + c[None, :]
    near_x = near_x[:, None] * C
    far_x = far_x[:, None] * C
    held = held[:, None]
    value = tl.load(near + near_x, mask=held, other=0.0).to(tl.float32) * (1 - down) * (1 - across)
    value += tl.load(near + far_x, mask=held, other=0.0).to(tl.float32) * (1 - down) * across
    value += tl.load(far + near_x, mask=held, other=0.0).to(tl.float32) * down * (1 - across)
    value += tl.load(far + far_x, mask=held, other=0.0).to(tl.float32) * down * across
    return value


@triton.jit
def distance_left(handles, targets, point):
    """(x, y) that remain from a handle to its target, in image pixels, and their length."""
    x = tl.load(targets + 2 * point) - tl.load(handles + 2 * point)
    y = tl.load(targets + 2 * point + 1) - tl.load(handles + 2 * point + 1)
    return x, y, tl.sqrt(x * x + y * y)


@triton.jit
def pulls(handles, targets, active, stop_px, point):
    """Whether a point is active and farther than `stop_px` from its target."""
    _, _, far = distance_left(handles, targets, point)
    return (far > stop_px) & (tl.load(active + point) != 0)
