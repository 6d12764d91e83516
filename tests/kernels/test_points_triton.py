"""The card's twins of the operations on points and of Adam, against their references."""

import pytest
import torch

from draglive.kernels import disc_offsets, square_offsets
from draglive.kernels.adam import adam_reference
from draglive.kernels.supervise import supervise_reference
from draglive.kernels.track_points import track_points_reference

from .networks import error

pytest.importorskip("triton")

from draglive.kernels import points_triton
from draglive.kernels.adam_triton import adam_triton
from draglive.kernels.points_triton import supervise_triton, track_points_triton

CPU = torch.device("cpu")
SIZES = {"map_size": [16, 24], "image_size": [32, 48]}
RATES = {"speed_px": 1.5, "stop_px": 0.5}
HANDLES = torch.tensor([[9.25, 20.5], [0.0, 31.0], [47.0, -0.25], [22.0, 11.0]])
TARGETS = torch.tensor([[15.0, 17.0], [4.0, 31.0], [47.0, 0.0], [22.5, 11.25]])
ACTIVE = torch.tensor([True, True, True, False])
# dtype, channels, whether the map is stored channel by channel
KINDS = [
    (torch.float32, 32, False),
    (torch.float16, 16, True),
    (torch.float32, 20, True),  # no kernel: the reference
    (torch.float64, 16, False),
]


def features_of(dtype, channels, rows_first, device):
    features = torch.randn(1, channels, 16, 24, device=device).to(dtype)
    return features if rows_first else features.to(memory_format=torch.channels_last)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_supervision(kind, device):
    features = features_of(*kind, device)
    points = [each.to(device) for each in (HANDLES, TARGETS, ACTIVE, disc_offsets(3, CPU))]
    want = supervise_reference(features.double(), None, *points, **RATES, **SIZES)
    got = supervise_triton(features, None, *points, **RATES, **SIZES)
    assert got.dtype == features.dtype
    assert got.shape == features.shape
    assert got.is_contiguous(memory_format=torch.channels_last)
    assert error(got, want) < (2e-3 if kind[0] == torch.float16 else 1e-5)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_tracking(kind, device):
    features = features_of(*kind, device)
    handles, references = HANDLES.to(device), torch.randn(4, kind[1], device=device)
    rest = references, ACTIVE.to(device), square_offsets(3, CPU).to(device)
    want = track_points_reference(features.double(), None, handles, *rest, squared=False, **SIZES)
    got = track_points_triton(features, None, handles, *rest, squared=False, **SIZES)
    assert torch.equal(got, want.float())
    assert torch.equal(handles.cpu(), HANDLES)


@pytest.mark.parametrize("live", [1.0, 0.0], ids=["moving", "arrived"])
def test_adam(live, device):
    shape = 1, 5, 40
    ours = [torch.randn(shape, device=device), *torch.zeros(2, *shape, device=device)]
    ours.append(torch.zeros([], device=device))
    theirs = [tensor.clone() for tensor in ours]
    rows = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0], device=device)[:, None]
    fixed = torch.tensor(0.01, device=device), rows, torch.tensor(live, device=device)
    for _ in range(3):
        gradient = torch.randn(shape, device=device)
        adam_triton(ours[0], gradient, *ours[1:], *fixed)
        adam_reference(theirs[0], gradient, *theirs[1:], *fixed)
    for got, want in zip(ours, theirs, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-8)


@pytest.mark.gpu
def test_the_operations_are_theirs_on_a_card(monkeypatch):
    points_triton.take_over()
    calls = []
    monkeypatch.setattr(points_triton, "covers", lambda features: calls.append(1))
    on = torch.device("cuda")
    points = [each.to(on) for each in (HANDLES, TARGETS, ACTIVE, disc_offsets(3, CPU))]
    torch.ops.draglive.supervise(
        features_of(torch.float32, 16, False, on), None, *points, **RATES, **SIZES
    )
    assert calls
