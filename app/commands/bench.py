"""`draglive bench NAME`: measure this machine, and how well it drags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import BACKENDS, DTYPES, JSON_FILE, MODEL, F

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


@click.group()
def bench() -> None:
    """Measure this machine, and how well it drags."""


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


@bench.command("step")
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


@bench.command("check")
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


@bench.command("kernels")
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


@bench.command("scaling")
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


@bench.command("latency")
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


FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@bench.command("versus")
@MODEL
@click.option("--official", type=FOLDER, help="A checkout of XingangPan/DragGAN.")
@click.option("--skimai", type=FOLDER, help="A checkout of skimai/DragGAN; needs --official.")
@click.option("--freedrag", type=FOLDER, help="A checkout of LPengYang/FreeDrag.")
@click.option(
    "--python",
    type=click.Path(exists=True, dir_okay=False),
    help="The interpreter of their environment.",
    show_default="this one",
)
@click.option(
    "--resolution", type=click.Choice(RESOLUTIONS), help="Random weights in place of MODEL."
)
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--max-steps", type=click.IntRange(min=1), default=100, show_default=True)
@DEVICE
@JSON_FILE
@CHART
def bench_versus(
    model: Path | None,
    official: Path | None,
    skimai: Path | None,
    freedrag: Path | None,
    python: str | None,
    resolution: str | None,
    seeds: int,
    max_steps: int,
    device: str,
    json_file: Path | None,
    chart_file: Path | None,
) -> None:
    """Against your checkout of another implementation: same weights, seeds and points, in turns."""
    import sys

    from draglive.benchmarks import versus
    from draglive.benchmarks.landmark_detector import CreatureLandmarks

    from ..engine.device import open_device

    if not (official or skimai or freedrag):
        raise click.UsageError("versus whom? Name a checkout: --official, --skimai, --freedrag")
    prepare(json_file, chart_file)
    (source,) = sources(model, [resolution] if resolution else [])
    result = versus.measure(
        open_device(device),
        source,
        versus.list_contenders(official, skimai, freedrag),
        detector=None if model or resolution else CreatureLandmarks(),
        terms=versus.Terms(seeds, max_steps, python or sys.executable),
    )
    deliver(result, json_file, chart_file)


def drag_options(command: F) -> F:
    """What `landmarks` and `paired` share."""
    options = (
        click.option(
            "--preset",
            "presets",
            type=click.Choice(("live", "paper", "official")),
            multiple=True,
            default=["live", "paper", "official"],
            show_default=True,
            help="May be repeated.",
        ),
        click.option("--max-steps", type=click.IntRange(min=1), default=200, show_default=True),
        click.option("--pairs", type=click.IntRange(min=1), default=20, show_default=True),
        DTYPE,
        DEVICE,
        JSON_FILE,
        CHART,
    )
    for option in options:
        command = option(command)
    return command


@bench.command("landmarks")
@drag_options
def bench_landmarks(**flags: Any) -> None:
    """How well it drags: key points of one picture to where another has them, preset by preset."""
    from draglive.benchmarks import landmarks

    _judge(landmarks.measure, flags)


@bench.command("paired")
@drag_options
def bench_paired(**flags: Any) -> None:
    """Does dragging towards a near picture lead to it? Squared error and perceptual distance."""
    from draglive.benchmarks import paired

    _judge(paired.measure, flags)


def _judge(measure: Callable[..., Result], flags: dict[str, Any]) -> None:
    """Run a benchmark of the default model's drags."""
    from draglive.benchmarks.landmark_detector import CreatureLandmarks
    from draglive.benchmarks.landmarks import Terms
    from draglive.benchmarks.models import Source

    from ..engine.device import open_device

    prepare(flags["json_file"], flags["chart_file"])
    device = open_device(flags["device"], flags["dtype"])
    terms = Terms(flags["pairs"], flags["max_steps"], flags["presets"])
    result = measure(device, Source(), CreatureLandmarks(), terms)
    deliver(result, flags["json_file"], flags["chart_file"])
