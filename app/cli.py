"""The command line: `draglive` opens the window; subcommands work without one.

Puts the commands of `commands/` together. Bad input is one line on standard error and exit code 2.
"""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from .commands.batch import batch
from .commands.bench import bench
from .commands.edit import drag
from .commands.ending import end_at_once
from .commands.errors import expected_errors
from .commands.machine import doctor
from .commands.models import convert, inspect, models
from .commands.session import replay
from .commands.training import render, train, train_detector, train_parts
from .commands.window import demo, open_window

BAD_INPUT = 2
INTERRUPTED = 130


class DefaultToOpen(click.Group):
    """`draglive [MODEL]` is `draglive open [MODEL]`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `open` in front of what names no command."""
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "--version")):
            args = ["open", *args]
        return super().parse_args(ctx, args)


@click.group(cls=DefaultToOpen)
@click.version_option(package_name="draglive")
def cli() -> None:
    """Grab a point of a GAN-made picture and pull: the picture follows the hand, live.

    Without a command: open the window on MODEL (a checkpoint file), or on the default model.
    """


for command in (
    open_window,
    demo,
    drag,
    replay,
    batch,
    inspect,
    convert,
    models,
    doctor,
    bench,
    render,
    train,
    train_detector,
    train_parts,
):
    cli.add_command(command)


def refuse(message: str) -> NoReturn:
    """Say what is wrong in one line and end with exit code 2."""
    click.echo(f"draglive: {' '.join(message.split())}", err=True)
    sys.exit(BAD_INPUT)


def main() -> None:
    """Entry point: bad input is one line and exit code 2."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        end_at_once(INTERRUPTED)
    except click.ClickException as error:
        refuse(error.format_message())
    except Exception as error:
        if not isinstance(error, expected_errors()):
            raise
        refuse(str(error))


if __name__ == "__main__":
    main()
