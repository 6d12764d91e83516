"""`draglive bench` of how well it drags, and what: landmarks, paired, versus, quality."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .bench_options import CHART, DEVICE, DTYPE, RESOLUTIONS, deliver, prepare, sources
from .options import JSON_FILE, MODEL, F, cluster_flags, take_cluster

if TYPE_CHECKING:
    from draglive.benchmarks.result import Result

    from ..spread import Cluster, Processes

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("versus")
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
    return cluster_flags(command)


@click.command("landmarks")
@drag_options
def bench_landmarks(**flags: Any) -> None:
    """How well it drags: key points of one picture to where another has them, preset by preset."""
    from draglive.benchmarks import landmarks

    _judge(landmarks.measure, flags)


@click.command("paired")
@drag_options
def bench_paired(**flags: Any) -> None:
    """Does dragging towards a near picture lead to it? Squared error and perceptual distance."""
    from draglive.benchmarks import paired

    _judge(paired.measure, flags)


@click.command("quality")
@click.argument("models", nargs=-1, type=click.Path(path_type=Path))
@click.option("--samples", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@DEVICE
@JSON_FILE
@CHART
def bench_quality(
    models: tuple[Path, ...],
    samples: int,
    seed: int,
    device: str,
    json_file: Path | None,
    chart_file: Path | None,
) -> None:
    """Models of creatures beside renderings: Fréchet, precision, recall, path length, truth."""
    from draglive.benchmarks import quality
    from draglive.benchmarks.models import Source

    from ..engine.device import open_device

    prepare(json_file, chart_file)
    sources = [Source(path) for path in models] or [Source()]
    result = quality.measure(open_device(device), sources, quality.Terms(samples, seed))
    deliver(result, json_file, chart_file)


@click.command("parts")
@MODEL
@click.option("--samples", type=click.IntRange(min=1), default=50, show_default=True)
@DTYPE
@DEVICE
@JSON_FILE
@CHART
def bench_parts(
    model: Path | None,
    samples: int,
    device: str,
    dtype: str,
    json_file: Path | None,
    chart_file: Path | None,
) -> None:
    """Masks by one click on a model of creatures, held against the renderer's parts."""
    from draglive.benchmarks import parts
    from draglive.benchmarks.models import Source

    from ..engine.device import open_device

    prepare(json_file, chart_file)
    result = parts.measure(open_device(device, dtype), Source(model), samples=samples)
    deliver(result, json_file, chart_file)


@click.command("gestures")
@MODEL
@click.option("--seeds", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--max-steps", type=click.IntRange(min=1), default=60, show_default=True)
@click.option("--psi", type=float, default=0.7, show_default=True)
@click.option("--step-size", type=float, help="In place of the model's.")
@click.option("--motion-radius", type=float, help="Likewise, px.")
@click.option("--track-radius", type=int, help="Likewise, px.")
@click.option("--features", type=int, help="Height of the supervised block, likewise.")
@click.option("--last-layer", type=int, help="Of w+ that moves, likewise.")
@DTYPE
@DEVICE
@JSON_FILE
@CHART
def bench_gestures(
    model: Path | None, seeds: int, max_steps: int, psi: float, **flags: Any
) -> None:
    """Everyday gestures on many seeds of a model of creatures: who arrives, and really."""
    from draglive.benchmarks import gestures
    from draglive.benchmarks.models import Source

    from ..engine.device import open_device

    prepare(flags["json_file"], flags["chart_file"])
    names = {
        "step_size": "step_size",
        "motion_radius": "motion_radius_px",
        "track_radius": "track_radius_px",
        "features": "feature_resolution",
        "last_layer": "last_layer",
    }
    changes = {field: flags[name] for name, field in names.items() if flags[name] is not None}
    terms = gestures.Terms(seeds, max_steps, psi, changes)
    device = open_device(flags["device"], flags["dtype"])
    result = gestures.measure(device, Source(model), terms)
    deliver(result, flags["json_file"], flags["chart_file"])


def _judge(measure: Callable[..., Result], flags: dict[str, Any]) -> None:
    """Run a benchmark of the default model's drags."""
    import torch

    from draglive.benchmarks.landmark_detector import CreatureLandmarks
    from draglive.benchmarks.landmarks import Terms
    from draglive.benchmarks.models import Source

    from ..engine.device import open_device

    prepare(flags["json_file"], flags["chart_file"])
    device = open_device(flags["device"], flags["dtype"])
    terms = Terms(flags["pairs"], flags["max_steps"], flags["presets"])
    if flags["threads"] is not None:
        torch.set_num_threads(flags["threads"])
    result = measure(device, Source(), CreatureLandmarks(), terms, _take_crew(flags))
    deliver(result, flags["json_file"], flags["chart_file"])


def _take_crew(flags: dict[str, Any]) -> Cluster | Processes | None:
    """Who shares the work: workers without --ray are processes of this machine."""
    from ..spread import Processes

    workers, threads = flags["workers"], flags["threads"]
    if flags["address"] is None and workers is not None:
        return Processes(workers, threads or 1)
    return take_cluster(flags, flags["device"])
