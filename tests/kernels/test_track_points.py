import numpy as np
import pytest
import torch

from draglive.kernels import square_offsets, track_points
from draglive.kernels.track_points import track_points_reference

from . import truth
from .scenes import DTYPES, GEOMETRIES, LAYOUTS, border_points, feature_map, on

CPU = torch.device("cpu")
IMPLEMENTATIONS = [track_points, track_points_reference]


def tracked(implementation, points, radius, squared, image_size, device):
    """Where the handles are found; `points` is features, handles and references."""
    tensors = on(device, *points, square_offsets(radius, CPU))
    return truth.array(implementation(*tensors, squared, list(image_size)))


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("squared", [False, True], ids=["L1", "L2"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_finds_what_float64_finds(geometry, layout, squared, implementation, device):
    channels, size, image_size = GEOMETRIES[geometry]
    features = feature_map(channels, size, layout=layout)
    handles = border_points(image_size)
    references = torch.randn(len(handles), channels)
    points = features, handles, references
    want = truth.track_points(*map(truth.array, points), 3, squared, image_size)
    got = tracked(implementation, points, 3, squared, image_size, device)
    # whole pixels away from the handle, and as near to the choice as float32 can add
    assert abs(got - want).max() <= 2 * truth.U32 * max(image_size)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("squared", [False, True], ids=["L1", "L2"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_of_equals_the_nearest_wins_then_the_first_row_by_row(
    dtype, squared, implementation, device
):
    """Values 0 and 1 on powers of two: every cost is exact, and most are met many times."""
    features = torch.randint(0, 2, (1, 2, 8, 4)).to(dtype)
    handles = torch.cartesian_prod(torch.arange(-0.5, 16, 2.25), torch.arange(-0.5, 32, 3.75))
    references = torch.randint(0, 2, (len(handles), 2)).float()
    points = features, handles, references
    want = truth.track_points(*map(truth.array, points), 3, squared, (32, 16))
    got = tracked(implementation, points, 3, squared, (32, 16), device)
    assert np.array_equal(got, want)


@pytest.mark.parametrize("motion", [(0, 0), (5, -3), (-5, 5), (4, 0)])
def test_finds_a_planted_feature(motion, device):
    features = feature_map(6, (40, 24))
    planted = torch.randn(6) * 4
    features[0, :, 20, 12] = planted
    handle = torch.tensor([[12.0, 20.0]]) - torch.tensor([motion])
    got = tracked(track_points, (features, handle, planted[None]), 5, False, (40, 24), device)
    assert got.tolist() == [[12, 20]]


def test_takes_nothing_beyond_its_square(device):
    features = torch.zeros(1, 1, 9, 9)
    features[0, 0, 4, 7] = 1
    points = features, torch.tensor([[4.0, 4.0]]), torch.ones(1, 1)
    assert tracked(track_points, points, 2, False, (9, 9), device).tolist() == [[4, 4]]
    assert tracked(track_points, points, 3, False, (9, 9), device).tolist() == [[7, 4]]


@pytest.mark.parametrize(("squared", "found"), [(False, 1.0), (True, 3.0)])
def test_the_two_distances_differ_where_they_should(squared, found, device):
    """(3, 0) is nearer than (2, 2) in L1, 3 < 4, and farther in L2, 9 > 8."""
    features = torch.full((1, 2, 1, 5), 9.0)
    features[0, :, 0, 1] = torch.tensor([3.0, 0.0])
    features[0, :, 0, 3] = torch.tensor([2.0, 2.0])
    points = features, torch.tensor([[2.0, 0.0]]), torch.zeros(1, 2)
    got = tracked(track_points, points, 2, squared, (1, 5), device)
    assert got.tolist() == [[found, 0.0]]


def test_each_point_looks_for_its_own_reference(device):
    features = feature_map(6, (16, 16))
    places = torch.tensor([[3, 4], [12, 5], [7, 12], [3, 4]])
    references = features[0, :, places[:, 1], places[:, 0]].T
    handles = places.float() + torch.tensor([[1.0, -2.0], [2.0, 2.0], [0.0, 1.0], [-2.0, -2.0]])
    got = tracked(track_points, (features, handles, references), 2, True, (16, 16), device)
    assert np.array_equal(got, places.numpy())


def test_a_handle_with_nothing_of_the_picture_in_reach_stays(device):
    handles = torch.tensor([[-40.0, 3.0], [5.0, 60.0]])
    points = feature_map(2, (8, 8)), handles, torch.zeros(2, 2)
    got = tracked(track_points, points, 3, False, (8, 8), device)
    assert np.array_equal(got, handles.numpy())
