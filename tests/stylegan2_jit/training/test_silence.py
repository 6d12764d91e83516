"""Components of z that drive no factor are not heard, and styles keep their spread."""

import torch

from draglive.stylegan2_jit.config import GeneratorConfig
from draglive.stylegan2_jit.networks import Generator
from draglive.stylegan2_jit.training.factors import FACTORS
from draglive.stylegan2_jit.training.silence import silence
from draglive.stylegan2_jit.training.trainable import Trainable, dense


def test_a_silenced_mapping_hears_of_factors_alone():
    torch.manual_seed(0)
    generator = Generator(GeneratorConfig(64, 0, 32, 32, 3, 512, 32, 2)).requires_grad_(False)
    trained = Trainable(generator.config, noisy=False)
    trained.network = generator
    z = torch.nn.functional.normalize(torch.randn(4000, 64)) * 8
    other = z.clone()
    other[:, len(FACTORS) :] = other[:, len(FACTORS) :].flip(1)
    assert not torch.allclose(trained.styles(z), trained.styles(other), atol=0.1)
    layer = generator.synthesis.b16.conv0.affine
    before = dense(layer, trained.styles(z))
    silence(generator)
    assert torch.allclose(trained.styles(z), trained.styles(other), atol=1e-5)
    after = dense(layer, trained.styles(z))
    torch.testing.assert_close(after.std(0), before.std(0), rtol=0.05, atol=1e-3)
    torch.testing.assert_close(after.mean(0), before.mean(0), rtol=0.05, atol=0.05)
    torch.testing.assert_close(
        generator.mapping.w_avg, trained.styles(z).mean(0), rtol=0.05, atol=0.05
    )
