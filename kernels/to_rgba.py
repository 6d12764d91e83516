"""Picture to display buffer.

Contract
    picture  float32 [1, 3, H, W], colours in -1..1 (beyond is clipped), NaN becomes 0
    returns  uint8 [H, W, 4], contiguous, alpha 255
A value x becomes trunc(127.5·x + 128), the generator family's rule, so that pictures compare
byte for byte with other tools'.
"""

import torch
from torch import Tensor

from .register import register


def to_rgba_reference(picture: Tensor) -> Tensor:
    """The conversion in plain torch: the truth for every twin."""
    levels = (picture[0].permute(1, 2, 0) * 127.5).add_(128.0).nan_to_num_(0.0).clamp_(0.0, 255.0)
    rgba = torch.empty(*levels.shape[:2], 4, dtype=torch.uint8, device=picture.device)
    rgba[..., :3] = levels.to(torch.uint8)
    rgba[..., 3] = 255
    return rgba


def _empty(picture: Tensor) -> Tensor:
    _, _, height, width = picture.shape
    return picture.new_empty(height, width, 4, dtype=torch.uint8)


to_rgba = register("to_rgba", to_rgba_reference, _empty)
