"""The commands that make data: `draglive render`. Each imports what it needs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A .png file.")
@click.option("--count", type=click.IntRange(1, 400), default=24, show_default=True)
@click.option("--resolution", type=click.IntRange(16, 1024), default=128, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--points", is_flag=True, help="Draw the key points: green where seen, else red.")
def render(out: Path, count: int, resolution: int, seed: int, points: bool) -> None:
    """Write a sheet of the rendered creatures on which the default model is trained."""
    import torch

    from draglive.stylegan2_jit.training.factors import random_factors
    from draglive.stylegan2_jit.training.renderer import Renderer
    from draglive.stylegan2_jit.training.sheets import mark, sheet

    from ..session.pictures import require_picture_place, write_png

    require_picture_place(out)
    factors = random_factors(count, generator=torch.Generator().manual_seed(seed))
    renderer = Renderer("cpu")
    pictures = renderer.pictures(factors, resolution)
    if points:
        pictures = mark(pictures, *renderer.keypoints(factors, resolution))
    write_png(out, sheet(pictures))
    click.echo(f"{count} creatures of {resolution} px: {out}")
