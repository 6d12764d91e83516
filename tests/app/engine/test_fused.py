"""Dragging with windows and hand-written gradients is dragging, step by step."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from draglive.app.engine import types as t
from draglive.app.engine.device import open_device
from draglive.app.engine.editor import Editor
from draglive.app.engine.fused import FusedRunner, network_of
from draglive.app.engine.runners import AutogradRunner
from draglive.app.engine.selfcheck import check_runner, time_runners
from draglive.stylegan2_jit.compile import BackendError, Cut, build_backend
from draglive.stylegan2_jit.config import GeneratorConfig
from draglive.stylegan2_jit.latents import seed_to_ws
from draglive.stylegan2_jit.networks import Generator

from .reference_kernels import ReferenceKernels

SIZE = [32, 32]
A = t.DragPoint(1, t.Point(10, 12), t.Point(20, 12))
B = t.DragPoint(2, t.Point(22.5, 20.25), t.Point(22.5, 14))
CORNER = t.DragPoint(3, t.Point(31, 0), t.Point(20, 8))
LOW = t.DragPoint(4, t.Point(6, 26), t.Point(12, 22))


@pytest.fixture
def kernels(checkpoint):
    return ReferenceKernels(checkpoint.generator.synthesis)


@pytest.fixture
def fused_editor(checkpoint, kernels):
    network = network_of(checkpoint.generator.synthesis)
    runners = {}

    def choose(cut):
        if cut not in runners:
            runners[cut] = FusedRunner(network, cut, SIZE, kernels)
        return runners[cut]

    return Editor(checkpoint, open_device("cpu", "float32"), choose, seed=1)


def path(editor, steps):
    """Where points are; how like their patches still are is rounded: it is no whole pixel."""
    seen = [editor.points(editor.step()) for _ in range(steps)]
    return [tuple(replace(p, trust=round(p.trust, 4)) for p in points) for points in seen]


def small_reach(editor):
    config = editor.state.config
    values = {name: getattr(config, name) for name in config.__dataclass_fields__}
    values |= {"track_radius_px": 2, "motion_radius_px": 1.0}
    editor.apply(t.SetConfig(t.DragConfig(**values)))


@pytest.mark.parametrize("points", [[A], [A, B], [A, B, CORNER, LOW]], ids=len)
def test_handles_and_w_go_where_the_whole_map_sends_them(editor, fused_editor, kernels, points):
    for each in (editor, fused_editor):
        small_reach(each)
        for point in points:
            each.apply(t.AddPoint(point))
    for whole, windowed in zip(path(editor, 12), path(fused_editor, 12), strict=True):
        assert whole == windowed
    assert torch.allclose(editor.ws, fused_editor.ws, atol=1e-4)
    assert any(made.plan.windowed for made in kernels.made) == (len(points) < 4)


def test_a_mask_wants_the_whole_map(editor, fused_editor, kernels):
    mask = np.zeros((32, 32), np.float32)
    mask[:, 16:] = 1
    for each in (editor, fused_editor):
        small_reach(each)
        each.apply(t.AddPoint(A))
        each.step()
        each.apply(t.SetMask(mask))
    for whole, windowed in zip(path(editor, 5), path(fused_editor, 5), strict=True):
        assert whole == windowed
    assert not kernels.made[-1].plan.windowed


def test_a_handle_put_beyond_the_windows_is_looked_at_first(fused_editor):
    small_reach(fused_editor)
    fused_editor.apply(t.AddPoint(A))
    path(fused_editor, 2)
    fused_editor.apply(t.MoveHandle(1, t.Point(28, 28)))
    before = fused_editor.ws.clone()
    (state,) = fused_editor.points(fused_editor.step())
    assert abs(state.handle.x - 28) <= 2
    assert abs(state.handle.y - 28) <= 2
    assert not torch.equal(before, fused_editor.ws)


def test_fixed_layers_are_folded_once_a_picture(fused_editor, kernels):
    small_reach(fused_editor)
    fused_editor.apply(t.AddPoint(A))
    path(fused_editor, 3)
    assert kernels.made[-1].folds == 1
    fused_editor.apply(t.SetTruncation(0.5))
    path(fused_editor, 3)
    assert kernels.made[-1].folds == 2


def test_a_larger_search_makes_larger_windows(fused_editor, kernels):
    small_reach(fused_editor)
    fused_editor.apply(t.AddPoint(A))
    path(fused_editor, 2)
    config = fused_editor.state.config
    values = {name: getattr(config, name) for name in config.__dataclass_fields__}
    fused_editor.apply(t.SetConfig(t.DragConfig(**{**values, "track_radius_px": 9})))
    path(fused_editor, 2)
    assert kernels.made[-1].plan.reach_px > 9


@pytest.fixture
def pair(checkpoint, kernels):
    """The two runners of one cut, and w+."""
    synthesis, cut = checkpoint.generator.synthesis, Cut(3, 4)
    fused = FusedRunner(network_of(synthesis), cut, SIZE, kernels)
    eager = AutogradRunner(build_backend("eager", synthesis, cut), SIZE)
    return fused, eager, seed_to_ws(checkpoint.generator, 3)


def test_a_right_runner_passes_and_is_timed(pair):
    fused, eager, ws = pair
    check_runner(fused, eager, ws, SIZE)
    times_ms = time_runners([fused, eager], ws, SIZE)
    assert set(times_ms) == {"fused", "eager"}
    assert min(times_ms.values()) > 0


@pytest.mark.parametrize(
    ("method", "spoil", "what"),
    [
        ("forward", lambda x: x * 1.1, "features"),
        ("forward", lambda x: x * torch.nan, "features"),
        ("backward", lambda x: -x, "gradient"),
    ],
)
def test_a_wrong_runner_is_named(pair, kernels, monkeypatch, method, spoil, what):
    fused, eager, ws = pair
    right = getattr(type(fused._kernels.features(fused.network, None, 4)), method)
    monkeypatch.setattr(
        "tests.app.engine.reference_kernels.ReferenceFeatures." + method,
        lambda *arguments: spoil(right(*arguments)),
    )
    with pytest.raises(BackendError, match=f"fused: its {what} differ from eager's"):
        check_runner(fused, eager, ws, SIZE)


def test_residual_networks_are_refused():
    config = GeneratorConfig(
        z_dim=8, w_dim=8, img_resolution=32, channel_base=128, channel_max=8, architecture="resnet"
    )
    with pytest.raises(BackendError, match="'skip' networks only"):
        network_of(Generator(config).synthesis)
