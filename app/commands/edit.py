"""`draglive drag`: an edit without a window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..engine.types import Point
from ..summary import tell_drag
from .options import JSON_FILE, MODEL, PointPair, engine_flags, picture_flags


@click.command()
@MODEL
@picture_flags
@engine_flags
@click.option(
    "--point",
    "points",
    type=PointPair(),
    multiple=True,
    required=True,
    help="Handle and target in image pixels; may be repeated.",
)
@click.option(
    "--latent", type=click.Path(path_type=Path), help="Begin at this w+ (.safetensors, .npz, .pt)."
)
@click.option("--mask", type=click.Path(path_type=Path), help="PNG: bright = movable.")
@click.option(
    "--steps", type=click.IntRange(min=1), default=300, show_default=True, help="At most so many."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="PNG of the result.")
@click.option("--video", type=click.Path(path_type=Path), help="MP4 with a picture per step.")
@click.option("--overlay/--clean", default=True, help="Points drawn into the video, or not.")
@JSON_FILE
def drag(
    model: Path | None,
    points: Sequence[tuple[Point, Point]],
    latent: Path | None,
    mask: Path | None,
    steps: int,
    out: Path,
    video: Path | None,
    overlay: bool,
    json_file: Path | None,
    **flags: Any,
) -> None:
    """Edit without a window: pull points of a seed's picture to their targets."""
    from ..engine.engine import EngineOptions, load_editor
    from ..engine.rerun import begin_at
    from ..engine.types import SetMask
    from ..headless import drag as run
    from ..session.files import require_writable, write_json
    from ..session.latents import read_latent
    from ..session.pictures import read_mask, require_picture_place, write_png

    require_picture_place(out)  # before the work, not after it
    if json_file:
        require_writable(json_file)
    editor, chooser = load_editor(EngineOptions(model, background=False, **flags))
    try:
        if latent is not None:
            begin_at(editor, read_latent(latent))
        if mask is not None:
            editor.apply(SetMask(read_mask(mask, editor.model.size)))
        edit = run(editor, points, max_steps=steps, video=video, overlay=overlay)
    finally:
        chooser.close()
    report = {
        "model": editor.model.name,
        "seed": flags["seed"],
        "psi": flags["psi"],
        "device": editor.device.name,
        "dtype": editor.device.dtype_name,
        "backend": editor.runner.name,
        "steps": edit.steps,
        "seconds": round(edit.seconds, 3),
        "points": edit.report(),
    }
    write_png(out, edit.after)
    if json_file:
        write_json(json_file, report)
    tell_drag(report, out)
