"""Edits that are killed, and edits that never end: `python tests/endurance.py --help`.

`kill` starts live, recording, journalling edits, kills each with SIGKILL at a random moment and
reads what it left. `soak` does so many steps of random gestures and watches memory, threads and
file descriptors. `scrub` goes through 500 states. All print one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import signal
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import av

from draglive.app.engine import types as t
from draglive.app.engine.device import FrameSlot
from draglive.app.engine.engine import Engine
from draglive.app.engine.loading import EngineOptions, load_editor
from draglive.app.engine.log import Checkpoint, Event
from draglive.app.session.format import Session, read_session
from draglive.app.session.journal import Journal
from draglive.app.session.recorder import Recorder
from draglive.app.session.recovery import find_unsaved

TOLD = struct.Struct("ddq")  # when the edit began, when its last event was, how many there were


class Telling(Journal):
    """A journal that also tells a watching process what it was told."""

    def __init__(self, folder: Path, memory: mmap.mmap) -> None:
        self._memory, self._count = memory, 0
        super().__init__(folder, lambda line: print(line, file=sys.stderr))

    def event(self, event: Event) -> None:
        super().event(event)
        self._count += 1
        began_s = time.perf_counter() - event.time_s
        TOLD.pack_into(self._memory, 0, began_s, event.time_s, self._count)


def gestures(rng: random.Random, size: t.Size) -> Iterator[t.Command]:
    """What a hand might do, for ever; never more than a few points."""

    def place() -> t.Point:
        return t.Point(rng.uniform(0, size.width - 1), rng.uniform(0, size.height - 1))

    for number in range(1, 2**40):
        point = t.DragPoint(number, start := place(), start)
        yield t.AddPoint(point)
        for _ in range(rng.randrange(1, 12)):
            yield t.MoveTarget(number, place())
        yield t.EndGesture()
        action = rng.random()
        if action < 0.2:
            yield rng.choice([t.Undo(), t.Redo()])
        elif action < 0.3:
            yield t.SetSeed(rng.randrange(1000))
        elif action < 0.8:
            yield t.ClearPoints()


def options(model: Path | None) -> EngineOptions:
    return EngineOptions(model, "cpu", background=False, seed=4, psi=0.7)


def live(model: Path | None, folder: Path, memory: mmap.mmap, seed: int) -> None:
    """A live, recording, journalling edit; somebody kills it."""
    engine = Engine(options(model), Telling(folder, memory))
    engine.start()
    while not isinstance(status := engine.status(), t.Ready):
        time.sleep(0.005)
    Recorder(engine, folder / "video.mp4", fps=30)
    rng = random.Random(seed)
    for command in gestures(rng, status.model.size):
        engine.post(command)
        time.sleep(rng.uniform(0, 0.03))


@dataclass
class Kills:
    """How so many killed edits fared."""

    kills: int = 0
    unreadable: int = 0
    not_offered: int = 0
    events_told: int = 0
    events_lost: int = 0
    damaged_lines: int = 0
    most_lost_s: float = 0.0
    videos: int = 0
    videos_that_do_not_play: int = 0


def kill(times: int, model: Path | None, seed: int = 0, life_s: float = 4.0) -> Kills:
    """Start and kill edits; forks, so call it before torch has computed anything."""
    rng, kills = random.Random(seed), Kills()
    for number in range(times):
        with tempfile.TemporaryDirectory() as name:
            memory = mmap.mmap(-1, TOLD.size)
            child = os.fork()
            if child == 0:
                live(model, Path(name), memory, number)
            while TOLD.unpack_from(memory)[2] == 0:
                time.sleep(0.005)
            time.sleep(rng.uniform(0, life_s))
            os.kill(child, signal.SIGKILL)
            died_s = time.perf_counter()
            os.waitpid(child, 0)
            examine(Path(name), TOLD.unpack_from(memory), died_s, kills)
    return kills


def examine(folder: Path, told: tuple[float, float, int], died_s: float, kills: Kills) -> None:
    """What a killed edit left."""
    began_s, _, events = told
    kills.kills += 1
    kills.events_told += events
    try:
        (path,) = folder.glob("*.draglive")
        session = read_session(path)
    except Exception as error:
        print(f"unreadable: {error}", file=sys.stderr)
        kills.unreadable += 1
        return
    found = sum(isinstance(record, Event) for record in session.edit.records)
    kills.events_lost += max(events - found, 0)
    kills.damaged_lines += session.lost
    kills.not_offered += found > 0 and len(find_unsaved(folder)) != 1
    kills.most_lost_s = max(kills.most_lost_s, lost_s(session, died_s - began_s))
    for video in folder.glob("*.part.mp4"):
        if video.stat().st_size > 4096:
            kills.videos += 1
            kills.videos_that_do_not_play += not plays(video)


def lost_s(session: Session, died_s: float) -> float:
    """The time between the last tensors that are known and the end, if it was spent on steps."""
    known_s = [r.time_s for r in session.edit.records if isinstance(r, Checkpoint)]
    events = [r for r in session.edit.records if isinstance(r, Event)]
    first_s = events[0].time_s if events else died_s
    return died_s - max([first_s, *known_s])


def plays(path: Path) -> bool:
    try:
        with av.open(str(path)) as video:
            return any(True for _ in video.decode(video=0))
    except av.FFmpegError:
        return False


@dataclass
class Soak:
    """What so many steps left behind."""

    steps: int = 0
    seconds: float = 0.0
    states: int = 0
    megabytes_after_warm_up: float = 0.0
    megabytes: float = 0.0
    threads_after_warm_up: int = 0
    threads: int = 0
    descriptors_after_warm_up: int = 0
    descriptors: int = 0

    @property
    def growth(self) -> float:
        return self.megabytes / self.megabytes_after_warm_up - 1


def soak(steps: int, model: Path | None, seed: int = 0, warm_up: float = 0.2) -> Soak:
    """Random gestures until so many steps are done."""
    found, start_s = Soak(), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        journal = Journal(Path(name), lambda line: print(line, file=sys.stderr))
        engine = Engine(options(model), journal)
        engine.start()
        while not isinstance(status := engine.status(), t.Ready):
            time.sleep(0.005)
        rng = random.Random(seed)
        for command in gestures(rng, status.model.size):
            engine.post(command)
            engine.take_frame()
            time.sleep(rng.uniform(0, 0.03))
            done = engine.stats().steps
            if done < steps * warm_up:
                found.megabytes_after_warm_up, found.threads_after_warm_up = memory_mb(), threads()
                found.descriptors_after_warm_up = descriptors()
            if done >= steps:
                break
        found.megabytes, found.threads, found.descriptors = memory_mb(), threads(), descriptors()
        found.steps, found.seconds = done, time.monotonic() - start_s
        status = engine.status()
        found.states = len(status.history.states) if isinstance(status, t.Ready) else 0
        engine.stop()
        journal.close()
    return found


@dataclass
class Scrub:
    """Going through the states of an edit."""

    states: int = 0
    states_per_second: float = 0.0
    p95_ms: float = 0.0


def scrub(states: int, model: Path | None, seed: int = 0) -> Scrub:
    """Make so many states, then go to each of them and draw it."""
    editor, chooser = load_editor(options(model))
    rng, size = random.Random(seed), editor.model.size
    slot, times = FrameSlot(editor.device, size), []
    while len(editor.history.states) < states:
        start, end = (t.Point(rng.uniform(20, 200), rng.uniform(20, 200)) for _ in range(2))
        number = len(editor.history.states)
        if len(editor.state.points) == 3:
            editor.apply(t.ClearPoints())
        editor.apply(t.AddPoint(t.DragPoint(number, start, end)))
        editor.step()
    for number in range(len(editor.history.states)):
        start_s = time.perf_counter()
        editor.apply(t.GoTo(number))
        editor.render(editor.look(), slot)
        slot.wait()
        times.append(time.perf_counter() - start_s)
    chooser.close()
    p95_ms = sorted(times)[int(0.95 * len(times))] * 1e3
    return Scrub(len(times), len(times) / sum(times), p95_ms)


def memory_mb() -> float:
    """The resident set."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def threads() -> int:
    return threading.active_count()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["kill", "soak", "scrub"])
    parser.add_argument("--times", type=int, default=200, help="kills")
    parser.add_argument("--life", type=float, default=4.0, help="seconds, before a kill, at most")
    parser.add_argument("--steps", type=int, default=100_000, help="of the soak")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.what == "kill":
        print(json.dumps(asdict(kill(given.times, given.model, given.seed, given.life))))
    elif given.what == "scrub":
        print(json.dumps(asdict(scrub(500, given.model, given.seed))))
    else:
        found = soak(given.steps, given.model, given.seed)
        print(json.dumps({**asdict(found), "growth": round(found.growth, 4)}))


if __name__ == "__main__":
    main()
