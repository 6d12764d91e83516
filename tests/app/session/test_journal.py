"""An edit written down by a live engine, read back, done again: bitwise."""

import random
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from draglive.app.engine import types as t
from draglive.app.engine.edit import EditState
from draglive.app.engine.engine import Engine, EngineOptions
from draglive.app.engine.history import fold
from draglive.app.engine.log import Checkpoint, Event, Resume
from draglive.app.replay import Replay, open_for_replay
from draglive.app.session.errors import FileError, InUseError, SessionFileError
from draglive.app.session.format import read_session
from draglive.app.session.journal import Journal
from draglive.app.session.locks import holding
from draglive.app.session.recovery import discard, find_unsaved, prune
from draglive.app.session.saving import DEFAULT_MODEL, find_model, save_session
from draglive.stylegan2_jit import checkpoints

FAR = t.DragPoint(2, t.Point(20, 20), t.Point(2, 2))
TIMEOUT_S = 20


def wait_for(condition, what):
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.005)
    raise AssertionError(f"not within {TIMEOUT_S} s: {what}")


@pytest.fixture
def told():
    return []


@contextmanager
def living(model, folder, told, edit=None, backend="eager"):
    journal = Journal(folder, told.append)
    options = EngineOptions(model, "cpu", "float32", backend, seed=1, background=False, edit=edit)
    engine = Engine(options, journal)
    engine.start()
    try:
        wait_for(engine.take_frame, "the first picture")
        yield engine, journal
    finally:
        engine.stop()
        journal.close()


def gestures(rng, count, first_id=1):
    """What a hand might post, as (command, pause in seconds)."""
    mask = np.zeros((32, 32), np.float32)
    ids = []
    for number in range(first_id, first_id + count):

        def place():
            return t.Point(rng.uniform(2, 29), rng.uniform(2, 29))

        match rng.randrange(9):
            case 0 | 1 | 2:
                ids.append(number)
                yield t.AddPoint(t.DragPoint(number, place(), place()))
            case 3 if ids:
                yield t.MoveTarget(rng.choice(ids), place())
            case 4 if ids:
                yield t.MoveHandle(rng.choice(ids), place())
            case 5:
                mask[rng.randrange(20) :] = rng.random()
                yield t.SetMask(mask.copy())
            case 6:
                yield rng.choice([t.Undo(), t.Redo(), t.GoTo(0)])
            case 7:
                yield t.SetTruncation(rng.uniform(0.5, 1))
            case _:
                yield rng.choice([t.ResetPicture(), t.SetSeed(number), t.EndGesture()])
        if rng.random() < 0.5:
            yield t.EndGesture()


def play(engine, rng, count, first_id=1):
    for command in gestures(rng, count, first_id):
        posted = engine.post(command)
        if rng.random() < 0.7:
            wait_for(lambda p=posted: engine.status().commands >= p, "the command")
            time.sleep(rng.uniform(0, 0.02))


def only_file(folder):
    (path,) = folder.glob("*.draglive")
    return path


def replayed(path, model):
    session = read_session(path)
    options = EngineOptions(model)
    editor, follow, chooser = open_for_replay(session.edit.origin, options)
    outcome = Replay(session.edit, editor, follow).run()
    chooser.close()
    return session, editor, outcome


@pytest.mark.parametrize("seed", range(2))
def test_a_live_edit_is_done_again_bitwise(small_model, tmp_path, told, seed):
    with living(small_model, tmp_path, told) as (engine, _):
        play(engine, random.Random(seed), 12)
    session, editor, outcome = replayed(only_file(tmp_path), small_model)
    assert (session.lost, session.ended, outcome.refused) == (0, True, 0)
    assert outcome.checkpoints >= 3
    assert outcome.first is None
    assert outcome.same_setup
    assert outcome.holds
    start = EditState(editor.model.size, editor.model.defaults, seed=1)
    folded = fold(start, [r for r in session.edit.records if isinstance(r, Event)])
    assert folded.edit.points == editor.state.points
    assert told == []


def test_an_edit_opened_again_goes_on_and_is_still_done_again_bitwise(small_model, tmp_path, told):
    rng = random.Random(5)
    with living(small_model, tmp_path / "1", told) as (engine, _):
        play(engine, rng, 8)
        history = wait_for(lambda: engine.status().history, "the history")
    session = read_session(only_file(tmp_path / "1"))
    origin = replace(session.edit.origin, path="/dev/zero")  # never read, nor written down again
    told_of = replace(session.edit, origin=origin)
    with living(small_model, tmp_path / "2", told, told_of) as (engine, journal):
        again = engine.status().history
        assert again.edit.points == history.edit.points
        assert len(again.states) == len(history.states)
        play(engine, rng, 8, first_id=100)
        save_session(journal.reach(), tmp_path / "saved.draglive")
    journal_file = only_file(tmp_path / "2")
    assert find_model(read_session(journal_file), journal_file, own=True) == small_model
    for path in (journal_file, tmp_path / "saved.draglive"):
        session, _, outcome = replayed(path, small_model)
        assert any(
            isinstance(r, Event) and isinstance(r.command, Resume) for r in session.edit.records
        )
        assert outcome.first is None


