"""`draglive doctor`: what this machine can do."""

from __future__ import annotations

from pathlib import Path

import click

from .options import JSON_FILE


@click.command()
@JSON_FILE
def doctor(json_file: Path | None) -> None:
    """Say what this machine can do, and what to install."""
    from ..doctor import examine, render, to_json
    from ..session.files import write_json

    checks = examine()
    click.echo(render(checks))
    if json_file:
        write_json(json_file, to_json(checks))
