"""`draglive batch`: edits applied to many seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .ending import stopping
from .options import cluster_flags, engine_flags, take_cluster

if TYPE_CHECKING:
    from ..batch import Batch, Edit, Task
    from ..engine.loading import EngineOptions
    from ..spread import Cluster

FAILED = 1
LAST_SEED = 2**32 - 1
MOST_SEEDS = 1_000_000
MOST_TOLD = 10  # of the seeds that failed
SUFFIXES = (".png", ".jpg", ".webp", ".safetensors", ".npz", ".pt")


class Seeds(click.ParamType[tuple[int, ...]]):
    """`A-B`, `A`, or several of these with commas between."""

    name = "A-B"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Parse, or refuse with the rule."""
        seeds: list[int] = []
        for part in str(value).split(","):
            first, _, last = part.strip().partition("-")
            last = last or first
            if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
                self.fail(f"seeds {value!r} must be A-B, like 0-99, or A,B,C", None, ctx)
            if int(last) > LAST_SEED or int(last) - int(first) >= MOST_SEEDS:
                self.fail(
                    f"seeds must be from 0 to {LAST_SEED}, at most {MOST_SEEDS} of them, "
                    f"not {part!r}", None, ctx,
                )  # fmt: skip
            seeds += range(int(first), int(last) + 1)
        return tuple(seeds)


@click.command()
@click.argument("sessions", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--seeds", type=Seeds(), required=True, help="Apply the edits to these.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for them.")
@click.option(
    "--as",
    "suffix",
    type=click.Choice([suffix[1:] for suffix in SUFFIXES]),
    default="png",
    show_default=True,
    help="Pictures that know how they were made, or w+.",
)
@click.option(
    "--more-steps",
    type=click.IntRange(min=0),
    default=300,
    show_default=True,
    help="For points that have not arrived where the session ends.",
)
@click.option("--model", type=click.Path(path_type=Path), help="Another model than their own.")
@click.option(
    "--at-once",
    type=click.IntRange(1, 64),
    help="Seeds that advance together on one device; only with the fused back-end.",
    show_default="as many as pay",
)
@engine_flags
@cluster_flags
def batch(
    sessions: Sequence[Path],
    seeds: Sequence[int],
    out: Path,
    model: Path | None,
    at_once: int | None,
    **flags: Any,
) -> None:
    """Apply the edits in SESSIONS to many seeds.

    What is in the folder already, and as it should be, is not made again: start an interrupted
    batch anew, and it goes on.
    """
    from ..batch import Batch, Terms
    from ..engine.loading import EngineOptions

    threads = flags["threads"]
    cluster = take_cluster(flags, flags["device"])
    if cluster is not None:
        threads = cluster.cpus
    terms = Terms("." + flags.pop("suffix"), flags.pop("more_steps"), threads)
    options = EngineOptions(background=False, **flags)
    edits = [_edit(session, model, options) for session in sessions]
    with stopping():
        _run(Batch(edits, seeds, terms, out), cluster, at_once)


def _edit(path: Path, model: Path | None, options: EngineOptions) -> Edit:
    """A session, and how to compute: as it was then, unless something else is asked for."""
    from ..batch import Edit
    from ..engine.course import course_of
    from ..replay import RUNNERS, available
    from ..session.files import file_sha256
    from ..session.format import parse_session, read_bytes
    from ..session.journal import journals_folder
    from ..session.saving import find_model

    content = read_bytes(path)
    session = parse_session(content, str(path))
    own = path.resolve().parent == journals_folder().resolve()
    model = model or find_model(session, path, own=own)
    origin = session.edit.origin
    backend = options.backend
    if backend == "auto":
        backend = RUNNERS.get(course_of(session.edit).runner, "fused")
    chosen = replace(
        options,
        device=available(origin.device) if options.device == "auto" else options.device,
        dtype=origin.dtype if options.dtype == "auto" else options.dtype,
        backend=backend,
    )
    return Edit(path.stem, content, model, file_sha256(model), chosen)


def _run(batch: Batch, cluster: Cluster | None, at_once: int | None) -> None:
    out = batch.out
    missing = batch.missing()
    there = len(batch.tasks) - len(missing)
    if there:
        click.echo(f"{there} of {len(batch.tasks)} are there already")
    failed: list[tuple[Task, str]] = []
    left = 0
    with click.progressbar(length=len(missing), label=str(out)) as bar:
        for task, made in batch.run(missing, cluster, at_once):
            bar.update(1)
            left += bool(made.content) and not made.arrived
            if made.trouble:
                failed.append((task, made.trouble))
    made_now = len(missing) - len(failed)
    click.echo(f"{made_now} made, {left} of them with points that did not arrive: {out}")
    for task, trouble in failed[:MOST_TOLD]:
        click.echo(f"draglive: {batch.path(task).name}: {trouble}", err=True)
    if failed:
        click.echo(f"draglive: {len(failed)} could not be made", err=True)
        raise SystemExit(FAILED)
