"""What several benchmark commands share: options, and how a result is delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import DTYPES, F

if TYPE_CHECKING:
    from draglive.benchmarks.models import Source
    from draglive.benchmarks.result import Result

RESOLUTIONS = ("32", "64", "128", "256", "512", "1024")
DEVICE = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:N or mps."
)
DTYPE = click.option("--dtype", type=click.Choice(DTYPES), default="auto", show_default=True)
CHART = click.option(
    "--chart", "chart_file", type=click.Path(path_type=Path), help="Write an HTML page there."
)


def turns_option(default: int, what: str) -> Callable[[F], F]:
    """`--turns`, with what one is."""
    return click.option(
        "--turns", type=click.IntRange(min=1), default=default, show_default=True, help=what
    )


def prepare(json_file: Path | None, chart_file: Path | None) -> None:
    """Refuse, before the work, what could not be written after it."""
    from draglive.benchmarks.chart import require_charts

    from ..session.files import require_writable

    if chart_file:
        require_charts()
    for path in (json_file, chart_file):
        if path:
            require_writable(path)


def deliver(result: Result, json_file: Path | None, chart_file: Path | None) -> None:
    """Show a result, and write the files that were asked for."""
    from draglive.benchmarks.page import page
    from draglive.benchmarks.result import table_lines
    from draglive.benchmarks.sheets import SHEETS

    from ..session.files import write_bytes, write_json

    for line in table_lines(SHEETS[result.benchmark], result):
        click.echo(line)
    if json_file:
        write_json(json_file, result.to_json())
    if chart_file:
        write_bytes(chart_file, page([result]).encode())


def sources(model: Path | None, resolutions: Sequence[str]) -> list[Source]:
    """The model, or random weights of some sizes."""
    from draglive.benchmarks.models import Source, random_model

    if not resolutions:
        return [Source(model)]
    if model is not None:
        raise click.UsageError("--resolution measures random weights: leave out MODEL, or it")
    return [Source(config=random_model(int(resolution))) for resolution in resolutions]
