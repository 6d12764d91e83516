"""`draglive bench NAME`: measure this machine, and how well it drags."""

from __future__ import annotations

from pathlib import Path

import click

from .bench_drags import (
    bench_gestures,
    bench_landmarks,
    bench_paired,
    bench_parts,
    bench_quality,
    bench_versus,
)
from .bench_options import DEVICE, DTYPE, deliver
from .bench_speed import bench_check, bench_kernels, bench_latency, bench_scaling, bench_step


@click.group()
def bench() -> None:
    """Measure this machine, and how well it drags."""


@bench.command("report")
@click.option("--quick", is_flag=True, help="At most five minutes on two cores.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True, help="Folder."
)
@DEVICE
@DTYPE
def bench_report(quick: bool, out: Path, device: str, dtype: str) -> None:
    """All of it on this machine: report.html, and a JSON file of each benchmark."""
    from draglive.benchmarks import report
    from draglive.benchmarks.chart import require_charts
    from draglive.benchmarks.page import page
    from draglive.benchmarks.result import Result

    from ..engine.device import open_device
    from ..session.files import require_writable, write_bytes, write_json

    require_charts()
    out.mkdir(parents=True, exist_ok=True)
    require_writable(out / "report.html")
    results: list[Result] = []
    effort = report.QUICK if quick else report.FULL
    for found in report.run_all(open_device(device, dtype), effort):
        if isinstance(found, Result):
            results.append(found)
            deliver(found, None, None)
            write_json(out / f"{found.benchmark}.json", found.to_json())
        else:
            click.echo(f"{found.benchmark}: left out: {found.reason}")
        click.echo()
    write_bytes(out / "report.html", page(results).encode())
    click.echo(f"Written: {out / 'report.html'}")


for command in (
    bench_step,
    bench_kernels,
    bench_scaling,
    bench_latency,
    bench_landmarks,
    bench_paired,
    bench_quality,
    bench_gestures,
    bench_parts,
    bench_versus,
    bench_check,
):
    bench.add_command(command)
