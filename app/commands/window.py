"""`draglive open` and `draglive demo`: what opens a window."""

from __future__ import annotations

import os
import queue
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ..summary import tell_demo
from .ending import end_at_once, stopping
from .errors import tell_errors
from .options import MODEL, engine_flags, picture_flags

if TYPE_CHECKING:
    from ..engine.engine import Engine
    from ..engine.loading import EngineOptions
    from ..engine.log import SavedEdit
    from ..gui.options import WindowOptions
    from ..gui.preferences import Memory

# Every call to Dear PyGui gives Python's lock away and must have it back from the engine's thread,
# which by default keeps it for 5 ms: while dragging that made a frame a third longer (docs/log.md).
GIL_S = 0.5e-3


@click.command("open")
@MODEL
@picture_flags
@engine_flags
@click.option("--size", help="Of the window, in pixels.", show_default="as it was left")
@click.option(
    "--scale", type=float, help="Size of all that is drawn.", show_default="the desktop's"
)
@click.option("--recordings", type=click.Path(path_type=Path), help="Folder for videos.")
@click.option("--trace", type=click.Path(path_type=Path), help="Log commands and frames there.")
def open_window(model: Path | None, **flags: Any) -> None:
    """Open the window on a model, or on an edit: a .draglive file, or a picture made by one.

    This is what `draglive` does when no command is named.
    """
    require_display()
    from draglive.stylegan2_jit.checkpoints import DEFAULT_MODEL

    from ..engine.loading import EngineOptions
    from ..gui.options import SIZE, WindowOptions
    from ..gui.preferences import Memory, preferences_file

    memory = Memory(preferences_file())
    size = flags.pop("size")
    width, height = parse_size(size) if size else memory.now.size or SIZE
    options = WindowOptions(
        width=width,
        height=height,
        scale=flags.pop("scale"),
        recordings_dir=flags.pop("recordings"),
        trace=flags.pop("trace"),
        seed=flags["seed"],
        psi=flags["psi"],
        bundled=DEFAULT_MODEL,
    )
    with session_files(model) as (path, edit, file):
        asked = EngineOptions(path, edit=edit, settings=memory.settings, spare_core=True, **flags)
        run_window(asked, options, file=file, memory=memory)


@click.command()
@engine_flags
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@click.option("--headless", is_flag=True, help="Without a window.")
def demo(out: Path, headless: bool, **flags: Any) -> None:
    """Play the bundled gesture, live; leave a video, pictures and a latency report in --out."""
    from ..demo import PSI, SEED, perform
    from ..engine.loading import EngineOptions

    if not headless and not has_display():
        click.echo("No display: playing without a window.")
        headless = True
    asked = EngineOptions(seed=SEED, psi=PSI, background=False, spare_core=not headless, **flags)
    if headless:
        with stopping():
            _demo_headless(asked, out)
    else:
        from ..gui.options import WindowOptions

        options = WindowOptions(seed=SEED, psi=PSI)
        run_window(asked, options, beside=lambda e: tell_demo(perform(e, out), out))


def _demo_headless(options: EngineOptions, out: Path) -> None:
    """Play it, and keep the edit beside the video."""
    from ..demo import perform
    from ..engine.engine import Engine
    from ..session.journal import Journal
    from ..session.saving import save_session

    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder), lambda line: click.echo(f"draglive: {line}", err=True))
        engine = Engine(options, journal)
        engine.start()
        try:
            report = perform(engine, out)
        finally:
            engine.stop()
            journal.close()
            for written in Path(folder).glob("*.draglive"):
                save_session(written, out / "demo.draglive")
    tell_demo(report, out)


@contextmanager
def session_files(
    named: Path | None,
) -> Iterator[tuple[Path | None, SavedEdit | None, Path | None]]:
    """What was named is a model, or an edit: then its model, the edit, and the file to save to.

    An edit is a session file, or a picture with a recipe.

    Nobody else can open the session meanwhile; where somebody else has it, saving makes a new file.
    """
    from ..session import recipe
    from ..session.errors import InUseError
    from ..session.format import SUFFIX, read_session
    from ..session.journal import journals_folder
    from ..session.locks import holding
    from ..session.saving import find_model

    if named is not None and named.suffix.lower() in recipe.SUFFIXES:
        session = recipe.read_recipe(named)
        yield find_model(session, named), session.edit, None
        return
    if named is None or named.suffix.lower() != SUFFIX:
        yield named, None, None
        return
    session = read_session(named)
    own = named.resolve().parent == journals_folder().resolve()
    model = find_model(session, named, own=own)
    with ExitStack() as held:
        file: Path | None = named
        try:
            held.enter_context(holding(named))
        except InUseError as error:
            click.echo(f"draglive: {error}", err=True)
            file = None
        yield model, session.edit, None if own else file


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
    asked: EngineOptions,
    options: WindowOptions,
    *,
    file: Path | None = None,
    memory: Memory | None = None,
    beside: Callable[[Engine], object] | None = None,
) -> NoReturn:
    """Open the window on an engine, the edit written down as it happens; ends the program.

    Args:
        asked: of the engine.
        options: of the window.
        file: the session that is open, where saving goes.
        memory: what is remembered between runs; None remembers nothing.
        beside: runs on a thread of its own while the window is open, and is given the engine.
    """
    from ..engine.engine import Engine
    from ..gui.keeping import Keeping, News, Places, own_edits
    from ..gui.window import Window
    from ..session.journal import Journal, journals_folder

    sys.setswitchinterval(GIL_S)
    news: queue.SimpleQueue[News] = queue.SimpleQueue()
    journal = Journal(journals_folder(), lambda line: news.put((line, "error")))
    engine = Engine(asked, journal)
    engine.start()
    if beside is not None:
        threading.Thread(target=tell_errors, args=[lambda: beside(engine)], daemon=True).start()
    keeping = Keeping(engine, journal, Places(journals_folder(), own_edits(), file), news)
    code = Window(engine, options, keeping, memory).run()
    journal.close()
    end_at_once(code)


def parse_size(text: str) -> tuple[int, int]:
    """Width and height from `1366x768`."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) >= 640 and int(height) >= 480):
        raise click.UsageError(f"size must be WIDTHxHEIGHT, at least 640x480, not {text!r}")
    return int(width), int(height)
