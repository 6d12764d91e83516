import pytest
import torch

from draglive.kernels import clipped_motions, disc_offsets, motion_supervision
from draglive.kernels.motion_supervision import motion_supervision_reference

from . import truth
from .scenes import DTYPES, GEOMETRIES, LAYOUTS, border_points, feature_map, on

CPU = torch.device("cpu")
IMPLEMENTATIONS = [motion_supervision, motion_supervision_reference]


def scene(image_size):
    """Points everywhere, motions of up to two pixels (one of none), some weights 0."""
    handles = border_points(image_size)
    motions = torch.randn_like(handles).clamp(-2, 2)
    motions[3] = 0
    weights = torch.tensor([1.0, 0.5, 2.0]).repeat(3)
    weights[4] = 0
    return handles, motions, weights, disc_offsets(1.5, CPU)


def value_and_gradient(implementation, features, points, image_size, scale=1.0):
    features = features.detach().requires_grad_()
    loss = implementation(features, *points, list(image_size))
    (gradient,) = torch.autograd.grad(loss * scale, features)
    return loss.detach(), gradient


def assert_near_truth(implementation, features, points, image_size, device):
    """Value and gradient within what float32 sampling and the gradient's own dtype round away."""
    loss, gradient = value_and_gradient(
        implementation, features.to(device), on(device, *points), image_size
    )
    inputs = [truth.array(tensor) for tensor in points]
    want, slope = truth.motion_supervision(truth.array(features[0]), *inputs, image_size)
    slack = truth.sampling_slack(features.shape[2:])
    total = points[2].sum().item()
    largest = features.abs().max().item()
    assert loss.dtype == torch.promote_types(features.dtype, torch.float32)
    assert abs(loss.item() - want) <= 2 * slack * largest * total + 32 * truth.U32 * want
    assert gradient.dtype == features.dtype
    u = torch.finfo(features.dtype).eps / 2
    rounding = u * (abs(slope) + torch.finfo(features.dtype).tiny)  # relative; below tiny, absolute
    summed = slack * total / len(slope)
    assert (abs(truth.array(gradient[0]) - slope) <= summed + rounding).all()


# autograd adds up the reference's gradient in the features' dtype: exact enough from float32 on
@pytest.mark.parametrize(
    ("implementation", "dtype"),
    [(motion_supervision, dtype) for dtype in DTYPES]
    + [(motion_supervision_reference, dtype) for dtype in (torch.float32, torch.float64)],
)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_value_and_gradient_match_float64(geometry, dtype, layout, implementation, device):
    channels, size, image_size = GEOMETRIES[geometry]
    features = feature_map(channels, size, dtype, layout)
    assert_near_truth(implementation, features, scene(image_size), image_size, device)


@pytest.mark.parametrize("count", [1, 32])
def test_one_point_and_many(count, device):
    handles = torch.rand(count, 2) * 31
    points = handles, torch.randn(count, 2), torch.ones(count), disc_offsets(3.0, CPU)
    assert_near_truth(motion_supervision, feature_map(8, (16, 16)), points, (32, 32), device)


def test_the_gradient_is_the_slope_of_the_moved_samples():
    """gradcheck: perturb only what F(q + d) reads, which the disc of F(q) does not touch."""
    features = feature_map(2, (6, 6), torch.float64)
    points = [torch.tensor([[4.0, 6.0]]), torch.tensor([[12.0, 8.0]]), torch.ones(1)]
    moved = torch.zeros(6, 6, dtype=torch.bool)
    moved[2:, 3:] = True

    def loss(value):
        value = torch.where(moved, value, features)
        return motion_supervision(value, *points, disc_offsets(2.0, CPU), [24, 24])

    assert torch.autograd.gradcheck(loss, features.clone().requires_grad_())


@pytest.mark.usefixtures("deterministic")
def test_the_gradient_scales_with_what_comes_from_above(device):
    features = feature_map(4, (8, 8)).to(device)
    points = on(device, *scene((32, 32)))
    _, one = value_and_gradient(motion_supervision, features, points, (32, 32))
    _, minus_four = value_and_gradient(motion_supervision, features, points, (32, 32), -4.0)
    assert torch.equal(minus_four, -4 * one)


@pytest.mark.usefixtures("deterministic")
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_a_point_of_weight_0_is_left_out(implementation, device):
    """Wherever it is, the others' loss and gradient stay bitwise what they were."""
    features = feature_map(4, (8, 8)).to(device)
    handles, motions, weights, disc = scene((32, 32))
    weights[:] = torch.tensor([1.0, 0, 0, 1, 0, 0, 0, 0, 0])
    want = value_and_gradient(
        implementation, features, on(device, handles, motions, weights, disc), (32, 32)
    )
    handles[weights == 0] = torch.tensor([1e9, -1e9])
    motions[weights == 0] = 100.0
    got = value_and_gradient(
        implementation, features, on(device, handles, motions, weights, disc), (32, 32)
    )
    assert torch.equal(got[0], want[0])
    assert torch.equal(got[1], want[1])


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("still", ["motion", "features"])
def test_where_nothing_differs_the_gradient_is_0(still, implementation, device):
    handles, motions, weights, disc = scene((32, 32))
    features = feature_map(4, (8, 8))
    if still == "motion":
        motions = torch.zeros_like(motions)
    else:  # a flat map, sampled at quarters of pixels: no weight is rounded
        features = torch.full_like(features, 0.5)
        handles, motions = (handles * 4).round() / 4, (motions * 4).round() / 4
    points = on(device, handles, motions, weights, disc)
    loss, gradient = value_and_gradient(implementation, features.to(device), points, (32, 32))
    assert loss.item() == 0
    assert not gradient.any()


def test_motions_are_of_the_given_length_or_what_remains():
    handles = torch.tensor([[10.0, 10.0], [10.0, 10.0], [10.0, 10.0], [0.0, 0.0]])
    targets = torch.tensor([[13.0, 14.0], [10.3, 9.6], [10.0, 10.0], [0.0, -2.0]])
    wanted = torch.tensor([[1.2, 1.6], [0.3, -0.4], [0.0, 0.0], [0.0, -2.0]])
    got = clipped_motions(handles, targets, 2.0)
    # targets are rounded to float32 near 10, and a handful of operations follow
    assert (got - wanted).abs().max() <= 16 * truth.U32 * 4
