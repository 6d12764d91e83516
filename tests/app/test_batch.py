"""An edit on many seeds: what is applied, what is made anew, and what a lost worker costs."""

import functools
import json
import os
import random
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from draglive.app.batch import NOTES, Batch, Edit, Task, Terms, lanes_for
from draglive.app.engine import types as t
from draglive.app.engine.course import course_of, follow
from draglive.app.engine.edit import EditState
from draglive.app.engine.loading import EngineOptions, load_editor
from draglive.app.engine.log import EventList, SavedEdit
from draglive.app.engine.rerun import advance_to
from draglive.app.session.errors import FileError, InUseError
from draglive.app.session.files import file_sha256
from draglive.app.session.format import encode, encode_header
from draglive.app.session.locks import holding
from draglive.app.session.recipe import read_recipe
from draglive.app.spread import Cluster, Lanes, Processes, SpreadError, spread

NEAR, FAR = t.Point(10, 12), t.Point(14, 12)


def pull(number, start=NEAR, end=FAR):
    return t.AddPoint(t.DragPoint(number, start, end))


@pytest.fixture(scope="module")
def options(small_model):
    return EngineOptions(small_model, "cpu", "float32", "eager", background=False)


@pytest.fixture(scope="module")
def opened(options):
    editor, chooser = load_editor(options)
    yield editor
    chooser.close()


@pytest.fixture(scope="module")
def edited(opened):
    """Do things, a command or a number of steps at a time (None: a checkpoint); the saved edit."""

    def done(*things):
        log = EventList()
        opened.begin(EditState(opened.model.size, opened.model.defaults))
        opened.log_to(log)
        for thing in things:
            if isinstance(thing, int):
                advance_to(opened, opened.steps + thing)
            elif thing is None:
                opened.checkpoint()
            else:
                opened.apply(thing)
        opened.checkpoint()
        return SavedEdit(log.origin, tuple(log.records))

    return done


def commands(course):
    return [(event.step, event.command) for event in course.events]


def test_what_was_undone_and_pictures_left_are_not_on_the_course(edited):
    saved = edited(
        pull(1), 3, t.SetSeed(5), t.SetTruncation(0.5), pull(2), 4, pull(3), 5, t.Undo(),
        t.SetPaused(paused=True), pull(4), 2, t.EndGesture(), t.MoveTarget(4, NEAR), 1,
    )  # fmt: skip
    course = course_of(saved)
    assert commands(course) == [
        (0, t.SetTruncation(0.5)), (0, pull(2)), (4, pull(4)), (6, t.EndGesture()),
        (6, t.MoveTarget(4, NEAR)),
    ]  # fmt: skip
    assert (course.steps, course.start.seed, course.start.points) == (7, 5, ())


def test_a_moment_that_was_returned_to_is_the_middle_of_the_course(edited, opened):
    saved = edited(
        pull(1), 3, t.SetSeed(5), pull(2), 4, None, 5, t.Revisit(3, 7), pull(3), 6, t.GoTo(0),
        t.GoTo(5), pull(4), 2,
    )  # fmt: skip
    there = opened.packed()
    course = course_of(saved)
    assert [step for step, _ in commands(course)] == [0, 4, 4, 10]
    follow(opened, course, 9, more_steps=0)
    assert follow(opened, course, 5, more_steps=0).steps == 12
    assert opened.packed() == there


def test_its_own_seed_leads_where_the_edit_led(edited, opened):
    saved = edited(t.SetTruncation(0.7), pull(1), 6, pull(2, FAR, NEAR), 9)
    there = opened.packed()
    course = course_of(saved)
    for seed in (3, 0):
        assert follow(opened, course, seed, more_steps=0).steps == 15
    assert opened.packed() == there
    assert follow(opened, course, 0, more_steps=6).steps in range(15, 22)


@pytest.fixture(scope="module")
def content(edited):
    saved = edited(pull(1), 4, pull(2, FAR, NEAR), 3)
    return b"".join([encode_header(saved.origin), *map(encode, saved.records)])


@pytest.fixture
def session(content, tmp_path):
    path = tmp_path / "pull.draglive"
    path.write_bytes(content)
    return path


def an_edit(session, options):
    return Edit(session.stem, session.read_bytes(), options.model, file_sha256(options.model),
                options)  # fmt: skip


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("pull-*")}


def test_only_what_is_missing_or_not_as_it_should_be_is_made(session, small_model, draglive):
    out = session.parent / "out"
    command = ["batch", session, "--model", small_model, "--out", out, "--more-steps", 2]
    code, told, _ = draglive(*command, "--seeds", "0-2")
    assert (code, "3 made" in told) == (0, True)
    first = contents(out)
    assert len(set(first.values())) == 3
    recipe = read_recipe(out / "pull-00002.png").edit.origin
    assert (recipe.seed, recipe.path) == (2, "small.safetensors")
    (out / "pull-00000.png").write_bytes(first["pull-00000.png"][:-1])
    (out / "pull-00001.png").unlink()
    notes = out / NOTES
    notes.write_bytes(notes.read_bytes()[:-9])  # the third's note was cut
    (out / "pull-00003.png").write_bytes(b"somebody else's")
    code, told, _ = draglive(*command, "--seeds", "0-3")
    assert "4 made" in told
    assert {k: v for k, v in contents(out).items() if k in first} == first
    assert "4 of 4 are there already" in draglive(*command, "--seeds", "0-3")[1]
    last = [json.loads(line) for line in notes.read_text().splitlines() if line.endswith("}")][-1]
    assert last["file"] == "pull-00003.png"
    assert "4 made" in draglive(*command, "--seeds", "0-3", "--dtype", "bfloat16")[1]


