"""Motion supervision: the loss that pulls each handle's patch one small step to its target.

Equation 1 of DragGAN (Pan et al. 2023, section 3.2), for points i with handle p_i, target t_i and
the disc Ω of radius r1 around p_i:

    L = Σ_i weight_i · mean_{q ∈ Ω, c} | F(q)_c.detach() − F(q + d_i)_c |

with d_i a short way towards the target (`clipped_motions`). The paper sums over the disc; the
mean keeps the loss independent of radius and channel count, and Adam does not see the factor.

Contract
    features    [1, C, h, w] float32, bfloat16, float16 or float64; gradient flows here only
    handles     float32 [P, 2], (x, y) image pixels, finite even at weight 0
    motions     float32 [P, 2], the d_i
    weights     float32 [P]; 0 leaves a point out (padding, or arrived)
    offsets     float32 [K, 2], the disc (`sampling.disc_offsets`)
    image_size  (H, W)
    returns     the loss, a float32 scalar (float64 for float64 features)
Positions beyond the picture take the border's features. The gradient at F(q+d) = F(q) is 0.
"""

import torch
from torch import Tensor

from .register import register
from .sampling import gather_bilinear, held_corners, sample_bilinear, scatter_bilinear


def clipped_motions(handles: Tensor, targets: Tensor, speed_px: float) -> Tensor:
    """d_i: from each handle towards its target, `speed_px` long or what remains; [P, 2]."""
    remaining = targets - handles
    length = remaining.norm(dim=1, keepdim=True)
    motions: Tensor = remaining * (speed_px / length.clamp(min=speed_px))
    return motions


def motion_supervision_reference(
    features: Tensor,
    handles: Tensor,
    motions: Tensor,
    weights: Tensor,
    offsets: Tensor,
    image_size: list[int],
) -> Tensor:
    """The loss as the paper writes it, differentiable by autograd: the truth for every twin."""
    q = handles[:, None] + offsets
    still = sample_bilinear(features, q, image_size).detach()
    moved = sample_bilinear(features, q + motions[:, None], image_size)
    loss: Tensor = ((still - moved).abs().mean(dim=[1, 2]) * weights).sum()
    return loss


def scattered_signs(
    features: Tensor,
    origins: Tensor | None,
    handles: Tensor,
    motions: Tensor,
    weights: Tensor,
    offsets: Tensor,
    *,
    map_size: list[int],
    image_size: list[int],
) -> Tensor:
    """dL/dF: the signs of the differences, scattered to the four samples around each q + d.

    Features may be windows of the map, [P, C, n, n] that begin at `origins` int32 [P, 2].
    """
    q = handles[:, None] + offsets
    still_at = held_corners(q, features, origins, map_size, image_size)
    moved_at = held_corners(q + motions[:, None], features, origins, map_size, image_size)
    signs = (gather_bilinear(features, *moved_at) - gather_bilinear(features, *still_at)).sign()
    share = weights / (offsets.shape[0] * features.shape[1])
    return scatter_bilinear(signs * share.to(signs.dtype)[:, None, None], *moved_at, features)


def scattered_empty(features: Tensor, *_: object, **__: object) -> Tensor:
    """What `scattered_signs` returns, without values."""
    batch, channels, h, w = features.shape
    return features.new_empty(batch, h, w, channels).permute(0, 3, 1, 2)


def motion_supervision_backward_reference(
    grad: Tensor,
    features: Tensor,
    handles: Tensor,
    motions: Tensor,
    weights: Tensor,
    offsets: Tensor,
    image_size: list[int],
) -> Tensor:
    """dL/dF, from the loss's own gradient (a scalar)."""
    map_size, weights = list(features.shape[2:]), grad * weights
    return scattered_signs(
        features, None, handles, motions, weights, offsets, map_size=map_size, image_size=image_size
    )


def _save(
    ctx: torch.autograd.function.FunctionCtx, inputs: tuple[object, ...], output: Tensor
) -> None:
    ctx.save_for_backward(*inputs[:5])  # type: ignore[arg-type]
    ctx.settings = inputs[5:]  # type: ignore[attr-defined]


def _backward(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
    gradient = motion_supervision_backward(grad, *ctx.saved_tensors, *ctx.settings)  # type: ignore[attr-defined]
    return gradient, None, None, None, None, None


motion_supervision = register(
    "motion_supervision",
    motion_supervision_reference,
    lambda features, *_: features.new_empty(
        [], dtype=torch.promote_types(features.dtype, torch.float32)
    ),
    backward=_backward,
    setup_context=_save,
)
motion_supervision_backward = register(
    "motion_supervision_backward",
    motion_supervision_backward_reference,
    lambda grad, features, *_: scattered_empty(features),
)
