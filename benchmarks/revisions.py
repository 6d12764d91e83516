"""Two revisions of draglive take turns, to see what a change made slower.

The other revision runs from a throw-away git worktree, in a process of its own beside one that
runs this revision; both run `revision_worker`. A case is slower where its median is more than
`LIMIT` times the other's and the medians' intervals do not meet.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from draglive.app.engine.device import open_device

from .child import Child
from .errors import BenchmarkError
from .machine import ROOT, commit, machine_card
from .result import Result
from .turns import Samples, summary, take_turns

WORKER = Path(__file__).with_name("revision_worker.py")
LIMIT = 1.10


@dataclass(frozen=True, slots=True)
class Plan:
    """What both revisions run: each back-end with each number of points, without and with mask."""

    model: Path | None
    device: str
    dtype: str
    backends: tuple[str, ...]
    points: tuple[int, ...]

    @property
    def names(self) -> list[str]:
        """Of the cases, in the worker's order."""
        kinds = itertools.product(self.backends, self.points, ("", ", mask"))
        return [f"{b}, {p} point{'s' * (p > 1)}{mask}" for b, p, mask in kinds]


@dataclass(frozen=True, slots=True)
class RevisionCase:
    """One case of one revision."""

    child: Child
    index: int

    def turn(self) -> Mapping[str, list[float]]:
        """See `turns.Subject`."""
        answer: dict[str, list[float]] = self.child.ask(case=self.index)
        return answer


def compare(base: str, plan: Plan, turns: int) -> Result:
    """Let a revision and the present one take turns.

    Args:
        base: what git understands: a tag, a branch, a commit.
        plan: what they run.
        turns: counted turns a case and revision, at least 1.

    Raises:
        BenchmarkError: no git, no such revision, or one of them cannot run the plan.
    """
    device = open_device(plan.device, plan.dtype)
    with checkout(base) as other, contextlib.ExitStack() as stack:
        children = [stack.enter_context(_running(place, plan)) for place in (other, ROOT)]
        subjects = [
            RevisionCase(child, index) for index in range(len(plan.names)) for child in children
        ]
        samples = take_turns(subjects, turns)
        settings = {"base": base, "base_commit": commit(other), "turns": turns, "limit": LIMIT}
    pairs = zip(plan.names, samples[::2], samples[1::2], strict=True)
    cases = [
        judge(f"{name}: {what}", before, after, what)
        for name, before, after in pairs
        for what in ("step", "picture")
    ]
    return Result("check", machine_card(device), settings, cases)


def judge(name: str, before: Samples, after: Samples, what: str) -> dict[str, Any]:
    """A case's medians, their ratio, and whether it is slower beyond doubt."""
    base, here = summary(before[what]), summary(after[what])
    ratio = here["p50_ms"] / base["p50_ms"]
    return {
        "name": name,
        "base": base,
        "here": here,
        "ratio": ratio,
        "slower": ratio > LIMIT and here["low_ms"] > base["high_ms"],
    }


def newest_tag() -> str:
    """The tag nearest before the present commit.

    Raises:
        BenchmarkError: there is none.
    """
    try:
        return _git("describe", "--tags", "--abbrev=0", "HEAD^")
    except BenchmarkError as error:
        raise BenchmarkError(f"no tag to compare with; name one with --base ({error})") from error


@contextlib.contextmanager
def checkout(ref: str) -> Iterator[Path]:
    """A revision's files in a folder that goes away.

    Raises:
        BenchmarkError: no git, or no such revision.
    """
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "checkout"
        _git("worktree", "add", "--detach", str(place), found)
        try:
            yield place
        finally:
            _git("worktree", "remove", "--force", str(place))


@contextlib.contextmanager
def _running(place: Path, plan: Plan) -> Iterator[Child]:
    """A worker on a checkout, which `draglive` names in its process."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "draglive").symlink_to(place)
        inherited = os.environ.get("PYTHONPATH")
        paths = [folder, *([inherited] if inherited else [])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        # -P: the worker's own folder is no place to import from
        command = [sys.executable, "-P", str(WORKER)]
        what = "this revision" if place == ROOT else "the other revision"
        child = Child(what, command, cwd=Path(folder), environment=environment)
        try:
            model = None if plan.model is None else str(plan.model.resolve())
            child.ask(**{**asdict(plan), "model": model})
            yield child
        finally:
            child.close()


def _git(*words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise BenchmarkError(f"git could not run: {error}") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"it knows no {words[-1]!r}"]
        raise BenchmarkError(f"git {words[0]}: {said[-1]}")
    return done.stdout.strip()
