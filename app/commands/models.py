"""`draglive inspect`, `convert` and `models`: what a file holds, and where to get others."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from draglive.stylegan2_jit.checkpoints.checkpoint import Progress

    from ..models.catalogue import KnownModel
    from ..models.library import ModelFile
    from ..models.thumbnails import ThumbnailShelf

PRINT_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
FILE = click.argument("file", type=click.Path(path_type=Path))
GENERATOR = click.option(
    "--generator",
    type=click.Choice(["G_ema", "G"]),
    default="G_ema",
    show_default=True,
    help="Which of the file's generators: the average over training, or the last.",
)


@click.command()
@FILE
@GENERATOR
@click.option("--hash/--no-hash", "hashed", default=True, help="SHA-256 of the whole file.")
@PRINT_JSON
def inspect(file: Path, generator: Any, hashed: bool, as_json: bool) -> None:
    """Say what a model file holds. Nothing in it is run."""
    from draglive.stylegan2_jit.checkpoints import inspect_checkpoint

    from ..summary import tell_checkpoint

    with progress_bar("Hashing") as progress:
        info = inspect_checkpoint(file, module=generator, sha256=hashed, progress=progress)
    if as_json:
        print_json(info.to_dict())
    else:
        tell_checkpoint(info)


@click.command()
@FILE
@click.argument("out", type=click.Path(path_type=Path))
@GENERATOR
@click.option("--half", is_flag=True, help="Half precision, where it fits: half the size.")
@click.option("--force", is_flag=True, help="Replace OUT if it exists.")
def convert(file: Path, out: Path, generator: Any, half: bool, force: bool) -> None:
    """Write the generator of FILE as OUT.safetensors: bit for bit, unless --half."""
    from draglive.stylegan2_jit.checkpoints import convert_checkpoint

    from ..summary import tell_checkpoint

    if out.suffix != ".safetensors":
        raise click.UsageError(f"OUT must end in .safetensors, not {out.name!r}")
    with progress_bar("Reading") as progress:
        info = convert_checkpoint(
            file, out, module=generator, half=half, force=force, progress=progress
        )
    tell_checkpoint(info)


@click.group(invoke_without_command=True)
@PRINT_JSON
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the models in your folder, and well-known ones that `models get` fetches.

    The folder is DRAGLIVE_MODELS, or one among this user's data. Thumbnails are made as needed.
    """
    if context.invoked_subcommand is not None:
        return
    from ..models.catalogue import known_models
    from ..models.library import list_folder
    from ..models.places import models_folder, thumbnails_folder
    from ..models.thumbnails import ThumbnailShelf
    from ..summary import tell_models

    shelf, folder = ThumbnailShelf(thumbnails_folder()), models_folder()
    files = list_folder(folder)
    mine = []
    with progress_bar("Looking") as progress:
        for number, file in enumerate(files, start=1):
            mine.append(describe_file(shelf, file))
            progress(number / len(files))
    report = {
        "folder": str(folder),
        "models": mine,
        "known": [describe_known(model, folder) for model in known_models()],
    }
    if as_json:
        print_json(report)
    else:
        tell_models(report)


@models.command("get")
@click.argument("name")
@click.option("--accept-licence", is_flag=True, help="You have read the licence and agree to it.")
@click.option("--force", is_flag=True, help="Fetch it though it is there.")
def get(name: str, accept_licence: bool, force: bool) -> None:
    """Fetch a well-known model into your folder; a broken download is gone on with."""
    from draglive.stylegan2_jit.checkpoints import inspect_checkpoint

    from ..models.catalogue import find_model, known_models
    from ..models.download import fetch
    from ..models.places import models_folder
    from ..summary import tell_checkpoint

    model = find_model(name, known_models())
    place = models_folder() / model.file_name
    if place.exists() and not force:
        raise click.UsageError(f"{place}: is there already; --force fetches it anew")
    require_agreement(model, accept_licence)
    click.echo(f"{model.url}\n  to {place}")
    with progress_bar("Fetching") as progress:
        got = fetch(
            model.url,
            place,
            sha256=model.sha256,
            check=None if model.sha256 else refuse_other_files,
            progress=lambda done, total: progress(done / total if total else 0.0),
        )
    if model.sha256 is None:
        click.echo(f"No SHA-256 of this file is known, so it was not compared: it has {got.sha256}")
    else:
        click.echo("Its SHA-256 is the one in the catalogue.")
    tell_checkpoint(inspect_checkpoint(place))


def refuse_other_files(part: Path) -> None:
    """A web page in place of a model is not worth keeping; a model that cannot be used may be.

    Raises:
        CheckpointError: it is no checkpoint, or a damaged one.
    """
    from draglive.stylegan2_jit.checkpoints import (
        CheckpointError,
        DamagedFileError,
        NotACheckpointError,
        inspect_checkpoint,
    )

    try:
        inspect_checkpoint(part)
    except (NotACheckpointError, DamagedFileError):
        raise
    except CheckpointError:
        return


def describe_file(shelf: ThumbnailShelf, file: ModelFile) -> dict[str, Any]:
    """A file of the folder, ready for JSON; its thumbnail is made if there is none."""
    from ..models.thumbnailer import make

    facts = shelf.facts(file) or make(shelf, file)
    return {
        "path": str(file.path),
        "size_bytes": file.size_bytes,
        "name": facts.name,
        "format": facts.format,
        "width": facts.width,
        "height": facts.height,
        "classes": facts.classes,
        "error": facts.error or None,
        "thumbnail": None if facts.error else str(shelf.picture_path(file)),
    }


def describe_known(model: KnownModel, folder: Path) -> dict[str, Any]:
    """A model of the catalogue, ready for JSON."""
    return {
        "name": model.name,
        "about": model.about,
        "pixels": model.pixels,
        "classes": model.classes,
        "size_mb": model.size_mb,
        "licence": model.licence.name,
        "licence_url": model.licence.url,
        "url": model.url,
        "sha256": model.sha256,
        "here": (folder / model.file_name).exists(),
    }


def require_agreement(model: KnownModel, accepted: bool) -> None:
    """Have the person agree to a model's licence, at the terminal if there is one."""
    licence = f"{model.licence.name}, {model.licence.url}"
    click.echo(f"{model.name}: {model.about}, by {model.source}\nLicence: {licence}")
    if accepted:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{model.name}: read its licence and add --accept-licence")
    if not click.confirm("Do you accept this licence?"):
        raise click.UsageError(f"{model.name}: not fetched, its licence is not accepted")


def print_json(payload: object) -> None:
    """For programs that read on."""
    click.echo(json.dumps(payload, indent=2, ensure_ascii=False))


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """A bar on a terminal that is told shares, 0 to 1; without a terminal nothing."""
    if not sys.stderr.isatty():
        yield lambda _share: None
        return
    # In thousandths of the work: shares are all that is told.
    with click.progressbar(length=1000, label=label, file=sys.stderr) as bar:
        yield lambda share: bar.update(round(1000 * share) - bar.pos)
