import numpy as np
import pytest
import torch

from draglive.kernels import disc_offsets, supervise
from draglive.kernels.supervise import supervise_reference

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
    put_back,
    windows_around,
)

CPU = torch.device("cpu")
IMPLEMENTATIONS = [supervise, supervise_reference]
SPEED_PX, STOP_PX, RADIUS_PX = 1.5, 0.25, 1.5


def scene(image_size):
    """Handles everywhere, targets far and near, one reached, one just not, one inactive."""
    handles = border_points(image_size)
    targets = handles + torch.randn_like(handles) * 3
    targets[1] = handles[1] + torch.tensor([0.5, -0.25])  # nearer than the speed
    targets[2] = handles[2]
    targets[5] = handles[5] + torch.tensor([0.25, 0.0])  # as near as it has to be
    targets[6] = handles[6] + torch.tensor([0.0, 0.28125])  # not quite
    active = torch.ones(len(handles), dtype=torch.bool)
    active[4] = False
    return handles, targets, active


def pull(implementation, features, origins, points, map_size, image_size):
    """dL/dF where the features are."""
    device = features.device
    return implementation(
        features,
        None if origins is None else origins.to(device),
        *on(device, *points, disc_offsets(RADIUS_PX, CPU)),
        speed_px=SPEED_PX,
        stop_px=STOP_PX,
        map_size=list(map_size),
        image_size=list(image_size),
    )


def pull_of_map(implementation, features, points, image_size):
    return pull(implementation, features, None, points, features.shape[2:], image_size)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_pull_matches_float64(geometry, layout, dtype, implementation, device):
    channels, size, image_size = GEOMETRIES[geometry]
    features, points = feature_map(channels, size, dtype, layout), scene(image_size)
    got = pull_of_map(implementation, features.to(device), points, image_size)
    want = truth.supervise(
        truth.array(features[0]),
        *map(truth.array, points),
        truth.array(disc_offsets(RADIUS_PX, CPU)),
        speed_px=SPEED_PX,
        stop_px=STOP_PX,
        image_size=image_size,
    )
    assert got.dtype == dtype
    assert got.shape == features.shape
    assert got.is_contiguous(memory_format=torch.channels_last)
    # as for motion_supervision; a clipped motion is eight roundings off, and moves two samples
    moved = 16 * truth.U32 * SPEED_PX * max(size[0] / image_size[0], size[1] / image_size[1])
    summed = (truth.sampling_slack(size) + moved) * len(points[0]) / channels
    u = torch.finfo(dtype).eps / 2
    rounding = u * (abs(want) + torch.finfo(dtype).tiny)
    assert (abs(truth.array(got[0]) - want) <= summed + rounding).all()


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("geometry", SQUARE_SAMPLES)
def test_windows_are_pulled_as_the_whole_map_is(geometry, dtype, layout, implementation, device):
    """Handles tracked away from the middle; windows over corners and over each other."""
    channels, size, image_size = GEOMETRIES[geometry]
    features, points = feature_map(channels, size, dtype, layout), scene(image_size)
    before = points[0] + torch.randint(-2, 3, points[0].shape)
    origins, side = windows_around(before, 2 + RADIUS_PX + SPEED_PX, size, image_size)
    windows = cut(features, origins, side, torch.nan).to(device)  # beyond the map nothing is read
    got = pull(implementation, windows, origins, points, size, image_size)
    assert got.dtype == dtype
    assert got.shape == windows.shape
    assert got.is_contiguous(memory_format=torch.channels_last)
    beyond = cut(torch.ones(1, 1, *size), origins, side) == 0
    assert not got.cpu()[beyond.expand(got.shape)].any()
    whole = pull_of_map(implementation, features.to(device), points, image_size)
    assert_same_sums(got.cpu(), whole.cpu(), origins, len(points[0]) / channels)


def assert_same_sums(windows, whole, origins, most):
    """Equal up to rounding: every window and the map once, and terms added in another order.

    `most` is the largest sum of a sample's terms that there can be, 1/C for each point.
    """
    u, size = torch.finfo(whole.dtype).eps / 2, whole.shape[2:]
    together = put_back(windows.double(), origins, size)
    rounded = put_back(windows.double().abs(), origins, size) + whole.double().abs()
    terms = 4 * len(windows) * len(disc_offsets(RADIUS_PX, CPU))
    bound = 2 * u * (rounded + torch.finfo(whole.dtype).tiny) + min(u, truth.U32) * terms * most
    assert ((together - whole.double()).abs() <= bound).all()


@pytest.mark.usefixtures("deterministic")
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("why", ["inactive", "at its target", "near enough"])
@pytest.mark.parametrize("held", ["whole", "windows"])
def test_points_that_do_not_pull_give_exactly_0(held, why, implementation, device):
    """Their own windows, and what the others pull stays bitwise as without them."""
    image_size, size = (32, 32), (8, 8)
    features = feature_map(4, size).to(device)
    handles, targets, active = scene(image_size)
    rests = torch.arange(len(handles)) % 2 == 0
    alone = pull_of_map(implementation, features, (handles, targets, active & ~rests), image_size)
    if why == "inactive":
        active = active & ~rests
        handles[rests], targets[rests] = torch.tensor([1e9, -1e9]), 1e9
    else:
        targets[rests] = handles[rests] + (0.0 if why == "at its target" else STOP_PX / 2)
    points = handles, targets, active
    if held == "whole":
        assert torch.equal(pull_of_map(implementation, features, points, image_size), alone)
        return
    near = torch.where(active[:, None], handles, 0)
    origins, side = windows_around(near, RADIUS_PX + SPEED_PX, size, image_size)
    windows = cut(features.cpu(), origins, side).to(device)
    got = pull(implementation, windows, origins, points, size, image_size)
    pulls = active & ~rests & ((targets - handles).norm(dim=1) > STOP_PX)
    assert pulls.any()
    assert not got[~pulls].any()
    assert got[pulls].flatten(1).any(dim=1).all()


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("held", ["whole", "windows"])
def test_where_nothing_differs_the_pull_is_0(held, implementation, device):
    """A flat map, sampled where no weight is rounded: handles at quarters, whole pixels apart."""
    handles = (border_points((32, 32)) * 4).round() / 4
    targets = handles + torch.tensor([9.0, 0.0])
    points = handles, targets, torch.ones(len(handles), dtype=torch.bool)
    features, origins = torch.full((1, 4, 8, 8), 0.5), None
    if held == "windows":
        origins, side = windows_around(handles, 4.0, (8, 8), (32, 32))
        features = cut(features, origins, side)
    got = pull(implementation, features.to(device), origins, points, (8, 8), (32, 32))
    assert not got.any()


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_a_disc_pulls_from_where_it_goes(implementation, device):
    """One sample each way by hand: F rises with x, so its sign is + where the disc moves to."""
    features = torch.arange(8.0).expand(1, 1, 8, 8).contiguous().to(device)
    points = torch.tensor([[3.0, 4.0]]), torch.tensor([[7.0, 4.0]]), torch.ones(1) > 0
    got = truth.array(pull_of_map(implementation, features, points, (8, 8)))
    want = np.zeros((8, 8))
    for dx, dy in disc_offsets(RADIUS_PX, CPU).int().tolist():  # moved by 1.5: halves of two
        want[4 + dy, 4 + dx] += 0.5 / 9
        want[4 + dy, 5 + dx] += 0.5 / 9
    assert abs(got[0, 0] - want).max() <= 16 * truth.U32
