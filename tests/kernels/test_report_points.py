"""The points' report: reference against loops in float64, the card's twin against the reference."""

import numpy as np
import pytest
import torch

from draglive.kernels import report_points, sample_bilinear
from draglive.kernels.report_points import report_points_reference

from . import truth
from .scenes import border_points, cut, feature_map, windows_around

MAP, IMAGE = (8, 12), (32, 48)
SIZES = {"map_size": list(MAP), "image_size": list(IMAGE)}
STOP_PX = 0.5


def scene(channels=16, dtype=torch.float32):
    """Features, and per point: handle, target, active, fresh, reference; w+."""
    features = feature_map(channels, MAP, dtype, torch.channels_last)
    handles = border_points(IMAGE)
    targets = handles.flip(0) * 0.5
    targets[1] = handles[1] + 0.25  # arrived
    active = torch.arange(len(handles)) != 2
    fresh = torch.arange(len(handles)) == 3
    references = torch.randn(len(handles), channels)
    references[4] = 0.0
    here = sample_bilinear(features, handles, list(IMAGE))
    references[5] = here[5].float() + 0.1  # nearly what is there
    return features, [handles, targets, active, fresh, references], torch.randn(1, 5, 300)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_the_reference_is_the_truth(dtype):
    features, points, ws = scene(dtype=dtype)
    got = report_points_reference(features, None, *points, ws, stop_px=STOP_PX, **SIZES)
    want = truth.report_points(truth.array(features), map(truth.array, points), IMAGE, STOP_PX)
    assert got.dtype == torch.float32
    np.testing.assert_allclose(got, want, atol=1e-5)
    assert 0.9 < got[5, 4] < 1
    assert set(got[:, 3].tolist()) == {0.0, 1.0}


def test_without_references_all_is_trusted():
    features, points, ws = scene()
    points[4] = points[4][:, :0]
    got = report_points(features, None, *points, ws, stop_px=STOP_PX, **SIZES)
    assert (got[:, 4] == 1).all()


@pytest.fixture
def twin():
    pytest.importorskip("triton")
    from draglive.kernels.report_points_triton import report_points_triton

    return report_points_triton


@pytest.mark.parametrize("windowed", [False, True], ids=["map", "windows"])
@pytest.mark.parametrize(
    ("dtype", "channels"),
    [(torch.float32, 16), (torch.float16, 48), (torch.bfloat16, 32), (torch.float64, 5)],
    ids=str,
)
def test_the_twin_reports_the_same(dtype, channels, windowed, device, twin):
    features, points, ws = scene(channels, dtype)
    origins = None
    if windowed:
        origins, size = windows_around(points[0], 2.0, MAP, IMAGE)
        features = cut(features, origins, size, beyond=torch.nan)
    rates = {"stop_px": STOP_PX, **SIZES}
    want = report_points_reference(features, origins, *points, ws, **rates)
    there = [None if origins is None else origins.to(device), *(t.to(device) for t in points)]
    got = twin(features.to(device), *there, ws.to(device), **rates)
    torch.testing.assert_close(got.cpu(), want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("lost", [torch.nan, torch.inf])
def test_lost_numbers_show_in_the_distance(lost, device, twin):
    features, points, ws = scene()
    points[0][6] = torch.nan
    ws[0, 3, 7] = lost
    there = [each.to(device) for each in (*points, ws)]
    got = twin(features.to(device), None, *there, stop_px=STOP_PX, **SIZES).cpu()
    assert got[:, 2].isnan().all()
    assert got[6, :2].isnan().all()
    assert got[:, 3:].isfinite().all()
