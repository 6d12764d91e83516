import numpy as np
import pytest
import torch

from draglive.kernels import square_offsets, track_points
from draglive.kernels.track_points import track_points_reference

from . import truth
from .scenes import (
    DTYPES,
    GEOMETRIES,
    LAYOUTS,
    SQUARE_SAMPLES,
    border_points,
    cut,
    feature_map,
    on,
    windows_around,
)

CPU = torch.device("cpu")
IMPLEMENTATIONS = [track_points, track_points_reference]


def tracked(
    implementation, points, radius, squared, image_size, device, *, following=None, reach_px=None
):
    """Where the handles are found; `points` is features, handles and references.

    With `reach_px` in windows that hold so much around the handles, and NaN beyond the map.
    """
    features, handles, references = points
    map_size, origins = list(features.shape[2:]), None
    if reach_px is not None:
        origins, size = windows_around(handles, reach_px, map_size, image_size)
        features, origins = cut(features, origins, size, torch.nan), origins.to(device)
    if following is None:
        following = torch.ones(len(handles), dtype=torch.bool)
    tensors = on(device, handles, references, following, square_offsets(radius, CPU))
    sizes = {"map_size": map_size, "image_size": list(image_size)}
    found = implementation(features.to(device), origins, *tensors, squared=squared, **sizes)
    return truth.array(found)


def scene(geometry, dtype=torch.float32, layout=torch.contiguous_format):
    channels, size, image_size = GEOMETRIES[geometry]
    handles = border_points(image_size)
    features = feature_map(channels, size, dtype, layout)
    return (features, handles, torch.randn(len(handles), channels)), image_size


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("squared", [False, True], ids=["L1", "L2"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_finds_what_float64_finds(geometry, layout, squared, implementation, device):
    points, image_size = scene(geometry, layout=layout)
    want = truth.track_points(*map(truth.array, points), 3, squared, image_size)
    got = tracked(implementation, points, 3, squared, image_size, device)
    # whole pixels away from the handle, and as near to the choice as float32 can add
    assert abs(got - want).max() <= 2 * truth.U32 * max(image_size)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("squared", [False, True], ids=["L1", "L2"])
@pytest.mark.parametrize("reach_px", [None, 4.0], ids=["whole", "windows"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_of_equals_the_nearest_wins_then_the_first_row_by_row(
    dtype, reach_px, squared, implementation, device
):
    """Values 0 and 1 on powers of two: every cost is exact, and most are met many times."""
    features = torch.randint(0, 2, (1, 2, 8, 4)).to(dtype)
    handles = torch.cartesian_prod(torch.arange(-0.5, 16, 2.25), torch.arange(-0.5, 32, 3.75))
    references = torch.randint(0, 2, (len(handles), 2)).float()
    points = features, handles, references
    want = truth.track_points(*map(truth.array, points), 3, squared, (32, 16))
    got = tracked(implementation, points, 3, squared, (32, 16), device, reach_px=reach_px)
    assert np.array_equal(got, want)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("squared", [False, True], ids=["L1", "L2"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("geometry", SQUARE_SAMPLES)
def test_windows_find_what_the_whole_map_finds(
    geometry, dtype, layout, squared, implementation, device
):
    """Bitwise: the same samples are read, in windows that hang over corners and edges too."""
    points, image_size = scene(geometry, dtype, layout)
    want = tracked(implementation, points, 3, squared, image_size, device)
    for reach_px in (3.0, 5.5):
        got = tracked(implementation, points, 3, squared, image_size, device, reach_px=reach_px)
        assert np.array_equal(got, want)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("reach_px", [None, 4.0], ids=["whole", "windows"])
def test_handles_that_do_not_follow_stay_bitwise(reach_px, implementation, device):
    """Though better is in reach; the others are found as if all followed."""
    points, image_size = scene("quarter size")
    features, handles, references = points
    handles = handles + 1 / 3  # no short number
    all_follow = tracked(implementation, (features, handles, references), 3, False, image_size, CPU)
    following = torch.arange(len(handles)) % 3 > 0
    got = tracked(
        implementation,
        (features, handles, references),
        3,
        False,
        image_size,
        device,
        following=following,
        reach_px=reach_px,
    )
    moves, stays = following.numpy(), ~following.numpy()
    assert (all_follow != handles.numpy()).any(axis=1)[stays].any()
    assert np.array_equal(got[moves], all_follow[moves])
    assert np.array_equal(got[stays], handles.numpy()[stays])


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("reach_px", [None, 4.0], ids=["whole", "windows"])
def test_features_that_are_nan_are_never_taken(reach_px, implementation, device):
    features = feature_map(3, (16, 16))
    features[..., 9:] = torch.nan  # mixed into what is right of x = 8
    handles = torch.tensor([[5.5, 5.0], [7.5, 15.0], [13.5, 8.0]])
    points = features, handles, torch.randn(3, 3)
    want = truth.track_points(*map(truth.array, points), 3, False, (16, 16))
    got = tracked(implementation, points, 3, False, (16, 16), device, reach_px=reach_px)
    assert np.array_equal(got, want)
    assert (got[:2, 0] <= 7.5).all()
    assert np.array_equal(got[2], handles[2])  # only NaN in reach


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
