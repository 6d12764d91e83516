"""`draglive open` and `draglive demo`: what opens a window."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ..summary import tell_demo
from .errors import tell_errors
from .options import MODEL, engine_flags, picture_flags

if TYPE_CHECKING:
    from ..engine.engine import Engine
    from ..gui.window import WindowOptions


@click.command("open")
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
    from ..engine.engine import Engine, EngineOptions
    from ..gui.window import WindowOptions

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


@click.command()
@engine_flags
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--headless", is_flag=True, help="Without a window.")
def demo(out: Path, headless: bool, **flags: Any) -> None:
    """Play the bundled gesture, live; leave a video, pictures and a latency report in --out."""
    from ..demo import PSI, SEED, perform
    from ..engine.engine import Engine, EngineOptions

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
        from ..gui.window import WindowOptions

        options = WindowOptions(seed=SEED, psi=PSI)
        run_window(engine, options, beside=lambda: tell_demo(perform(engine, out), out))


def has_display() -> bool:
    """Whether a window can be opened: Dear PyGui aborts the process where it cannot."""
    from ..doctor import display_answers

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
    from ..gui.window import Window

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
