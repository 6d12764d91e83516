"""What follows a convolution: scaled, biased, activated, scaled again, and perhaps rearranged.

Maps are [N, H, W, C] here, channels last in memory. Both directions of doubling are rows that
change places: the four neighbours that a convolution made as 4·C channels are spread (`up`), or
gathered into 4·C channels for the next one (`down`). On a card one kernel does it all; plain torch
is the reference, and what penalties of second order go through.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Move = Literal["stay", "up", "down"]
SLOPE = 0.2


def epilogue(
    x: Tensor,
    *,
    scale: Tensor | None = None,
    bias: Tensor | None = None,
    after: Tensor | None = None,
    active: bool = True,
    move: Move = "stay",
) -> Tensor:
    """activation(x · scale + bias) · after, rearranged.

    Args:
        x: [N, H, W, C]; to go `up` [N, H, W, 4·C], channels (2·row + column)·C + c.
        scale: float32 [N, C].
        bias: float32 [C].
        after: float32 [N, C].
        active: leaky ReLU without a gain (callers fold it into weights), or none.
        move: 'down' gathers 2x2 neighbours: [N, H/2, W/2, 4·C].
    """
    if x.is_cuda and x.dtype != torch.float32:  # float32: a penalty of second order
        made: Tensor = _on_card()(x, scale, bias, after, active, move)
        return made
    return plain(x, scale, bias, after, active, move)


def plain(
    x: Tensor,
    scale: Tensor | None,
    bias: Tensor | None,
    after: Tensor | None,
    active: bool,
    move: Move,
) -> Tensor:
    """As `epilogue`, by torch: differentiable any number of times."""
    if move == "up":
        n, height, width, _ = x.shape
        x = x.reshape(n, height, width, 2, 2, -1).permute(0, 1, 3, 2, 4, 5)
        x = x.reshape(n, 2 * height, 2 * width, -1)
    if scale is not None:
        x = x * scale.to(x.dtype)[:, None, None]
    if bias is not None:
        x = x + bias.to(x.dtype)
    if active:
        x = F.leaky_relu(x, SLOPE)
    if after is not None:
        x = x * after.to(x.dtype)[:, None, None]
    if move == "down":
        n, height, width, channels = x.shape
        x = x.reshape(n, height // 2, 2, width // 2, 2, channels).permute(0, 1, 3, 2, 4, 5)
        x = x.reshape(n, height // 2, width // 2, 4 * channels)
    return x


def _on_card() -> Any:  # noqa: ANN401 - a Function's apply
    from .epilogue_triton import fused  # noqa: PLC0415 - Triton is there only with a card

    return fused
