"""Reports in words: what a command says of its result on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click


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
