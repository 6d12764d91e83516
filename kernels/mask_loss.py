"""The mask term: what is not movable must keep its features.

The second term of DragGAN's equation 1 (section 3.2): ‖(F − F₀) · (1 − M)‖₁, as a mean over the
map, with F₀ the features from when the mask was set.

Contract
    features   [1, C, h, w], any floating dtype; gradient flows here only
    reference  [1, C, h, w], F₀, same dtype
    keep       float32 [h, w], 1 − M at the map's resolution (`keep_map`): 1 = must stay
    returns    the loss, a float32 scalar (float64 for float64 features)
The gradient at F = F₀ is 0.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .register import register


def keep_map(mask: Tensor, height: int, width: int) -> Tensor:
    """Movable region at the picture's size to 1 − M at the map's: averages over the areas.

    Exact where the picture is a whole number of times the map, as in every generator.

    Args:
        mask: float32 [H, W] in 0..1, 1 = movable.
        height: of the feature map.
        width: of the feature map.

    Returns:
        float32 [height, width].
    """
    return 1.0 - F.interpolate(mask[None, None], size=(height, width), mode="area")[0, 0]


def mask_loss_reference(features: Tensor, reference: Tensor, keep: Tensor) -> Tensor:
    """The term as the paper writes it, differentiable by autograd: the truth for every twin."""
    dtype = torch.promote_types(features.dtype, torch.float32)
    return ((features.to(dtype) - reference.to(dtype)).abs() * keep.to(dtype)).mean()


def mask_loss_backward_reference(
    grad: Tensor, features: Tensor, reference: Tensor, keep: Tensor
) -> Tensor:
    """dL/dF: the signs of the differences where the picture must stay."""
    dtype = torch.promote_types(features.dtype, torch.float32)
    signs = (features.to(dtype) - reference.to(dtype)).sign()
    return (signs * keep.to(dtype) * (grad / features.numel())).to(features.dtype)


def _save(
    ctx: torch.autograd.function.FunctionCtx, inputs: tuple[Tensor, ...], output: Tensor
) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
    return mask_loss_backward(grad, *ctx.saved_tensors), None, None  # type: ignore[attr-defined]


mask_loss = register(
    "mask_loss",
    mask_loss_reference,
    lambda features, *_: features.new_empty(
        [], dtype=torch.promote_types(features.dtype, torch.float32)
    ),
    backward=_backward,
    setup_context=_save,
)
mask_loss_backward = register(
    "mask_loss_backward",
    mask_loss_backward_reference,
    lambda grad, features, *_: torch.empty_like(features),
)
