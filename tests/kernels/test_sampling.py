import pytest
import torch
import torch.nn.functional as F

from draglive.kernels import disc_offsets, sample_bilinear, square_offsets
from draglive.kernels.sampling import gather_bilinear, held_corners, lattice, scatter_bilinear

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


def whole_pixels(height, width):
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([x, y], dim=-1).float()


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_samples_match_float64_anywhere(geometry, dtype, layout, device):
    channels, size, image_size = GEOMETRIES[geometry]
    features = feature_map(channels, size, dtype, layout)
    far = torch.tensor([[-1e6, 2.0], [3.0, 1e6], [1e6, -1e6]])
    positions = torch.cat([border_points(image_size), far])
    got = sample_bilinear(*on(device, features, positions), list(image_size))
    assert got.dtype == torch.promote_types(dtype, torch.float32)
    bound = truth.sampling_slack(size) * features.abs().max().item()
    for vector, position in zip(got, positions.double().numpy(), strict=True):
        want = truth.sample(truth.array(features[0]), position, image_size)
        assert abs(truth.array(vector) - want).max() <= bound


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("ratio", [1, 2, 4, 8])
def test_whole_pixels_are_those_of_the_upsampled_map_exactly(ratio, dtype, device):
    """Small integers and powers of two leave nothing to round."""
    features = torch.randint(-8, 9, (1, 3, 6, 5), device=device)
    height, width = 6 * ratio, 5 * ratio
    upsampled = F.interpolate(
        features.double(), size=(height, width), mode="bilinear", align_corners=False
    )
    positions = whole_pixels(height, width).to(device)
    got = sample_bilinear(features.to(dtype), positions, [height, width])
    assert torch.equal(got.double(), upsampled[0].permute(1, 2, 0))


def test_positions_keep_their_shape():
    positions = torch.rand(2, 3, 4, 2) * 10
    got = sample_bilinear(feature_map(5, (3, 3)), positions, [10, 10])
    assert got.shape == (2, 3, 4, 5)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_lattice_lies_on_the_map_and_its_weights_are_shares(geometry):
    _, size, image_size = GEOMETRIES[geometry]
    positions = torch.cat([border_points(image_size), torch.tensor([[-1e6, 1e6]])])
    columns, rows, weight = lattice(positions, list(size), list(image_size))
    assert ((columns >= 0) & (columns < size[1]) & (rows >= 0) & (rows < size[0])).all()
    assert (weight >= 0).all()
    assert (weight.sum(dim=-1) - 1).abs().max() <= 8 * truth.U32


@pytest.mark.parametrize("geometry", SQUARE_SAMPLES)
def test_windows_are_sampled_as_the_whole_map_bitwise(geometry, device):
    """Every window holds its own point's samples, and only those count."""
    channels, size, image_size = GEOMETRIES[geometry]
    features, handles = feature_map(channels, size), border_points(image_size)
    origins, side = windows_around(handles, 3.0, size, image_size)
    windows = cut(features, origins, side, torch.nan)
    positions = handles[:, None] + square_offsets(3, CPU)
    windows, positions, origins = on(device, windows, positions, origins)
    held = held_corners(positions, windows, origins, list(size), list(image_size))
    want = sample_bilinear(features.to(device), positions, list(image_size))
    assert torch.equal(gather_bilinear(windows, *held), want)


def test_a_sample_that_no_window_holds_is_its_own_windows_edge():
    windows = torch.arange(18.0).view(2, 1, 3, 3)
    origins = torch.tensor([[2, 3], [5, 4]], dtype=torch.int32)
    far = torch.tensor([[0.0, 0.0], [9.0, 9.0]])[:, None]
    held = held_corners(far, windows, origins, [10, 10], [10, 10])
    assert gather_bilinear(windows, *held).flatten().tolist() == [0.0, 17.0]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_scattering_is_the_transpose_of_gathering(dtype, layout, device):
    """⟨v, gather(f)⟩ = ⟨scatter(v), f⟩ exactly: small integers, quarters, many to a sample."""
    features = torch.randint(-4, 5, (2, 3, 4, 5), device=device).to(dtype)
    features = features.contiguous(memory_format=layout)
    index = torch.randint(0, 2 * 4 * 5, (7, 6, 4), device=device)
    weight = torch.randint(0, 5, (7, 6, 4), device=device) / 4
    gathered = gather_bilinear(features, index, weight)
    vectors = torch.randint(-1, 2, gathered.shape, device=device).to(gathered.dtype)
    scattered = scatter_bilinear(vectors, index, weight, features)
    assert scattered.dtype == dtype
    assert scattered.is_contiguous(memory_format=torch.channels_last)
    assert (vectors * gathered).sum() == (scattered.double() * features.double()).sum()


def test_the_gradient_is_that_of_the_samples():
    features = feature_map(2, (4, 3), torch.float64).requires_grad_()
    positions = border_points((9, 11))
    assert torch.autograd.gradcheck(lambda f: sample_bilinear(f, positions, [9, 11]), features)


@pytest.mark.parametrize("radius", [0.5, 1.0, 2**0.5, 2.9, 3.0])
def test_a_disc_holds_the_whole_offsets_within_its_radius(radius):
    offsets = disc_offsets(radius, CPU)
    near = range(-4, 5)
    wanted = {(x, y) for x in near for y in near if x * x + y * y <= radius**2}
    assert len(offsets) == len(wanted)
    assert {tuple(offset) for offset in offsets.int().tolist()} == wanted


@pytest.mark.parametrize("radius", [0, 1, 4])
def test_a_square_comes_nearest_first_then_row_by_row(radius):
    side = range(-radius, radius + 1)
    wanted = sorted(
        ((x, y) for y in side for x in side), key=lambda o: (o[0] ** 2 + o[1] ** 2, o[1], o[0])
    )
    offsets = square_offsets(radius, CPU)
    assert offsets.dtype == torch.float32
    assert [tuple(offset) for offset in offsets.int().tolist()] == wanted
