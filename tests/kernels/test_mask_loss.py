import numpy as np
import pytest
import torch

from draglive.kernels import keep_map, mask_loss
from draglive.kernels.mask_loss import mask_loss_reference

from . import truth
from .scenes import DTYPES, LAYOUTS, feature_map, on

IMPLEMENTATIONS = [mask_loss, mask_loss_reference]


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("size", [(16, 8), (5, 9), (1, 1)])
def test_value_and_gradient_match_float64(size, dtype, layout, implementation, device):
    features, reference = feature_map(3, size, dtype, layout), feature_map(3, size, dtype)
    keep = torch.rand(size)
    keep[0] = 0
    difference = truth.array(features[0]) - truth.array(reference[0])
    weighted = abs(difference) * truth.array(keep)
    slope = np.sign(difference) * truth.array(keep) * 3 / difference.size

    features, reference, keep = on(device, features, reference, keep)
    features.requires_grad_()
    loss = implementation(features, reference, keep)
    (gradient,) = torch.autograd.grad(3 * loss, features)
    assert loss.dtype == torch.promote_types(dtype, torch.float32)
    # a difference, a product and a pairwise mean in float32
    assert abs(loss.item() - weighted.mean()) <= 16 * truth.U32 * weighted.mean()
    assert gradient.dtype == dtype
    # three float32 factors, then the gradient's own dtype; below its normal range, absolute
    u, tiny = torch.finfo(dtype).eps / 2, torch.finfo(dtype).tiny
    bound = (3 * truth.U32 + u) * abs(slope) + u * tiny
    assert (abs(truth.array(gradient[0]) - slope) <= bound).all()


def test_the_gradient_is_the_slope():
    """gradcheck, no difference being within its step of the kink."""
    reference = feature_map(2, (4, 5), torch.float64)
    step = torch.where(torch.rand_like(reference) < 0.5, 0.5, -0.5)
    features = (reference + step).requires_grad_()
    keep = torch.rand(4, 5)
    assert torch.autograd.gradcheck(lambda f: mask_loss(f, reference, keep), features)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_unchanged_features_cost_and_pull_nothing(implementation, device):
    features = feature_map(3, (6, 4)).to(device).requires_grad_()
    loss = implementation(features, features.detach().clone(), torch.ones(6, 4, device=device))
    (gradient,) = torch.autograd.grad(loss, features)
    assert loss.item() == 0
    assert not gradient.any()


@pytest.mark.parametrize(("height", "width"), [(8, 6), (4, 3), (2, 3), (1, 1)])
def test_the_kept_part_is_averaged_over_areas(height, width, device):
    mask = torch.rand(8, 6)
    blocks = truth.array(mask).reshape(height, 8 // height, width, 6 // width)
    got = keep_map(mask.to(device), height, width)
    assert got.dtype == torch.float32
    # up to 48 float32 terms, a division and a difference, all below 1
    assert abs(truth.array(got) - (1 - blocks.mean(axis=(1, 3)))).max() <= 50 * truth.U32


def test_movable_costs_nothing_and_the_rest_does(device):
    mask = torch.zeros(8, 8, device=device)
    mask[:, :4] = 1
    features = torch.ones(1, 1, 4, 4, device=device)
    keep = keep_map(mask, 4, 4)
    features[..., 2:] = 0
    assert mask_loss(features, torch.zeros_like(features), keep).item() == 0
    assert mask_loss(1 - features, torch.zeros_like(features), keep).item() == 0.5
