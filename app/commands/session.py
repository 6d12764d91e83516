"""`draglive replay`: an edit from its file, done again."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import JSON_FILE, engine_flags

if TYPE_CHECKING:
    from ..engine.editor import Editor
    from ..replay import Outcome

FAILED = 1


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@engine_flags
@click.option("--model", type=click.Path(path_type=Path), help="Another model than its own.")
@click.option("--verify", is_flag=True, help="Fail unless it is the same edit; say where it parts.")
@click.option("--video", type=click.Path(path_type=Path), help="MP4, GIF or WebP of the edit.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where it ends: a picture (.png, .jpg, .webp) that knows how it was made, "
    "or its w+ (.safetensors, .npz, .pt).",
)
@click.option(
    "--fps", type=click.IntRange(1, 240), default=60, show_default=True, help="Of the video."
)
@click.option(
    "--size",
    type=click.IntRange(16, 4096),
    help="Height of the video.",
    show_default="the model's",
)
@click.option("--overlay", is_flag=True, help="Draw the points into the video.")
@JSON_FILE
def replay(file: Path, verify: bool, json_file: Path | None, **flags: Any) -> None:
    """Do the edit in FILE again, command by command at the same steps.

    On the machine it was made on, that leads to the same w+, bit by bit. Elsewhere every gesture
    begins and ends where it did then, and --verify says what this machine made of each by itself.
    """
    from ..replay import describe_outcome
    from ..session.files import require_writable, write_json

    if json_file:
        require_writable(json_file)
    report, outcome, alone = _replay(file, flags, verify=verify)
    if json_file:
        by_itself = {"alone": alone.report()} if alone else {}
        write_json(json_file, {**report, **outcome.report(), **by_itself})
    click.echo(f"{file}: {outcome.steps} steps, {outcome.events} events, {report['backend']}")
    for line in describe_outcome(outcome, alone):
        click.echo(f"  {line}")
    if verify and not outcome.holds:
        raise SystemExit(FAILED)


def write_end(editor: Editor, out: Path) -> None:
    """Where an edit ended: a picture with its recipe, or w+, as the name says."""
    from ..engine.snapshot import of_latent, pack
    from ..session.files import file_sha256
    from ..session.latents import SUFFIXES, write_latent
    from ..session.recipe import recipe_of, write_picture

    if out.suffix.lower() in SUFFIXES:
        write_latent(out, editor.ws)
        return
    origin = replace(
        editor.origin,
        seed=editor.state.seed,
        psi=editor.state.psi,
        class_index=editor.state.class_index,
    )
    recipe = recipe_of(origin, file_sha256(Path(origin.path)), pack(of_latent(editor.ws)))
    write_picture(out, editor.draw(editor.ws), recipe)


def _replay(
    file: Path, flags: dict[str, Any], *, verify: bool
) -> tuple[dict[str, object], Outcome, Outcome | None]:
    """What it was done with, how it ended, and how a run ended that was not led."""
    from ..engine.engine import EngineOptions
    from ..film import Film
    from ..replay import Replay, open_for_replay
    from ..session.files import file_sha256
    from ..session.format import read_session
    from ..session.journal import journals_folder
    from ..session.patches import patch_apart
    from ..session.saving import find_model

    video, fps, size = flags.pop("video"), flags.pop("fps"), flags.pop("size")
    overlay, out = flags.pop("overlay"), flags.pop("out")
    session = read_session(file)
    own = file.resolve().parent == journals_folder().resolve()
    other = flags.pop("model")
    model = other or find_model(session, file, own=own)
    same = other is None or file_sha256(other) == session.model_sha256
    editor, follow, chooser = open_for_replay(session.edit.origin, EngineOptions(model, **flags))
    film, alone = None, None
    try:
        replay = partial(
            Replay,
            session.edit,
            editor,
            follow,
            same_model=same,
            apart=patch_apart if verify else None,
        )
        if verify and replay().leads:
            alone = replay(led=False).run()
        if video is not None:
            film = Film(editor, video, fps=fps, height=size, overlay=overlay)
        outcome = replay().run(film)
        if out is not None:
            write_end(editor, out)
    finally:
        if film is not None:
            film.close()
        chooser.close()
    report: dict[str, object] = {
        "file": str(file),
        "lost_lines": session.lost,
        "model": editor.model.name,
        "device": editor.device.name,
        "dtype": editor.device.dtype_name,
        "backend": editor.runner.name,
        "states": len(editor.history.states),
    }
    return report, outcome, alone
