"""Each benchmark of speed in a tiny configuration: consistent, and able to say no."""

import re
import subprocess
from dataclasses import replace

import pytest
import torch

from draglive.benchmarks import ceilings, kernels, revisions, scaling, step
from draglive.benchmarks.ceilings import Ceilings, Work
from draglive.benchmarks.errors import BenchmarkError
from draglive.benchmarks.machine import ROOT, commit
from draglive.benchmarks.memory import peak_memory
from draglive.stylegan2_jit.compile import BackendError

in_git = pytest.mark.skipif(commit(ROOT) is None, reason="needs a git checkout")


def test_steps_are_told_by_every_axis(cpu, small, monkeypatch):
    monkeypatch.setattr(ceilings, "SIDE", 256)
    monkeypatch.setattr(ceilings, "COPIED_BYTES", 1 << 20)
    found = step.measure(cpu, [small], ["eager"], [1], dtypes=["float32", "bfloat16"], turns=2)
    keys = [(c["dtype"], c["points"], c["masked"]) for c in found.cases]
    assert keys == [(d, 1, m) for d in ("float32", "bfloat16") for m in (False, True)]
    assert len({c["name"] for c in found.cases}) == len(keys)
    for case in found.cases:
        assert case["step"]["count"] == 2 * step.STEPS_PER_TURN
        assert case["stages"]["step"]["count"] == 4 * step.STEPS_PER_TURN
        assert case["steps_per_second"] == pytest.approx(1e3 / case["stages"]["step"]["p50_ms"])
        assert case["rates"]["teraflops"] == pytest.approx(
            case["work"]["flops"] / case["stages"]["step"]["p50_ms"] / 1e9
        )
        assert case["floor_ms"] < case["stages"]["step"]["p50_ms"]  # nothing beats the machine
    assert found.machine["device"] == cpu.name
    assert set(found.facts) == {"best seen, float32", "best seen, bfloat16"}


def test_a_floor_is_the_larger_of_two():
    best = Ceilings(teraflops=2.0, gigabytes_per_s=10.0)
    assert best.floor_ms(Work(4e9, 1e6, 0)) == pytest.approx(2.0)
    assert best.floor_ms(Work(4e9, 1e8, 0)) == pytest.approx(10.0)
    assert Work(4e9, 1e6, 3e6).rates(2.0) == {"teraflops": 2.0, "gigabytes_per_s": 2.0}


def test_peak_memory_is_what_was_added(cpu):
    before = torch.ones(10_000_000)
    with peak_memory(cpu) as peak:
        torch.ones(25_000_000)  # 100 MB, gone at once
    assert peak.megabytes == pytest.approx(100, rel=0.1)
    with peak_memory(cpu) as peak:
        before += 1
    assert peak.megabytes < 20


@pytest.fixture
def fused_operations(cpu, small):
    try:
        return kernels.list_operations(cpu, small, 2)
    except BackendError as error:
        pytest.skip(str(error))


def test_kernels_are_held_against_their_truth(cpu, small, fused_operations):
    found = kernels.measure(cpu, small, points=2, turns=2)
    assert [c["name"] for c in found.cases] == [op.name for op in fused_operations]
    for case in found.cases:
        assert case["ratio"] == pytest.approx(case["reference"]["p50_ms"] / case["fused"]["p50_ms"])
        assert case["error"] <= max(2 * case["reference_error"], 1e-5), case["name"]


def test_a_wrong_kernel_shows(fused_operations):
    operation = fused_operations[0]
    wrong = replace(operation, fused=lambda: operation.fused() * 1.5)
    assert kernels._describe(wrong, [1.0], [1.0])["error"] == pytest.approx(0.5, rel=1e-3)


def test_scaling_covers_its_axes(cpu, monkeypatch):
    monkeypatch.setattr(scaling, "POINTS", (1, 4))
    monkeypatch.setattr(scaling, "CHANNELS", (4, 8))
    monkeypatch.setattr(scaling, "BATCHES", (1, 2))
    monkeypatch.setattr(
        scaling,
        "random_model",
        lambda resolution, channel_max=16, channel_base=512: replace(
            scaling_config(), img_resolution=resolution, channel_max=min(channel_max, 16)
        ),
    )
    found = scaling.measure(cpu, most=64, turns=1)
    assert {c["axis"]: 0 for c in found.cases}.keys() == found.facts.keys()
    assert [c["x"] for c in found.cases if c["axis"] == "resolution"] == [32, 64]


def scaling_config():
    from .conftest import SMALL

    return SMALL


def test_an_exponent_is_found():
    cases = [{"x": x, "time": {"p50_ms": 3.0 + 0.01 * x**2}} for x in (1, 2, 64, 128, 256)]
    assert scaling.fit(cases)["exponent"] == pytest.approx(2, abs=0.1)
    assert scaling.fit(cases)["r2"] > 0.99


@in_git
def test_a_revision_against_itself(small_model_file):
    plan = revisions.Plan(small_model_file, "cpu", "float32", ("eager",), (1,))
    before = worktrees()
    found = revisions.compare("HEAD", plan, 2)
    assert worktrees() == before
    assert [c["name"] for c in found.cases] == [
        f"eager, 1 point{mask}: {what}" for mask in ("", ", mask") for what in ("step", "picture")
    ]
    for case in found.cases:
        assert case["ratio"] == pytest.approx(case["here"]["p50_ms"] / case["base"]["p50_ms"])
    assert found.settings["base_commit"] == commit(ROOT).rstrip("+")


@in_git
def test_bad_revisions_are_one_line(tmp_path):
    plan = revisions.Plan(tmp_path / "none.safetensors", "cpu", "float32", ("eager",), (1,))
    with pytest.raises(BenchmarkError, match="knows no 'nowhere"):
        revisions.compare("nowhere", plan, 1)
    with pytest.raises(BenchmarkError, match=re.escape("none.safetensors: there is no such file")):
        revisions.compare("HEAD", plan, 1)


def worktrees():
    listed = ["git", "-C", str(ROOT), "worktree", "list"]
    return subprocess.run(listed, capture_output=True, text=True, check=True).stdout.count("\n")
