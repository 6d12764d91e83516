"""Reports in words: what a command says of its result on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from draglive.stylegan2_jit.checkpoints import CheckpointInfo


def tell_demo(report: Mapping[str, Any], out: Path) -> None:
    """Sum the demo up."""
    wait = report["mouse_to_frame_ms"]
    click.echo(
        f"{report['steps_per_second']:.1f} steps/s and {report['frames_per_second']:.1f} frames/s "
        f"at once, mouse to frame p95 {wait['p95_ms']:.0f} ms "
        f"({report['model']}, {report['backend']}, {report['dtype']}, {report['device']})"
    )
    for point in report["points"]:
        tell_point(point["what"], point)
    click.echo(f"{out}: before.png, after.png, demo.mp4, latency.json")


def tell_drag(report: Mapping[str, Any], out: Path) -> None:
    """Sum an edit up."""
    click.echo(f"{report['steps']} steps in {report['seconds']:.2f} s, {out}")
    for number, point in enumerate(report["points"], start=1):
        tell_point(f"point {number}", point)


def tell_point(name: str, point: Mapping[str, Any]) -> None:
    """One point's end in a line."""
    patch = point["patch"]
    click.echo(
        f"  {name}: {point['distance_left_px']:.1f} px from its target; its patch is found "
        f"{patch['offset_px']:.1f} px from there (similarity {patch['similarity']:.2f}, "
        f"{patch['unmoved']:.2f} had nothing moved)"
    )


def tell_checkpoint(info: CheckpointInfo) -> None:
    """What a model file holds."""
    channels = " ".join(f"{height}:{count}" for height, count in info.channels.items())
    lines = {
        "name": info.name,
        "format": info.format,
        "picture": f"{info.width} x {info.height} pixels",
        "channels": channels,
        "w+": f"{info.num_ws} vectors of {info.config.w_dim}",
        "classes": str(info.classes or "none"),
        "parameters": f"{info.parameters / 1e6:.1f} million",
        "networks": ", ".join(info.modules),
        "precision": f"{', '.join(info.precision.dtypes)} ({info.precision.reason})",
        "licence": info.licence or "the file does not say",
        "file": f"{info.size_bytes / 2**20:.1f} MiB, {info.path}",
    }
    if info.sha256:
        lines["SHA-256"] = info.sha256
    for what, value in lines.items():
        click.echo(f"{what:<11} {value}")


def tell_models(report: Mapping[str, Any]) -> None:
    """The models there are, and those that could be."""
    click.echo(f"In {report['folder']}:")
    for model in report["models"]:
        name = Path(model["path"]).relative_to(report["folder"])
        size = f"{model['size_bytes'] / 2**20:.0f} MiB"
        click.echo(f"  {name}  {model['error'] or describe_model(model)}, {size}")
    if not report["models"]:
        click.echo("  nothing yet")
    click.echo("\nWell known (`draglive models get NAME`; nothing is fetched unasked):")
    for model in report["known"]:
        size = f"{model['size_mb']:.0f} MiB" if model["size_mb"] else "size not known"
        here = "  (in your folder)" if model["here"] else ""
        click.echo(f"  {model['name']:<16} {model['pixels']:>4} px  {model['about']}{here}")
        click.echo(f"  {'':<16} {size}, {model['licence']}")
        click.echo(f"  {'':<16} {model['url']}")


def describe_model(model: Mapping[str, Any]) -> str:
    """Size, classes and format in a few words."""
    classes = f", {model['classes']} classes" if model["classes"] else ""
    return f"{model['width']} x {model['height']}{classes}, {model['format']}"
