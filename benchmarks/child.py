"""A program that is asked in lines of JSON and answers in lines of JSON."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import BenchmarkError


class Child:
    """A running child process.

    Args:
        what: it is, for messages.
        command: starts it.
        cwd: where.
        environment: of it.
    """

    def __init__(
        self, what: str, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]
    ) -> None:
        self._what = what
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the child)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=cwd,
            env=dict(environment),
        )

    def ask(self, **question: Any) -> Any:
        """Its answer.

        Raises:
            BenchmarkError: it died; with the last line that it said, or refused with a line.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise BenchmarkError(f"{self._what} ended: {self._last_words()}")
        answer = json.loads(line)
        if isinstance(answer, dict) and "error" in answer:
            raise BenchmarkError(f"{self._what}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue

    def _last_words(self) -> str:
        self._process.wait()
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors if line.strip()]
        return lines[-1] if lines else f"exit code {self._process.returncode}"
