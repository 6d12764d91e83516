"""Each back-end against float64, and the check that guards against wrong ones."""

import importlib.util
import shutil
from dataclasses import replace

import pytest
import torch

from draglive.stylegan2_jit.compile import (
    BACKENDS,
    BackendError,
    Cut,
    build_backend,
    compiler_missing,
    count_blocks,
    run_once,
    self_check,
    time_backends,
)

from . import reference
from .models import generator_for, relative_error, tolerance

CPU = torch.device("cpu")
BLOCKS = 2
FREE = 64  # all of w+
# torch.compile and TorchScript warn of their own parts
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


@pytest.fixture(scope="module")
def generator():
    return generator_for("skip")


@pytest.fixture(scope="module")
def ws(generator):
    torch.manual_seed(3)
    return torch.randn(1, generator.config.num_ws, generator.config.w_dim)


@pytest.fixture(scope="module")
def built(generator):
    """Every back-end that this machine can build, by name; compiling happens once."""
    names = [name for name in BACKENDS if name != "compile" or not compiler_missing(CPU)]
    return {name: build_backend(name, generator.synthesis, Cut(BLOCKS, FREE)) for name in names}


@pytest.fixture
def eager(built):
    return built["eager"]


@pytest.mark.timeout(300)  # compiling from cold caches on two busy cores
@pytest.mark.parametrize("name", BACKENDS)
def test_a_back_end_matches_float64(name, built, generator, ws):
    if name not in built:
        pytest.skip(compiler_missing(CPU))
    state = reference.float64_state(generator)
    leaf = ws.double().requires_grad_()
    activations, picture = reference.synthesis(state, leaf, reference.const_noise(state))
    truth = activations[BLOCKS - 1]
    (gradient,) = torch.autograd.grad(truth.mean(), leaf)
    bound = tolerance(generator)
    for _ in range(3):  # TorchScript runs other code from its third call on
        got = run_once(built[name], ws)
        assert relative_error(got[0], truth) < bound
        assert relative_error(got[1], gradient) < 2 * bound  # there and back
        assert relative_error(got[2], picture) < bound


@pytest.mark.timeout(300)
def test_every_back_end_passes_its_check_and_is_timed(built, eager, ws):
    for backend in built.values():
        self_check(backend, eager, ws)
    times = time_backends(list(built.values()), ws, rounds=2)
    assert set(times) == set(built)
    assert all(0 < ms < 10_000 for ms in times.values())
    with torch._dynamo.config.patch(error_on_recompile=True):  # another picture, the same code
        run_once(built["compile"], ws.flip(1)) if "compile" in built else None


def scaled(tensors, factor):
    return [tensor * factor for tensor in tensors]


@pytest.mark.parametrize(
    ("what", "spoil"),
    [
        ("features", lambda x: {"features": lambda ws: scaled(x.features(ws), 1.1)}),
        ("features", lambda x: {"features": lambda ws: scaled(x.features(ws), torch.nan)}),
        (
            "gradient",  # the right features, with a tenth too much gradient
            lambda x: {"features": lambda ws: x.features(ws + 0.1 * (ws - ws.detach()))},
        ),
        ("gradient", lambda x: {"features": lambda ws: x.features(ws * 0 + ws.detach())}),
        ("picture", lambda x: {"picture": lambda a, ws: x.picture(a, ws.flip(1))}),
        ("picture", lambda x: {"picture": lambda a, ws: x.picture(a, ws).fill_(torch.nan)}),
        ("picture", lambda x: {"picture": lambda a, ws: x.picture(a, ws).fill_(torch.inf)}),
    ],
)
def test_a_wrong_back_end_fails_its_check(what, spoil, eager, ws):
    wrong = replace(eager, name="compile", **spoil(eager))
    with pytest.raises(BackendError, match=f"^back-end compile: its {what} differ from eager's by"):
        self_check(wrong, eager, ws)


def test_a_missing_compiler_is_named(monkeypatch, generator):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert compiler_missing(CPU) == "no C++ compiler"
    with pytest.raises(BackendError, match=r"^back-end compile: no C\+\+ compiler$"):
        build_backend("compile", generator.synthesis, Cut(BLOCKS, FREE))


@pytest.mark.parametrize("compiler", ["g++", "clang++", "cl"])
def test_any_known_compiler_is_enough(compiler, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: name if name == compiler else None)
    assert compiler_missing(CPU) is None


def test_a_card_needs_triton_alone(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for spec, reason in ((None, "Triton is not installed"), (object(), None)):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name, spec=spec: spec)
        assert compiler_missing(torch.device("cuda")) == reason


@pytest.mark.parametrize("resolution", [4, 8, 32, 64, 128])
def test_blocks_are_counted_up_to_the_feature_map(resolution, generator):
    heights = [4, 8, 16, 32, 64, 128, 256]
    assert count_blocks(resolution) == len([h for h in heights if h <= resolution])
