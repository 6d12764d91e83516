"""The command line: `draglive` opens the window; subcommands work without one.

Wires engine, session and window together. Bad input is one line on standard error and exit code
2. Each command imports what it needs: torch takes a second, and Dear PyGui needs a display.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from .engine.types import Point
from .summary import tell_demo, tell_drag

if TYPE_CHECKING:
    from .engine.engine import Engine
    from .gui.window import WindowOptions

F = TypeVar("F", bound=Callable[..., Any])

BAD_INPUT = 2
DTYPES = ("auto", "float32", "bfloat16", "float16")
BACKENDS = ("auto", "fused", "compile", "script", "eager")


class DefaultToOpen(click.Group):
    """`draglive [MODEL]` is `draglive open [MODEL]`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `open` in front of what names no command."""
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "--version")):
            args = ["open", *args]
        return super().parse_args(ctx, args)


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


@click.group(cls=DefaultToOpen)
@click.version_option(package_name="draglive")
def cli() -> None:
    """Grab a point of a GAN-made picture and pull: the picture follows the hand, live.

    Without a command: open the window on MODEL (a .safetensors file), or on the default model.
    """


@cli.command("open")
@MODEL
@picture_flags
@engine_flags
@click.option("--size", default="1366x768", show_default=True, help="Of the window, in pixels.")
@click.option(
    "--scale", type=float, help="Size of all that is drawn.", show_default="the desktop's"
)
@click.option("--recordings", type=click.Path(path_type=Path), help="Folder for videos.")
@click.option("--trace", type=click.Path(path_type=Path), help="Log commands and frames there.")
def open_window(model: Path | None, **flags: Any) -> None:
    """Open the window (what `draglive` does when no command is named)."""
    require_display()
    from .engine.engine import Engine, EngineOptions
    from .gui.window import WindowOptions

    width, height = parse_size(flags.pop("size"))
    options = WindowOptions(
        width=width,
        height=height,
        scale=flags.pop("scale"),
        recordings_dir=flags.pop("recordings"),
        trace=flags.pop("trace"),
        seed=flags["seed"],
        psi=flags["psi"],
    )
    run_window(Engine(EngineOptions(model, spare_core=True, **flags)), options)


@cli.command()
@engine_flags
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--headless", is_flag=True, help="Without a window.")
def demo(out: Path, headless: bool, **flags: Any) -> None:
    """Play the bundled gesture, live; leave a video, pictures and a latency report in --out."""
    from .demo import PSI, SEED, perform
    from .engine.engine import Engine, EngineOptions

    if not headless and not has_display():
        click.echo("No display: playing without a window.")
        headless = True
    engine = Engine(
        EngineOptions(seed=SEED, psi=PSI, background=False, spare_core=not headless, **flags)
    )
    if headless:
        engine.start()
        try:
            tell_demo(perform(engine, out), out)
        finally:
            engine.stop()
    else:
        from .gui.window import WindowOptions

        options = WindowOptions(seed=SEED, psi=PSI)
        run_window(engine, options, beside=lambda: tell_demo(perform(engine, out), out))


@cli.command()
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
    mask: Path | None,
    steps: int,
    out: Path,
    video: Path | None,
    overlay: bool,
    json_file: Path | None,
    **flags: Any,
) -> None:
    """Edit without a window: pull points of a seed's picture to their targets."""
    from .engine.engine import EngineOptions, load_editor
    from .engine.types import SetMask
    from .headless import drag as run
    from .session.files import require_writable, write_json
    from .session.pictures import read_mask, require_picture_place, write_png

    require_picture_place(out)  # before the work, not after it
    if json_file:
        require_writable(json_file)
    editor, chooser = load_editor(EngineOptions(model, background=False, **flags))
    try:
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


@cli.command()
@JSON_FILE
def doctor(json_file: Path | None) -> None:
    """Say what this machine can do, and what to install."""
    from .doctor import examine, render, to_json
    from .session.files import write_json

    checks = examine()
    click.echo(render(checks))
    if json_file:
        write_json(json_file, to_json(checks))