def test_a_file_without_its_end_is_offered_and_goes_on_where_it_was(small_model, tmp_path, told):
    """What `kill -9` leaves: everything told, and no last line."""
    with living(small_model, tmp_path, told) as (engine, _):
        engine.post(t.AddPoint(FAR))
        wait_for(lambda: engine.stats().steps > 30, "steps")
        engine.post(t.AddPoint(replace(FAR, id=3)))
        wait_for(lambda: engine.stats().steps > 60, "steps")
        assert find_unsaved(tmp_path) == []  # its program lives
    path = only_file(tmp_path)
    content = path.read_bytes()
    assert find_unsaved(tmp_path) == []  # it ended in order
    path.write_bytes(content.removesuffix(b'{"kind":"end"}\n')[:-40])
    (unsaved,) = find_unsaved(tmp_path)
    assert (unsaved.model, unsaved.seed, unsaved.path) == ("small", 1, path)
    session = read_session(path)
    assert session.lost == 1
    assert find_model(session, path, own=True) == small_model
    with living(small_model, tmp_path / "2", told, session.edit) as (engine, _):
        assert [p.id for p in engine.status().history.edit.points] == [2, 3]
        assert engine._editor.steps >= 30
    discard(path)
    assert find_unsaved(tmp_path) == []


def test_only_one_has_a_file_open(tmp_path):
    path = tmp_path / "a.draglive"
    refused = pytest.raises(InUseError, match="is open in another window")
    with holding(path), refused, holding(path):
        pass
    with holding(path):
        pass


def test_an_edit_of_nothing_leaves_no_file(small_model, tmp_path, told):
    with living(small_model, tmp_path, told):
        pass
    assert list(tmp_path.glob("*.draglive")) == []


def test_old_journals_that_ended_in_order_are_removed(small_model, tmp_path, told):
    with living(small_model, tmp_path, told) as (engine, _):
        engine.post(t.AddPoint(FAR))
        wait_for(lambda: engine.stats().steps > 3, "steps")
    first = only_file(tmp_path)
    for number in range(25):
        (tmp_path / f"0{number:02d}.draglive").write_bytes(first.read_bytes())
    prune(tmp_path)
    assert len(list(tmp_path.glob("*.draglive"))) == 20
    assert first.exists()


def test_a_saved_file_names_no_place_and_finds_its_model_beside_it(small_model, tmp_path, told):
    with living(small_model, tmp_path, told) as (engine, journal):
        engine.post(t.AddPoint(FAR))
        wait_for(lambda: engine.stats().steps > 3, "steps")
        with pytest.raises(FileError, match=r"must end in \.draglive, not '\.txt'"):
            save_session(journal.reach(), tmp_path / "a.txt")
        with pytest.raises(FileError, match="there is no folder"):
            save_session(journal.reach(), tmp_path / "none" / "a.draglive")
        saved = tmp_path / "mine" / "a.draglive"
        saved.parent.mkdir()
        save_session(journal.reach(saved_as=saved.name), saved)
    session = read_session(saved)
    assert session.edit.origin.path == "small.safetensors"
    with pytest.raises(SessionFileError, match="put it beside the session"):
        find_model(session, saved)
    beside = saved.with_name("small.safetensors")
    beside.write_bytes(small_model.read_bytes())
    assert find_model(session, saved) == beside
    beside.write_bytes(b"another")
    with pytest.raises(SessionFileError, match="is another file"):
        find_model(session, saved)


def test_the_default_model_is_the_default_model():
    assert DEFAULT_MODEL.samefile(checkpoints.DEFAULT_MODEL)


def test_saving_keeps_what_undo_needs_and_leaves_the_rest(small_model, tmp_path, told):
    with living(small_model, tmp_path, told) as (engine, journal):
        engine.post(t.AddPoint(FAR))
        time.sleep(2.2)
        engine.post(t.SetSeed(4))
        wait_for(lambda: engine.status().history.edit.seed == 4, "the seed")
        save_session(journal.reach(), tmp_path / "saved.draglive")
    records = read_session(tmp_path / "saved.draglive").edit.records
    kept = [r for r in records if isinstance(r, Checkpoint)]
    assert [c.left for c in kept] == [True, True]
    assert Path(tmp_path / "saved.draglive").stat().st_size < only_largest(tmp_path)


def only_largest(folder):
    return max(p.stat().st_size for p in folder.glob("*.draglive"))
