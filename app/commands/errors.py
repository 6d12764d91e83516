"""The errors that are a person's to mend, and how a command tells them: one line, no traceback."""

from __future__ import annotations

from collections.abc import Callable

import click


def tell_errors(action: Callable[[], object]) -> None:
    """Run something; what goes wrong on purpose is one line, not a traceback."""
    try:
        action()
    except expected_errors() as error:
        click.echo(f"draglive: {' '.join(str(error).split())}", err=True)


def expected_errors() -> tuple[type[Exception], ...]:
    """The errors that are a person's to mend: bad input, a missing device, an unwritable place."""
    from draglive.benchmarks.errors import BenchmarkError
    from draglive.stylegan2_jit.compile import BackendError

    from ..errors import DemoError
    from ..models.errors import ModelsError
    from ..session.errors import SessionError

    return SessionError, ModelsError, DemoError, BackendError, BenchmarkError, ValueError, OSError
