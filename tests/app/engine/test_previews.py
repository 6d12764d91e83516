"""How coarse a moving hand's picture may get, by how much work the model is."""

import pytest
import torch

from draglive.app.engine.fused_kernels import Rendering, work
from draglive.kernels.network import Colours, ConvLayer, Network


def shapes_of(channels):
    """A network that holds no memory: every constant is one number, repeated."""
    layers, tints = [], []
    for block, out in enumerate(channels):
        height = 4 * 2**block
        for up in [False] if block == 0 else [True, False]:
            weight = torch.zeros(1).expand(out, channels[block - 1] if up else out, 3, 3)
            few = torch.zeros(1)
            layers.append(ConvLayer(weight, few, few, few, None, up, height, height, 256.0))
        tints.append(Colours(torch.zeros(1), torch.zeros(1), torch.zeros(1), torch.zeros(1), 256.0))
    return Network(torch.zeros(1), tuple(layers), tuple(tints))


CONFIG_F = (512, 512, 512, 512, 512, 256, 128, 64, 32)


@pytest.mark.parametrize(
    ("channels", "previews"),
    [
        ((256, 256, 256, 256, 128, 64, 32), 1),  # 128 px
        (CONFIG_F[:8], 3),  # 256, 128, 64
        (CONFIG_F, 4),
        ((256, 256, 256, 256, 256, 128, 64, 32), 2),  # the small one at 512²
        ((64, 64, 64), 0),
    ],
    ids=str,
)
def test_only_a_large_model_gets_coarser_than_128_px(channels, previews):
    def never():
        raise AssertionError("no picture is made yet")

    assert Rendering(shapes_of(channels), never).previews == previews


def test_work_is_two_operations_for_each_weight_and_sample():
    assert work(shapes_of((32, 16)), 1) == 2 * 9 * 32 * 32 * 16
    assert work(shapes_of((32, 16)), 2) == 2 * 9 * (32 * 32 * 16 + 32 * 16 * 16 + 16 * 16 * 64)
