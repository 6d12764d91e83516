"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..engine.types import Point

if TYPE_CHECKING:
    from ..spread import Cluster

F = TypeVar("F", bound=Callable[..., Any])

DTYPES = ("auto", "float32", "bfloat16", "float16")
BACKENDS = ("auto", "fused", "compile", "script", "eager")


class PointPair(click.ParamType[tuple[Point, Point]]):
    """`X,Y:X,Y`: a handle and its target in image pixels."""

    name = "X,Y:X,Y"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Point, Point]:
        """Parse, or refuse with the rule."""
        handle, colon, target = str(value).partition(":")
        if not colon or not target:
            self.fail(f"point {value!r}: handle {handle!r} has no target; write X,Y:X,Y", None, ctx)
        try:
            (hx, hy), (tx, ty) = (map(float, part.split(",")) for part in (handle, target))
        except ValueError:
            self.fail(f"point {value!r} must be X,Y:X,Y in pixels, like 127,151:99,151", None, ctx)
        return Point(hx, hy), Point(tx, ty)


def engine_flags(command: F) -> F:
    """The options that say where and how to compute."""
    options = (
        click.option(
            "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:N or mps."
        ),
        click.option(
            "--dtype",
            type=click.Choice(DTYPES),
            default="auto",
            show_default=True,
            help="Precision of the convolutions; auto measures.",
        ),
        click.option(
            "--backend",
            type=click.Choice(BACKENDS),
            default="auto",
            show_default=True,
            help="What runs the generator; auto takes what measures fastest here.",
        ),
    )
    for option in options:
        command = option(command)
    return command


def picture_flags(command: F) -> F:
    """The options that choose a picture."""
    options = (
        click.option("--class", "class_index", type=int, help="Class of a conditional model."),
        click.option("--psi", type=float, default=1.0, show_default=True, help="Truncation psi."),
        click.option("--seed", type=int, default=0, show_default=True, help="The picture's seed."),
    )
    for option in options:
        command = option(command)
    return command


MODEL = click.argument("model", required=False, type=click.Path(path_type=Path))
JSON_FILE = click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write the report there."
)


def cluster_flags(command: F) -> F:
    """The options that say who else is to work."""
    options = (
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            help="Who share the work.",
            show_default="all of --ray",
        ),
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            help="Processors of a worker.",
            show_default="all; with workers 1",
        ),
        click.option(
            "--ray",
            "address",
            is_flag=False,
            flag_value="",
            help="Spread over a Ray cluster: one at this address ('auto' finds one), or a new one "
            "here. Needs draglive[cluster].",
        ),
    )
    for option in options:
        command = option(command)
    return command


def take_cluster(flags: dict[str, Any], device: str) -> Cluster | None:
    """The cluster that `cluster_flags` ask for, taken out of all flags; None for none.

    Raises:
        click.UsageError: workers, and no cluster.
    """
    from ..spread import Cluster

    address, workers = flags.pop("address"), flags.pop("workers")
    threads = flags.pop("threads")
    if address is None:
        if workers is not None:
            raise click.UsageError("--workers are of a cluster: say --ray as well")
        return None
    on_gpus = device == "auto" or device.startswith("cuda")
    return Cluster(address, workers, threads or 1, use_gpus=on_gpus)
