"""Faults in the middle of a drag: the engine lives, says so in a line, and the edit is whole."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from draglive.app.commands.window import session_files
from draglive.app.engine import loading, worker
from draglive.app.engine import types as t
from draglive.app.engine.backends import RunnerChooser
from draglive.app.engine.device import open_device
from draglive.app.engine.drag import Drag
from draglive.app.engine.edit import MAX_ONE_BY_ONE
from draglive.app.engine.log import Move
from draglive.app.engine.runners import AutogradRunner
from draglive.app.session.format import read_session
from draglive.app.session.saving import save_session
from draglive.stylegan2_jit.compile import BackendError

from ..app.session.test_journal import living, only_file, replayed, wait_for

FAR = t.DragPoint(2, t.Point(20, 20), t.Point(2, 2))


@pytest.fixture
def told():
    return []


def notice(engine):
    return getattr(engine.status(), "notice", "")


def after_steps(monkeypatch, owner, name, steps, fault, times=1):
    """Let a method misbehave from so many calls on."""
    real, calls = getattr(owner, name), [0]

    def patched(self, *args, **kwargs):
        calls[0] += 1
        if steps <= calls[0] < steps + times:
            return fault(real, self, *args, **kwargs)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(owner, name, patched)


def goes_on(engine):
    """Steps are done, and the picture is a picture."""
    posted = engine.post(t.MoveTarget(2, t.Point(28, 28)))
    wait_for(lambda: engine.status().commands >= posted, "the command")
    steps = engine.stats().steps
    wait_for(lambda: engine.stats().steps > steps + 5, "steps after the fault")
    assert isinstance(engine.status(), t.Ready)
    assert torch.isfinite(engine._editor.ws).all()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite(small_model, tmp_path, told, rng, monkeypatch, value):
    def overflow(real, self, *args):
        return real(self, *args) * value

    after_steps(monkeypatch, AutogradRunner, "gradient", rng.randrange(2, 90), overflow)
    with living(small_model, tmp_path, told) as (engine, _):
        step_size = engine.status().model.defaults.step_size
        engine.post(t.AddPoint(FAR))
        wait_for(lambda: "back to the last good picture" in notice(engine), "the notice")
        assert "half the step size" in notice(engine)
        assert engine.status().history.edit.config.step_size == step_size / 2
        goes_on(engine)
        assert [p.id for p in engine.status().history.edit.points] == [2]
    assert read_session(only_file(tmp_path)).lost == 0


def test_no_memory_on_the_device(small_model, tmp_path, told, rng, monkeypatch):
    def scarce(_real, _self, *_args):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    after_steps(monkeypatch, Drag, "step", rng.randrange(2, 90), scarce)
    with living(small_model, tmp_path, told) as (engine, _):
        engine.post(t.AddPoint(FAR))
        wait_for(lambda: "out of memory" in notice(engine), "the notice")
        goes_on(engine)
    session, _, outcome = replayed(only_file(tmp_path), small_model)
    assert session.lost == 0
    assert outcome.first is None  # the fault is over, its consequence is in the log


def test_memory_that_never_comes_back_ends_in_a_failure_that_undo_survives(
    small_model, tmp_path, told, rng, monkeypatch
):
    def scarce(_real, _self, *_args):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with living(small_model, tmp_path, told) as (engine, _):
        with monkeypatch.context() as patch:
            after_steps(patch, Drag, "step", rng.randrange(2, 20), scarce, times=10_000)
            engine.post(t.AddPoint(FAR))
            failed = wait_for(
                lambda: s if isinstance(s := engine.status(), t.Failed) else None, "the failure"
            )
            assert failed.error == "CUDA out of memory."
        engine.post(t.Undo())
        wait_for(lambda: isinstance(engine.status(), t.Ready), "the recovery")
        assert engine.status().history.edit.points == ()


def test_memory_that_is_scarce_makes_the_edit_do_with_less(
    small_model, tmp_path, told, rng, monkeypatch
):
    """First coarser pictures, then another device; here, another precision stands for one."""
    there, hows = open_device("cpu", "bfloat16"), []
    step, take_less = Drag.step, worker.Worker._take_less
    until, steps = rng.randrange(3, 30), itertools.count()

    def scarce_here(self, timers):
        if self._device.dtype == torch.float32 and next(steps) > until:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        step(self, timers)

    with monkeypatch.context() as patch:
        patch.setattr(
            worker.Worker, "_take_less", lambda self: hows.append(take_less(self)) or hows[-1]
        )
        patch.setattr(Drag, "step", scarce_here)
        patch.setattr(worker, "elsewhere", lambda d: (there,) if d.dtype == torch.float32 else ())
        with living(small_model, tmp_path, told, backend="fused") as (engine, _):
            engine._editor.runner.previews = 1  # small as they are
            engine.post(t.AddPoint(FAR))
            wait_for(lambda: f"on {there.name} in bfloat16" in notice(engine), "the notice")
            assert engine.status().backend.dtype == "bfloat16"
            goes_on(engine)
            assert [p.id for p in engine.status().history.edit.points] == [2]
            engine.post(t.Undo())
            wait_for(lambda: engine.status().history.edit.points == (), "the state before")
    assert hows == [
        "after freeing what could be freed",
        "with pictures of half the size",
        f"on {there.name} in bfloat16",
    ]
    session, _, outcome = replayed(only_file(tmp_path), small_model)
    assert session.lost == 0
    assert any(getattr(r, "command", None) == Move("cpu", "bfloat16") for r in session.edit.records)
    assert not outcome.same_setup


def test_scarce_memory_leads_to_a_lower_precision_before_another_device():
    card = replace(open_device("cpu", "float32"), on=torch.device("meta"))
    assert loading.elsewhere(card)[0].dtype == torch.bfloat16
    assert [d.on.type for d in loading.elsewhere(card)] == ["meta", "cpu"]
    lower = replace(card, dtype=torch.bfloat16)
    assert [d.on.type for d in loading.elsewhere(lower)] == ["cpu"]
    assert loading.elsewhere(open_device("cpu")) == ()


def test_a_lower_precision_without_room_either_leads_to_the_next_place(
    small_model, tmp_path, told, rng, monkeypatch
):
    first, last = open_device("cpu", "bfloat16"), open_device("cpu", "bfloat16")
    step, until, steps = Drag.step, rng.randrange(3, 30), itertools.count()

    def scarce_here(self, timers):
        if self._device.dtype == torch.float32 and next(steps) > until:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        step(self, timers)

    def crowded(editor, there):
        if there is first:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return loading.move(editor, there)

    monkeypatch.setattr(Drag, "step", scarce_here)
    monkeypatch.setattr(worker, "elsewhere", lambda _: (first, last))
    monkeypatch.setattr(worker, "move", crowded)
    with living(small_model, tmp_path, told) as (engine, _):
        engine.post(t.AddPoint(FAR))
        wait_for(lambda: f"on {last.name} in bfloat16" in notice(engine), "the notice")
        goes_on(engine)
        assert [p.id for p in engine.status().history.edit.points] == [2]
    assert read_session(only_file(tmp_path)).lost == 0


def test_ten_thousand_points(small_model, tmp_path, told):
    with living(small_model, tmp_path, told) as (engine, _):
        for number in range(10_000):
            place = t.Point(number % 32, number // 32 % 32)
            posted = engine.post(t.AddPoint(t.DragPoint(number, place, place)))
        wait_for(lambda: engine.status().commands >= posted, "the commands")
        assert f"at most {MAX_ONE_BY_ONE} points" in notice(engine)
        engine.post(t.ClearPoints())
        posted = engine.post(t.AddPoint(t.DragPoint(99_999, t.Point(5, 5), t.Point(9, 9))))
        wait_for(lambda: engine.status().commands >= posted, "the commands")
        assert len(engine.status().history.edit.points) == 1


@pytest.mark.parametrize(
    "mask", [np.zeros((0, 0), np.float32), np.ones((5000, 5000), np.float32), np.float32(1)]
)
def test_masks_of_nothing_and_huge_ones(small_model, tmp_path, told, mask):
    with living(small_model, tmp_path, told) as (engine, _):
        engine.post(t.AddPoint(FAR))
        engine.post(t.SetMask(np.asarray(mask)))
        wait_for(lambda: "they must agree" in notice(engine), "the notice")
        goes_on(engine)
        assert engine.status().history.edit.mask is None


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"another")])
def test_a_model_file_that_goes_or_changes_while_it_is_open(small_model, tmp_path, told, spoil):
    gone = tmp_path / "model" / "gone.safetensors"
    gone.parent.mkdir()
    gone.write_bytes(small_model.read_bytes())
    with living(gone, tmp_path, told) as (engine, _):
        spoil(gone)
        engine.post(t.AddPoint(FAR))
        wait_for(lambda: engine.stats().steps > 3, "steps")
        goes_on(engine)
    assert replayed(only_file(tmp_path), small_model)[2].first is None


def test_two_windows_on_one_session_file(small_model, tmp_path, told, capsys):
    """The second works on a copy: it is told so, and saving does not go to the first one's file."""
    with living(small_model, tmp_path / "journals", told) as (engine, journal):
        engine.post(t.AddPoint(FAR))
        wait_for(lambda: engine.stats().steps > 3, "steps")
        mine = tmp_path / "mine.draglive"
        save_session(journal.reach(), mine)
    (tmp_path / small_model.name).write_bytes(small_model.read_bytes())
    with session_files(mine) as (_, first, to_save), session_files(mine) as (_, second, nowhere):
        assert (to_save, nowhere) == (mine, None)
        assert len(first.records) == len(second.records)
    assert "is open in another window" in capsys.readouterr().err
    assert read_session(mine).lost == 0


def test_a_back_end_that_cannot_be_built_in_the_middle_of_a_drag(
    small_model, tmp_path, told, rng, monkeypatch
):
    def broken(*_args, **_kwargs):
        raise BackendError("back-end fused: the compiler ran out of space")

    with living(small_model, tmp_path, told, backend="auto") as (engine, _):
        engine.post(t.AddPoint(FAR))
        until = rng.randrange(2, 30)
        wait_for(lambda: engine.stats().steps > until, "steps")
        monkeypatch.setattr(RunnerChooser, "_make_fused", broken)
        config = engine.status().history.edit.config
        engine.post(t.SetConfig(replace(config, feature_resolution=8)))  # another cut
        wait_for(lambda: "the compiler ran out of space" in notice(engine), "the notice")
        assert notice(engine).startswith("stays on eager")
        assert engine.status().backend.name == "eager"
        goes_on(engine)
    assert replayed(only_file(tmp_path), small_model)[0].lost == 0
