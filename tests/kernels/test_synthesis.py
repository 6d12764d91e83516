"""The windowed synthesis against the generator itself, and windows against the whole map."""

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from draglive.app.engine.fused import network_of
from draglive.kernels.synthesis import synthesize_features
from draglive.kernels.windows import plan_windows, window_origins

from ..stylegan2_jit import reference
from ..stylegan2_jit.models import generator_for, relative_error, tolerance
from .scenes import cut, put_back
from .test_windows import inside

ALWAYS = float("inf")
MODELS = {}  # by case, made once


def in_float64(part):
    """A network or one of its layers, computed in float64."""
    values = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
    for name, value in values.items():
        if isinstance(value, torch.Tensor):
            values[name] = value.double()
        elif isinstance(value, tuple):
            values[name] = tuple(map(in_float64, value))
    return type(part)(**values)


def model(case):
    """A generator, and its constants in float64."""
    if case not in MODELS:
        generator = generator_for(case)
        MODELS[case] = generator, in_float64(network_of(generator.synthesis))
    return MODELS[case]


def run(case, blocks, ws, *, handles, reach_px, cover):
    """The features of the first blocks, where the windows begin (if there are any), the plan."""
    generator, network = model(case)
    layers = network.layers[: network.layer_count(blocks)]
    plan = plan_windows(
        [(layer.up, layer.height, layer.width) for layer in layers],
        points=len(handles),
        reach_px=reach_px,
        image_height=generator.config.img_resolution,
        cover=cover,
    )
    origins = window_origins(plan, [layer.up for layer in layers], handles)
    return synthesize_features(network, ws, plan, origins), origins[-1], plan


def whole(case, blocks, ws):
    features, _, _ = run(case, blocks, ws, handles=torch.zeros(1, 2), reach_px=1.0, cover=0.0)
    return features


def random_ws(case):
    config = model(case)[0].config
    return torch.randn(config.num_ws, config.w_dim, dtype=torch.float64).requires_grad_()


@pytest.mark.parametrize("case", ["skip", "64 px", "narrow", "clamped"])
def test_the_whole_map_is_the_generators(case):
    """Values and the gradient to w, of every block, as near as the float32 constants are."""
    generator, _ = model(case)
    state, ws = reference.float64_state(generator), random_ws(case)
    noise, clamp = reference.const_noise(state), generator.config.conv_clamp
    papers, _ = reference.synthesis(state, ws[None], noise, clamp)
    ours = generator.synthesis.features(ws[None].float(), 64)
    for blocks, (paper, own) in enumerate(zip(papers, ours, strict=True), start=1):
        features = whole(case, blocks, ws)
        assert features.dtype == torch.float64
        assert relative_error(features, paper) <= tolerance(generator)
        assert relative_error(own, features) <= tolerance(generator)
        pull = torch.randn_like(features)
        (got,) = torch.autograd.grad(features, ws, pull)
        (want,) = torch.autograd.grad(paper, ws, pull, retain_graph=True)
        assert relative_error(got, want) <= 2 * tolerance(generator)  # there and back


def test_noise_and_clamp_are_tried():
    """The generators above are noisy and reach their clamp, or the tests would say nothing."""
    _, network = model("clamped")
    assert all(layer.noise is not None and layer.noise.any() for layer in network.layers)
    features = whole("clamped", 4, random_ws("clamped"))
    assert (features.abs() == 0.8).any()
    assert (features.abs() < 0.8).any()


@st.composite
def views(draw):
    """A model, its feature block, and where on its pictures the handles are."""
    case = draw(st.sampled_from(["64 px", "narrow", "clamped"]))
    config = model(case)[0].config
    blocks = draw(st.integers(2, len(config.block_resolutions)))
    handle = st.tuples(inside(config.img_width), inside(config.img_resolution))
    count = draw(st.sampled_from([1, 2, 4]))
    handles = torch.tensor(draw(st.lists(handle, min_size=count, max_size=count)))
    if draw(st.booleans()):
        handles[-1] = handles[0] + 0.25  # overlapping
    return case, blocks, handles, draw(st.sampled_from([1.0, 2.5, 5.0, 11.0]))


@given(views(), st.sampled_from([0.25, 0.5, 1.0, ALWAYS]), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_windows_equal_the_whole_map(view, cover, seed):
    """Features and dL/dw in float64: only the order of sums differs."""
    torch.manual_seed(seed)
    case, blocks, handles, reach_px = view
    ws = random_ws(case)
    want = whole(case, blocks, ws)
    got, origins, plan = run(case, blocks, ws, handles=handles, reach_px=reach_px, cover=cover)
    pull = torch.randn_like(got)
    if plan.windowed:
        there = cut(want, origins, plan.makes[-1].height)
        beyond = cut(torch.ones_like(want), origins, plan.makes[-1].height) == 0
        assert not got[beyond].any()
        pull_of_map = put_back(pull, origins, want.shape[2:])
    else:
        there, pull_of_map = want, pull
    assert (got - there).abs().max() <= 1e-12 * want.abs().max()
    (slope,) = torch.autograd.grad(got, ws, pull)
    (want_slope,) = torch.autograd.grad(want, ws, pull_of_map)
    # of the terms' size rather than the sum's, which pulls of all signs may cancel
    assert (slope - want_slope).abs().max() <= 1e-11 * want_slope.abs().max().clamp(min=1e-3)


@pytest.mark.parametrize("case", ["64 px", "narrow"])
def test_a_point_far_away_changes_nothing_in_the_others_windows(case):
    """Bitwise: windows are computed each for itself, with as many of them."""
    ws = random_ws(case)
    here, there = torch.tensor([[3.0, 5.0], [9.0, 20.0]]), torch.tensor([[3.0, 5.0], [0.0, 31.0]])
    first, _, plan = run(case, 4, ws, handles=here, reach_px=2.0, cover=ALWAYS)
    second, _, _ = run(case, 4, ws, handles=there, reach_px=2.0, cover=ALWAYS)
    assert plan.windowed
    assert torch.equal(first[0], second[0])
