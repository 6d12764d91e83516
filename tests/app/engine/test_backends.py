"""What the chooser takes, and what it remembers from one start to the next."""

import pytest

from draglive.app.engine import backends
from draglive.app.engine.backends import RunnerChooser
from draglive.app.engine.device import open_device
from draglive.stylegan2_jit.checkpoints import load_checkpoint
from draglive.stylegan2_jit.compile import BackendError, Cut
from draglive.stylegan2_jit.latents import seed_to_ws

from .reference_kernels import ReferenceKernels

CUT = Cut(3, 4)


@pytest.fixture
def proofs(monkeypatch, tmp_path):
    """Kernels that are there at once, an empty cache, and who was held against eager."""
    held = []

    def check(runner, *_):
        held.append(runner.name)

    monkeypatch.setattr(backends, "check_runner", check)
    monkeypatch.setattr(
        backends, "time_runners", lambda runners, *_: {r.name: len(r.name) for r in runners}
    )
    monkeypatch.setattr(backends, "at_once", lambda _: True)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    return held


@pytest.fixture
def start(proofs, monkeypatch, small_model):
    """Start as the program does, with kernels of that build."""

    def start(build="one", choice="auto"):
        checkpoint = load_checkpoint(small_model)
        kernels = ReferenceKernels(checkpoint.generator.synthesis)
        kernels.build = build
        monkeypatch.setattr(backends, "open_kernels", lambda _: kernels)
        device = open_device("cpu", "float32")
        ws = seed_to_ws(checkpoint.generator, 0)
        chooser = RunnerChooser(checkpoint, device, choice, ws, background=False)
        return chooser(CUT).name, chooser.reason

    return start


def test_kernels_are_proved_at_the_first_start_and_not_again(start, proofs):
    first, second = start(), start()
    assert first == second
    assert first == ("fused", "reference: fused 5.0 ms, eager 5.0 ms a step and picture")
    assert proofs == ["fused"]


@pytest.mark.parametrize("again", [{"build": "two"}, {"build": ""}, {"choice": "fused"}])
def test_other_kernels_and_those_asked_for_by_name_are_proved(start, proofs, again):
    start()
    assert start(**again)[0] == "fused"
    assert len(proofs) == 2


def test_what_failed_is_tried_again_at_the_next_start(start, monkeypatch):
    def check(*_):
        raise BackendError("back-end fused: its picture differs")

    with monkeypatch.context() as wrong:
        wrong.setattr(backends, "check_runner", check)
        assert start() == ("eager", "back-end fused: its picture differs")
    assert start()[0] == "fused"
