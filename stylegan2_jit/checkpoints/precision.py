"""In which dtypes a model runs without overflow."""

from __future__ import annotations

from ..networks import Generator
from .checkpoint import PrecisionAdvice


def advice_for(generator: Generator, trained_in_half: bool | None) -> PrecisionAdvice:
    """Whether float16 is safe.

    Args:
        generator: its configuration counts, and its weights where it has any.
        trained_in_half: whether its trainer ran blocks in float16; None when nobody knows.
    """
    clamp = generator.config.conv_clamp
    if clamp is None:
        return PrecisionAdvice(
            False, "trained in float32 without a clamp: above 64 px float16 overflows"
        )
    return PrecisionAdvice(True, f"activations are clamped at {clamp:g}")
