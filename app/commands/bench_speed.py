"""`draglive bench` of speed: step, check, kernels, scaling, latency."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from .bench_options import (
    CHART,
    DEVICE,
    DTYPE,
    RESOLUTIONS,
    deliver,
    prepare,
    sources,
    turns_option,
)
from .options import BACKENDS, DTYPES, JSON_FILE, MODEL


@click.command("step")
@MODEL
@DEVICE
@click.option(
    "--dtype",
    "dtypes",
    type=click.Choice(DTYPES),
    multiple=True,
    default=["auto"],
    show_default=True,
    help="May be repeated.",
)
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
    type=click.IntRange(1, 64),
    multiple=True,
    default=[1, 5],
    show_default=True,
    help="May be repeated.",
)
@click.option(
    "--resolution",
    "resolutions",
    type=click.Choice(RESOLUTIONS),
    multiple=True,
    help="Random weights of this size in place of MODEL; may be repeated.",
)
@turns_option(15, "Counted turns a case; each is six steps and a picture.")
@click.option("--base", metavar="REF", help="Compare with this revision, interleaved.")
@JSON_FILE
@CHART
def bench_step(
    model: Path | None,
    device: str,
    dtypes: Sequence[str],
    backends: Sequence[Any],
    points: Sequence[int],
    resolutions: Sequence[str],
    turns: int,
    base: str | None,
    json_file: Path | None,
    chart_file: Path | None,
) -> None:
    """Latency of a drag step and of its picture, by model, back-end, dtype, points and mask."""
    from draglive.benchmarks import revisions, step

    from ..engine.device import open_device

    prepare(json_file, chart_file)
    if base is None:
        chosen = sources(model, resolutions)
        result = step.measure(
            open_device(device), chosen, backends, points, dtypes=dtypes, turns=turns
        )
    else:
        if resolutions or len(dtypes) > 1:
            raise click.UsageError("--base compares one model in one dtype")
        plan = revisions.Plan(model, device, dtypes[0], tuple(backends), tuple(points))
        result = revisions.compare(base, plan, turns)
    deliver(result, json_file, chart_file)


@click.command("check")
@MODEL
@DEVICE
@click.option("--base", metavar="REF", help="In place of the newest tag.")
@turns_option(15, "Counted turns a case and revision.")
@JSON_FILE
@CHART
@click.pass_context
def bench_check(
    context: click.Context,
    model: Path | None,
    device: str,
    base: str | None,
    turns: int,
    json_file: Path | None,
    chart_file: Path | None,
) -> None:
    """Fail with exit code 1 where a step or picture got slower than at the newest tag."""
    from draglive.benchmarks import revisions

    prepare(json_file, chart_file)
    plan = revisions.Plan(model, device, "auto", ("fused", "eager"), (1, 5))
    result = revisions.compare(base or revisions.newest_tag(), plan, turns)
    deliver(result, json_file, chart_file)
    slower = [case["name"] for case in result.cases if case["slower"]]
    for name in slower:
        click.echo(f"draglive: slower than {result.settings['base']}: {name}", err=True)
    if slower:
        context.exit(1)


@click.command("kernels")
@MODEL
@DEVICE
@DTYPE
@click.option("--points", type=click.IntRange(1, 64), default=1, show_default=True)
@turns_option(30, "Counted turns an operation.")
@JSON_FILE
@CHART
def bench_kernels(
    model: Path | None,
    device: str,
    dtype: str,
    points: int,
    turns: int,
    json_file: Path | None,
    chart_file: Path | None,
) -> None:
    """Each fused operation against its plain-torch reference: time, bytes, error."""
    from draglive.benchmarks import kernels

    from ..engine.device import open_device

    prepare(json_file, chart_file)
    (source,) = sources(model, ())
    result = kernels.measure(open_device(device, dtype), source, points=points, turns=turns)
    deliver(result, json_file, chart_file)


@click.command("scaling")
@DEVICE
@DTYPE
@click.option("--most", type=click.Choice(RESOLUTIONS), default="256", show_default=True)
@turns_option(5, "Counted turns a case.")
@JSON_FILE
@CHART
def bench_scaling(
    device: str,
    dtype: str,
    most: str,
    turns: int,
    json_file: Path | None,
    chart_file: Path | None,
) -> None:
    """How a step grows with points, resolution, channels and batch (random weights)."""
    from draglive.benchmarks import scaling

    from ..engine.device import open_device

    prepare(json_file, chart_file)
    result = scaling.measure(open_device(device, dtype), most=int(most), turns=turns)
    deliver(result, json_file, chart_file)


@click.command("latency")
@MODEL
@DEVICE
@DTYPE
@click.option(
    "--moves",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Of the mouse, in each situation.",
)
@JSON_FILE
@CHART
def bench_latency(
    model: Path | None,
    device: str,
    dtype: str,
    moves: int,
    json_file: Path | None,
    chart_file: Path | None,
) -> None:
    """Mouse to picture in the real window: at rest, dragging, recording (Linux with X)."""
    from draglive.benchmarks import latency

    from ..engine.device import open_device

    prepare(json_file, chart_file)
    result = latency.measure(open_device(device, dtype), model, moves=moves)
    deliver(result, json_file, chart_file)
