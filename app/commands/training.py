"""`draglive render` and `draglive train`: the default model's data, and models of one's own."""

from __future__ import annotations

from pathlib import Path

import click

GIVEN = click.Path(exists=True, dir_okay=False, path_type=Path)


def _chosen(_context: click.Context, _option: click.Parameter, device: str) -> str:
    """The card for 'auto', where there is one."""
    import torch

    return ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device


DEVICE = click.option(
    "--device", default="auto", show_default=True, callback=_chosen, help="auto, cpu or cuda."
)


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


@click.command()
@click.option("--data", required=True, help="creatures, or a folder of pictures.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The run's folder.")
@click.option("--resolution", type=int, default=64, show_default=True, help="32, 64 … 1024.")
@click.option("--minutes", type=float, default=10.0, show_default=True)
@click.option(
    "--batch", type=int, help="Pictures a step.", show_default="64 on a card, 16 on a CPU"
)
@DEVICE
@click.option("--rate", type=float, default=0.002, show_default=True, help="Learning rate.")
@click.option("--start", type=GIVEN, help="A generator to begin with (safetensors).")
@click.option("--start-discriminator", type=GIVEN, help="The one it learnt with.")
@click.option("--guide", type=GIVEN, help="A key-point network that says what is misplaced.")
@click.option("--misplaced", type=float, default=12.0, show_default=True, help="Its weight.")
@click.option("--unlike", type=float, default=5.0, show_default=True, help="Of its features.")
def train(
    data: str,
    out: Path,
    resolution: int,
    minutes: float,
    batch: int | None,
    device: str,
    rate: float,
    start: Path | None,
    start_discriminator: Path | None,
    guide: Path | None,
    misplaced: float,
    unlike: float,
) -> None:
    """Train a generator; a run that is there already goes on.

    On several cards: torchrun --nproc-per-node N -m draglive.app.cli train …
    """
    from draglive.stylegan2_jit.training.data import Folder
    from draglive.stylegan2_jit.training.settings import Settings
    from draglive.stylegan2_jit.training.trainer import Trainer

    settings = Settings(
        data,
        out,
        resolution,
        minutes,
        device,
        batch,
        learning_rate=rate,
        start=start,
        start_discriminator=start_discriminator,
        guide=guide,
        misplaced_weight=misplaced,
        unlike_weight=unlike,
    )
    trainer = Trainer(settings)
    if isinstance(trainer.source, Folder):
        for line in trainer.source.report.lines():
            click.echo(line)
    if trainer.progress.steps:
        click.echo(f"going on after {trainer.progress.pictures} pictures")
    hidden = not trainer.company.first
    with click.progressbar(length=1000, label="training", hidden=hidden) as bar:
        report = trainer.run(lambda share, _: bar.update(int(1000 * share) - bar.pos))
    if hidden:
        return
    told = ", ".join(f"{name} {value:.3g}" for name, value in report.last.items())
    click.echo(f"{report.pictures} pictures in {report.seconds:.0f} s: {told}")
    click.echo(f"{out / 'model.safetensors'}, {report.sheet.name}")


@click.command("train-detector")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A .safetensors file.")
@click.option("--minutes", type=float, default=2.0, show_default=True)
@DEVICE
def train_detector(out: Path, minutes: float, device: str) -> None:
    """Train the network that finds the creatures' key points, on renderings alone."""
    from draglive.stylegan2_jit.training.keypoint_network import save_keypoint_network
    from draglive.stylegan2_jit.training.keypoint_training import train_keypoints
    from draglive.stylegan2_jit.training.renderer import Renderer

    with click.progressbar(length=1000, label="training") as bar:

        def tell(share: float, error_px: float) -> None:
            bar.label = f"{error_px:.2f} px"
            bar.update(int(1000 * share) - bar.pos)

        network = train_keypoints(Renderer(device), seconds=60 * minutes, tell=tell)
    save_keypoint_network(network, out)
    click.echo(str(out))


@click.command("train-parts")
@click.argument("model", type=GIVEN, required=False)
@click.option("--samples", type=click.IntRange(min=4), default=240, show_default=True)
@click.option("--steps", type=click.IntRange(min=1), default=1000, show_default=True)
@DEVICE
def train_parts(model: Path | None, samples: int, steps: int, device: str) -> None:
    """Fit what finds parts in pictures of a model of creatures; it is put beside the model."""
    import torch

    from draglive.stylegan2_jit.checkpoints import load_checkpoint
    from draglive.stylegan2_jit.parts import reader_file, save_reader
    from draglive.stylegan2_jit.training.part_fitting import fit, gather

    from ..session.files import require_writable

    checkpoint = load_checkpoint(model)
    require_writable(reader_file(checkpoint.path))
    generator = checkpoint.generator.prepare(torch.float32, device)
    with click.progressbar(length=1000, label="looking") as bar:
        try:
            seen = gather(generator, samples, lambda share: bar.update(int(1000 * share) - bar.pos))
        except ValueError as error:
            raise click.UsageError(f"{checkpoint.name}: {error}") from error
    with click.progressbar(length=1000, label="fitting") as bar:

        def tell(share: float, loss: float) -> None:
            bar.label = f"{loss:.3f}"
            bar.update(int(1000 * share) - bar.pos)

        reader = fit(seen, steps, tell)
    click.echo(str(save_reader(reader.cpu(), checkpoint.path)))
