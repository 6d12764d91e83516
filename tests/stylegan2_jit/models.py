"""Small generators with no array left at its initial value, and how near is near."""

import math

import torch

from draglive.stylegan2_jit import Generator, GeneratorConfig

CASES = {
    "skip": {},
    "resnet": {"architecture": "resnet", "num_layers": 3, "lr_multiplier": 1.0},
    "64 px": {"img_resolution": 64, "channel_base": 256},
    "narrow": {"narrow": True, "z_dim": 5, "w_dim": 9, "channel_base": 32},
    "clamped": {"conv_clamp": 0.8, "channel_max": 4},
    "narrow clamped resnet": {"architecture": "resnet", "narrow": True, "conv_clamp": 0.8},
    "conditional": {"c_dim": 5},
}


def generator_for(case):
    small = {"img_resolution": 32, "channel_base": 192, "channel_max": 8, "num_layers": 2}
    config = GeneratorConfig(**{"z_dim": 6, "w_dim": 8, **small, **CASES[case]})
    torch.manual_seed(2)
    generator = Generator(config)
    for name, value in generator.state_dict().items():
        if name.endswith((".bias", "noise_strength", "w_avg")):
            unit = 1 / config.lr_multiplier if "mapping.fc" in name else 1.0
            value.add_(torch.randn_like(value) * 0.3 * unit)
    return generator.prepare(torch.float32)


def relative_error(got, want):
    want = want.detach()
    return float((got.detach().cpu().double() - want).norm() / want.norm())


def tolerance(generator, dtype=torch.float32):
    """How far rounding alone may take the generator from float64, as a relative error (L2 norm).

    A rounding is off by up to u, the unit roundoff, evenly spread: its variance is u²/3. A value
    sees four a layer in the compute dtype (scaled by the style, summed, demodulated, activated)
    and, inside a sum of T terms, T in float32. Independent errors add up by their variances; the
    bound is twice the root.
    """
    config = generator.config
    layers = config.num_layers + config.num_ws
    terms = 9 * max(config.channels(4), config.w_dim // 9)
    u, u32 = torch.finfo(dtype).eps / 2, torch.finfo(torch.float32).eps / 2
    return 2 * math.sqrt(layers * (4 * u**2 + terms * u32**2) / 3)
