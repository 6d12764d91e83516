"""The advice is held against what float16 really does."""

import dataclasses

import pytest
import torch

from draglive.stylegan2_jit import Generator
from draglive.stylegan2_jit.checkpoints.precision import advice_for

from ..models import generator_for


def with_clamp(clamp, change=lambda g: None):
    """The small generator with another clamp, its weights changed."""
    source = generator_for("skip")
    generator = Generator(dataclasses.replace(source.config, conv_clamp=clamp))
    generator.load_state_dict(source.state_dict())
    change(generator)
    return generator.prepare(torch.float32)


def loud(generator):
    """Activations that end beyond 65504, as those of models trained in float32 do."""
    generator.synthesis.b32.conv0.bias.fill_(7e4)


def lifted(generator):
    """Styles that lift what a clamp of 256 lets pass over the end."""
    generator.synthesis.b32.conv1.affine.bias.fill_(300.0)
    generator.synthesis.b32.conv0.bias.fill_(7e4)


def finite(generator, dtype):
    z = torch.randn(1, generator.config.z_dim)
    picture = generator.prepare(dtype)(z)
    generator.prepare(torch.float32)
    return bool(picture.isfinite().all())


@pytest.mark.parametrize(
    ("clamp", "change", "safe"), [(None, loud, False), (256, loud, True), (256, lifted, False)]
)
def test_advice_is_what_happens(clamp, change, safe):
    generator = with_clamp(clamp, change)
    advice = advice_for(generator, None)
    assert advice.half_safe == safe
    assert finite(generator, torch.float16) == safe
    assert finite(generator, torch.bfloat16)
    assert advice.dtypes == (
        ("bfloat16", "float32", "float16") if safe else ("bfloat16", "float32")
    )


def test_the_reason_is_told():
    assert advice_for(with_clamp(None), False).reason == (
        "trained without a clamp: float16 may overflow; use bfloat16 or float32"
    )
    assert advice_for(with_clamp(256), True).reason == (
        "trained in float16, activations clamped at 256"
    )
    assert "styles up to 3" in advice_for(with_clamp(256, lifted), None).reason
    assert advice_for(generator_for("conditional"), None).half_safe is False


def test_without_weights_the_configuration_counts():
    config = dataclasses.replace(generator_for("skip").config, conv_clamp=256)
    with torch.device("meta"):
        generator = Generator(config)
    assert advice_for(generator, None).half_safe
