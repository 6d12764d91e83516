"""`draglive doctor` and `draglive bench`: what this machine can do, and how fast."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from .options import BACKENDS, DTYPES, JSON_FILE, MODEL


@click.command()
@JSON_FILE
def doctor(json_file: Path | None) -> None:
    """Say what this machine can do, and what to install."""
    from ..doctor import examine, render, to_json
    from ..session.files import write_json

    checks = examine()
    click.echo(render(checks))
    if json_file:
        write_json(json_file, to_json(checks))


@click.group()
def bench() -> None:
    """Measure this machine."""


@bench.command("step")
@MODEL
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:N, mps.")
@click.option("--dtype", type=click.Choice(DTYPES), default="auto", show_default=True)
@click.option(
    "--backend",
    "backends",
    type=click.Choice(BACKENDS[1:]),
    multiple=True,
    default=["fused", "eager", "script"],
    show_default=True,
    help="May be repeated.",
)
@click.option(
    "--points",
    type=click.IntRange(min=1),
    multiple=True,
    default=[1, 5],
    show_default=True,
    help="May be repeated.",
)
@click.option(
    "--turns",
    type=click.IntRange(min=1),
    default=15,
    show_default=True,
    help="Counted turns a case; each is three steps and a picture.",
)
@JSON_FILE
def bench_step(
    model: Path | None,
    backends: Sequence[Any],
    points: Sequence[int],
    turns: int,
    json_file: Path | None,
    **flags: Any,
) -> None:
    """Latency of a drag step and of its picture, by back-end, points and mask."""
    from draglive.benchmarks.step import measure, table

    from ..engine.engine import EngineOptions
    from ..session.files import write_json

    report = measure(EngineOptions(model, **flags), backends, points, turns)
    for line in table(report):
        click.echo(line)
    click.echo(", ".join(str(value) for value in report["machine"].values()))
    if json_file:
        write_json(json_file, report)