@cli.group()
def bench() -> None:
    """Measure this machine."""


@bench.command("step")
@MODEL
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:N, mps.")
@click.option("--dtype", type=click.Choice(DTYPES), default="auto", show_default=True)
@click.option(
    "--backend",
    "backends",
    type=click.Choice(BACKENDS[1:]),
    multiple=True,
    default=["fused", "eager", "script"],
    show_default=True,
    help="May be repeated.",
)
@click.option(
    "--points",
    type=click.IntRange(min=1),
    multiple=True,
    default=[1, 5],
    show_default=True,
    help="May be repeated.",
)
@click.option(
    "--turns",
    type=click.IntRange(min=1),
    default=15,
    show_default=True,
    help="Counted turns a case; each is three steps and a picture.",
)
@JSON_FILE
def bench_step(
    model: Path | None,
    backends: Sequence[Any],
    points: Sequence[int],
    turns: int,
    json_file: Path | None,
    **flags: Any,
) -> None:
    """Latency of a drag step and of its picture, by back-end, points and mask."""
    from draglive.benchmarks.step import measure, table

    from .engine.engine import EngineOptions
    from .session.files import write_json

    report = measure(EngineOptions(model, **flags), backends, points, turns)
    for line in table(report):
        click.echo(line)
    click.echo(", ".join(str(value) for value in report["machine"].values()))
    if json_file:
        write_json(json_file, report)


def has_display() -> bool:
    """Whether a window can be opened: Dear PyGui aborts the process where it cannot."""
    from .doctor import display_answers

    if sys.platform in ("darwin", "win32"):
        return True
    display = os.environ.get("DISPLAY")
    return display is not None and display_answers(display)


def require_display() -> None:
    """Refuse to open a window where there is no display."""
    if not has_display():
        raise click.UsageError(
            f"no display: DISPLAY is {os.environ.get('DISPLAY') or 'not set'}, and no X server is "
            "there; `draglive drag` and `draglive demo --headless` work without one"
        )


def run_window(
    engine: Engine, options: WindowOptions, *, beside: Callable[[], object] | None = None
) -> NoReturn:
    """Open the window on an engine that is not started yet; ends the program with it.

    Args:
        engine: started here.
        options: of the window.
        beside: runs on a thread of its own while the window is open.
    """
    from .gui.window import Window

    engine.start()
    if beside is not None:
        threading.Thread(target=tell_errors, args=[beside], daemon=True).start()
    code = Window(engine, options).run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a compiler on a thread cannot be ended otherwise: exit would wait, or abort


def parse_size(text: str) -> tuple[int, int]:
    """Width and height from `1366x768`."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) >= 640 and int(height) >= 480):
        raise click.UsageError(f"size must be WIDTHxHEIGHT, at least 640x480, not {text!r}")
    return int(width), int(height)


def tell_errors(action: Callable[[], object]) -> None:
    """Run something; what goes wrong on purpose is one line, not a traceback."""
    try:
        action()
    except expected_errors() as error:
        click.echo(f"draglive: {' '.join(str(error).split())}", err=True)


def expected_errors() -> tuple[type[Exception], ...]:
    """The errors that are a person's to mend: bad input, a missing device, an unwritable place."""
    from draglive.stylegan2_jit.compile import BackendError

    from .demo import DemoError
    from .session.errors import SessionError

    return SessionError, DemoError, BackendError, ValueError, OSError


def refuse(message: str) -> NoReturn:
    """Say what is wrong in one line and end with exit code 2."""
    click.echo(f"draglive: {' '.join(message.split())}", err=True)
    sys.exit(BAD_INPUT)


def main() -> None:
    """Entry point: bad input is one line and exit code 2."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        refuse(error.format_message())
    except Exception as error:
        if not isinstance(error, expected_errors()):
            raise
        refuse(str(error))


if __name__ == "__main__":
    main()
