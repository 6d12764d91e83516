"""How a program ends that is told to: in order, and at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


@contextmanager
def stopping() -> Iterator[None]:
    """SIGTERM ends what is inside as Ctrl-C does: files are finished, threads stopped."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def end_at_once(code: int) -> NoReturn:
    """End the process; everything that is to be finished has been.

    Taking torch's modules apart takes the interpreter up to two seconds on a busy machine, and a
    compiler on a thread cannot be ended in order: exit would wait for it, or abort.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
