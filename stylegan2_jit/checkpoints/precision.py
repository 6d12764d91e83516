"""In which dtypes a model runs without overflow.

float16 ends at 65504. A generator trained in float32 without a clamp has activations beyond that
(seen from the 128 px block on); one with a clamp bounds each layer's output, and only the style
that the next layer multiplies it by can still lift it over the end. bfloat16 reaches as far as
float32.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..layers import SynthesisLayer, ToRGB
from ..networks import Generator
from .checkpoint import PrecisionAdvice

HIGHEST = 65504.0  # of float16
LATENTS = 32  # drawn to see how large styles become
MARGIN = 2.0  # for latents that were not drawn, and what dragging makes of them


def advice_for(generator: Generator, trained_in_half: bool | None) -> PrecisionAdvice:
    """Whether float16 is safe.

    Args:
        generator: prepared; or on the meta device, then its weights do not count.
        trained_in_half: whether its trainer ran blocks in float16; None when nobody knows.
    """
    config = generator.config
    clamp = config.conv_clamp
    if clamp is None:
        overflow = "float16 overflows" if config.img_resolution > 64 else "float16 may overflow"
        how = "its activations are not clamped" if trained_in_half else "trained without a clamp"
        return PrecisionAdvice(False, f"{how}: {overflow}; use bfloat16 or float32")
    known = "trained in float16, activations" if trained_in_half else "activations"
    told = f"{known} clamped at {clamp:g}"
    if generator.mapping.w_avg.is_meta:
        return PrecisionAdvice(clamp < HIGHEST / MARGIN, told)
    style = _largest_style(generator)
    if not clamp * style * MARGIN <= HIGHEST:  # not a number: not safe
        return PrecisionAdvice(
            False,
            f"{told}, but styles up to {style:.3g} lift them beyond float16; use bfloat16 or "
            "float32",
        )
    return PrecisionAdvice(True, told)


@torch.no_grad()
def _largest_style(generator: Generator) -> float:
    w = _drawn_ws(generator)
    layers = [m for m in generator.modules() if isinstance(m, SynthesisLayer | ToRGB)]
    return max(float(layer.affine(w).abs().max()) for layer in layers)


def _drawn_ws(generator: Generator) -> Tensor:
    """Some w: float32 [LATENTS, w_dim], always the same."""
    config, dice = generator.config, torch.Generator().manual_seed(0)
    z = torch.randn(LATENTS, config.z_dim, generator=dice)
    c = None
    if config.c_dim:
        classes = torch.randint(config.c_dim, [LATENTS], generator=dice)
        c = torch.nn.functional.one_hot(classes, config.c_dim).float()
    ws: Tensor = generator.mapping(z, c)
    return ws[:, 0]
