"""Verdicts: kept, found again, distrusted; and the child that reaches them."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from draglive.stylegan2_jit.calibrate import (
    Calibration,
    Setting,
    Verdict,
    calibrate,
    read_verdict,
    write_verdict,
)
from draglive.stylegan2_jit.checkpoints import CheckpointError, save_generator
from draglive.stylegan2_jit.compile import BackendError

from .models import generator_for

ROOT = Path(__file__).parents[2]
VERDICT = Verdict({"eager": 12.5, "script": 9.25}, {"compile": "no C++ compiler"})


@pytest.fixture
def setting(tmp_path, monkeypatch):
    """A tiny model, a cache folder of its own, and children that import this checkout."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "draglive").symlink_to(ROOT, target_is_directory=True)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    model = tmp_path / "model.safetensors"
    save_generator(generator_for("skip"), model, name="toys", drag_preset={}, licence="MIT")
    return Setting(str(model), "cpu", "float32", 16, 6)


def test_a_verdict_is_found_again(setting):
    assert read_verdict(setting) is None
    write_verdict(setting, VERDICT)
    assert read_verdict(setting) == VERDICT
    assert list(setting.cache_file().parent.iterdir()) == [setting.cache_file()]


def test_a_verdict_says_what_is_fastest_and_why():
    assert VERDICT.fastest == "script"
    assert VERDICT.reason() == "eager 12.5 ms, script 9.2 ms, no compile: no C++ compiler"


@pytest.mark.parametrize(
    "change", [{"dtype": "bfloat16"}, {"feature_resolution": 32}, {"model": __file__}]
)
def test_a_verdict_is_for_one_setting(change, setting):
    write_verdict(setting, VERDICT)
    assert read_verdict(replace(setting, **change)) is None


def test_a_verdict_ends_with_its_model(setting):
    write_verdict(setting, VERDICT)
    os.utime(setting.model, (1, 1))
    assert read_verdict(setting) is None
    Path(setting.model).unlink()
    assert read_verdict(setting) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[1, 2]",
        b"\xff\xfe",
        b'{"times_ms": {}, "refused": {}}',
        b'{"times_ms": {"eager": 1.0}}',
        b'{"times_ms": {"eager": 1.0, "tpu": 0.1}, "refused": {}}',
        b'{"times_ms": ["eager"], "refused": {}}',
        b'{"times_ms": {"eager": 1.0, "script": "fast"}, "refused": {}}',
        b'{"times_ms": {"eager": 1.0, "script": NaN}, "refused": {}}',
        b'{"times_ms": {"eager": 1.0}, "refused": ["compile"]}',
    ],
)
def test_a_damaged_verdict_is_no_verdict(content, setting):
    write_verdict(setting, VERDICT)
    setting.cache_file().write_bytes(content)
    assert read_verdict(setting) is None


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_what_cannot_be_built_is_refused_with_its_reason(setting, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    verdict = calibrate(setting)
    assert set(verdict.times_ms) == {"eager", "script"}
    assert verdict.refused == {"compile": "back-end compile: no C++ compiler"}


def test_a_bad_model_is_no_verdict(setting):
    Path(setting.model).write_bytes(b"<html>")
    with pytest.raises(CheckpointError):
        calibrate(setting)


# --- The child ------------------------------------------------------------------------------------


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)
    return result


def test_a_child_measures_and_remembers(setting, monkeypatch):
    monkeypatch.setenv("PATH", "")  # no compiler: seconds instead of a minute
    monkeypatch.setenv("OMP_NUM_THREADS", str(torch.get_num_threads()))  # a verdict is for so many
    calibration = Calibration(setting)
    verdict = wait_for(calibration.poll)
    assert set(verdict.times_ms) == {"eager", "script"}
    assert verdict == read_verdict(setting)
    calibration.stop()


def test_a_child_that_fails_says_so(setting):
    Path(setting.model).write_bytes(b"<html>")
    calibration = Calibration(setting)
    with pytest.raises(BackendError, match=r"failed: .*a web page"):
        wait_for(calibration.poll)


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_stopping_ends_the_child_and_its_compilers(setting, tmp_path, monkeypatch):
    """A stand-in for Python starts what a compiler would be, and both wait for ever."""
    stand_in = tmp_path / "python"
    stand_in.write_text(f"#!/bin/sh\nsleep 90 &\necho $! > {tmp_path}/compiler\nwait\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(stand_in))
    calibration = Calibration(setting)
    wait_for(lambda: (tmp_path / "compiler").exists() and (tmp_path / "compiler").read_text())
    compiler = int((tmp_path / "compiler").read_text())
    assert calibration.poll() is None
    calibration.stop()
    calibration.stop()  # a second time does nothing
    wait_for(lambda: not alive(compiler), 5)
    with pytest.raises(BackendError, match="failed"):
        calibration.poll()


def alive(process):
    stat = Path(f"/proc/{process}/stat")
    if Path("/proc/self").exists():  # an orphan may stay a zombie where nothing reaps
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