def test_a_batch_that_was_stopped_goes_on(session, options):
    out = session.parent / "out"
    batch = Batch([an_edit(session, options)], range(3), Terms(more_steps=2), out)
    running = batch.run(batch.missing(), None)
    assert next(running)[0] == Task(0, 0)
    running.close()
    assert batch.missing() == [Task(0, 1), Task(0, 2)]
    assert not list(out.glob(".*.tmp*"))


@pytest.mark.parametrize(
    ("flags", "rule"),
    [
        (["--seeds", "3-1"], "must be A-B"),
        (["--seeds", "x"], "must be A-B"),
        (["--seeds", "0-4294967296"], "seeds must be from 0 to 4294967295"),
        (["--seeds", "0", "--workers", "2"], "say --ray as well"),
        (["--seeds", "0", "--as", "bmp"], "is not one of"),
    ],
)
def test_what_cannot_be_made_is_refused_in_a_line(session, draglive, flags, rule):
    code, _, error = draglive("batch", session, "--out", session.parent / "out", *flags)
    assert (code, rule in error, error.count("\n")) == (2, True, 1)


def test_folders_and_names_that_cannot_be(session, options):
    edit = an_edit(session, options)
    with pytest.raises(FileError, match="two sessions are named 'pull'"):
        Batch([edit, edit], [0], Terms(), session.parent)
    with pytest.raises(FileError, match="cannot be made"):
        Batch([edit], [0], Terms(), session / "out")
    batch = Batch([edit], [0], Terms(), session.parent)
    with holding(session.parent / NOTES), pytest.raises(InUseError, match="is open in another"):
        list(batch.run(batch.missing(), None))


def test_numbers_that_are_lost_are_told_and_not_noted(session, options, monkeypatch, draglive):
    out = session.parent / "out"
    monkeypatch.setattr(
        "draglive.app.engine.adam.Adam.step", lambda _, w, *_a: w.fill_(float("nan"))
    )
    code, _, error = draglive(
        "batch", session, "--model", options.model, "--seeds", 7, "--out", out
    )
    assert (code, contents(out)) == (1, {})
    assert "pull-00007.png: point 1: its features are not finite numbers" in error


def children(pid, name):
    """Processes of that name that a process started, or those that it started did."""
    found, parents = [], {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
                if name in (entry / "cmdline").read_text():
                    found.append(int(entry.name))
            except OSError:
                continue
    return [p for p in found if pid in ancestors(p, parents)]


def ancestors(pid, parents):
    while pid in parents:
        yield (pid := parents[pid])


@pytest.mark.filterwarnings("ignore")  # what Ray says of itself
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc")
def test_a_lost_worker_costs_its_share_and_changes_nothing(session, options):
    pytest.importorskip("ray")
    rng = random.Random(int(os.environ.get("DRAGLIVE_FAULT_SEED", "1")))
    fused = replace(options, backend="fused")  # eager depends on what was loaded here before
    alone, shared = (
        Batch(
            [an_edit(session, fused)],
            range(24),
            Terms(more_steps=2, threads=1),
            session.parent / name,
        )
        for name in ("alone", "shared")
    )
    assert len(list(alone.run(alone.missing(), None))) == 24
    running = shared.run(shared.missing(), Cluster(workers=2))
    made = [next(running)]
    time.sleep(rng.uniform(0, 0.05))
    os.kill(rng.choice(children(os.getpid(), "ray::_Worker")), signal.SIGKILL)
    made += running
    assert not children(os.getpid(), "ray")
    assert sorted(task.seed for task, _ in made) == list(range(24))
    assert contents(session.parent / "shared") == contents(session.parent / "alone")
    assert shared.missing() == []


def test_work_that_cannot_be_spread_says_why(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(SpreadError, match=r"pip install 'draglive\[cluster\]'"):
        next(spread([1], lambda: abs, Cluster()))


def test_processes_share_work_and_a_lost_one_is_told():
    sizes = functools.partial(functools.partial, abs)
    assert dict(spread([1, -4, 9], sizes, Processes(1))) == {1: 1, -4: 4, 9: 9}
    leaving = functools.partial(functools.partial, os._exit)
    with pytest.raises(SpreadError, match="died"):
        list(spread([0], leaving, Processes(1)))


def test_seeds_that_advance_together_become_what_they_would_alone(session, options):
    fused, made = replace(options, backend="fused"), []
    for threads, lanes in ((2, 1), (1, 1), (2, 3)):
        out = session.parent / f"{threads}-{lanes}"
        batch = Batch(
            [an_edit(session, fused)], range(5), Terms(more_steps=2, threads=threads), out
        )
        assert len(list(batch.run(batch.missing(), None, lanes))) == 5
        made.append(contents(out))
    assert made[0] == made[1] == made[2]


def test_only_what_does_not_depend_on_threads_is_done_in_lanes(options):
    fused = replace(options, backend="fused")
    assert [lanes_for(options, 8), lanes_for(options, 8, 4)] == [1, 1]
    assert [lanes_for(fused, n) for n in (1, 2, 16)] == [1, 2, 4]
    assert lanes_for(fused, 1, 3) == 3


def test_lanes_tell_what_goes_wrong_and_can_be_left():
    def broken(task):
        if task == 3:
            raise IndexError("3 is none")
        return -task

    with pytest.raises(IndexError, match="3 is none"):
        dict(spread(range(6), lambda: broken, Lanes(2)))
    going = spread(range(100), lambda: broken, Lanes(2))
    next(going)
    going.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("draglive-lane")]
