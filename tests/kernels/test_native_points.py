"""The native point operations against their references in float64."""

import subprocess
import sys

import pytest
import torch

from draglive.kernels import disc_offsets, square_offsets
from draglive.kernels.points_native import supervise_native, track_points_native
from draglive.kernels.supervise import supervise_reference
from draglive.kernels.track_points import track_points_reference

from .networks import error

CPU = torch.device("cpu")
# handles, (h, w) of the map, (H, W) of the picture
SCENES = {
    "one": ([[20.0, 30.5]], (16, 16), (64, 64)),
    "corners, beyond, overlapping": (
        [[0.0, 0.0], [63.4, 31.2], [-0.5, 31.5], [31.0, 15.0], [32.0, 15.0]],
        (8, 16),
        (32, 64),
    ),
    "no power of two": ([[7.3, 4.2], [20.0, 12.0]], (10, 15), (33, 47)),
}


@pytest.fixture(params=[torch.float32, torch.bfloat16, torch.float64], ids=str)
def dtype(request, level):
    return request.param


def scene(name, dtype, *, windows=False, channels=48):
    torch.manual_seed(0)
    handles, map_size, image_size = SCENES[name]
    handles = torch.tensor(handles)
    points = len(handles)
    batch, size = (points, (6, 6)) if windows else (1, map_size)
    features = torch.randn(batch, channels, *size).to(dtype)
    features = features.to(memory_format=torch.channels_last)
    scale = torch.tensor(image_size[::-1]) / torch.tensor(map_size[::-1])
    origins = ((handles / scale).floor() - 2).int() if windows else None
    sizes = {"map_size": list(map_size), "image_size": list(image_size)}
    return features, origins, handles, sizes


@pytest.mark.parametrize("windows", [False, True], ids=["map", "windows"])
@pytest.mark.parametrize("name", SCENES)
def test_supervision(name, windows, dtype):
    features, origins, handles, sizes = scene(name, dtype, windows=windows)
    targets = handles + torch.tensor([3.0, -7.0])
    targets[1:2] = handles[1:2] + 0.5  # less far than a motion, and than where it stops
    active = torch.ones(len(handles), dtype=torch.bool)
    active[2:3] = False
    arguments = origins, handles, targets, active, disc_offsets(3, CPU)
    settings = {"speed_px": 2.0, "stop_px": 1.0, **sizes}
    truth = supervise_reference(features.double(), *arguments, **settings)
    plain = supervise_reference(features, *arguments, **settings)
    got = supervise_native(features, *arguments, **settings)
    assert got.dtype == dtype
    assert got.shape == features.shape
    assert error(got, truth) <= 2 * error(plain, truth)


@pytest.mark.parametrize("squared", [False, True], ids=["L1", "L2"])
@pytest.mark.parametrize("windows", [False, True], ids=["map", "windows"])
@pytest.mark.parametrize("name", SCENES)
def test_tracking(name, windows, squared, dtype):
    features, origins, handles, sizes = scene(name, dtype, windows=windows)
    references = torch.randn(len(handles), features.shape[1])
    following = torch.ones(len(handles), dtype=torch.bool)
    following[3:4] = False
    arguments = origins, handles, references, following, square_offsets(4, CPU)
    want = track_points_reference(features.double(), *arguments, squared=squared, **sizes)
    got = track_points_native(features, *arguments, squared=squared, **sizes)
    assert torch.equal(got, want)


def test_ties_and_nan(level):
    features, _, handles, sizes = scene("one", torch.float32)
    arguments = None, handles, torch.zeros(1, 48), torch.ones(1, dtype=torch.bool)
    square = square_offsets(4, CPU)
    flat = torch.ones_like(features)
    assert torch.equal(
        track_points_native(flat, *arguments, square, squared=True, **sizes), handles
    )
    lost = torch.full_like(features, torch.nan)
    assert torch.equal(
        track_points_native(lost, *arguments, square, squared=True, **sizes), handles
    )
    targets, active = handles + 9, torch.ones(1, dtype=torch.bool)
    settings = {"speed_px": 2.0, "stop_px": 1.0, **sizes}
    disc = disc_offsets(3, CPU)
    slope = supervise_native(lost, None, handles, targets, active, disc, **settings)
    assert slope.isnan().any()


def test_channels_without_a_kernel(level):
    features, _, handles, sizes = scene("one", torch.float32, channels=20)
    arguments = None, handles, torch.randn(1, 20), torch.ones(1, dtype=torch.bool)
    square = square_offsets(4, CPU)
    want = track_points_reference(features, *arguments, square, squared=False, **sizes)
    got = track_points_native(features, *arguments, square, squared=False, **sizes)
    assert torch.equal(got, want)


def test_taking_the_operations_over(level):
    """In a process of its own: it cannot be undone."""
    code = """
import torch
from draglive.kernels import disc_offsets, points_native, supervise
points_native.take_over()
calls = []
run = points_native._describe
points_native._describe = lambda *values: calls.append(1) or run(*values)
handles = torch.tensor([[8.0, 8.0]])
supervise(
    torch.randn(1, 16, 8, 8), None, handles, handles + 5, torch.ones(1, dtype=torch.bool),
    disc_offsets(2, handles.device), speed_px=2.0, stop_px=1.0, map_size=[8, 8],
    image_size=[16, 16],
)
assert calls
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
