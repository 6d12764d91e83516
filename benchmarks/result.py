"""What came of a benchmark, in one shape: JSON for programs, a table and charts for people.

    {"benchmark", "machine", "settings", "cases": [{"name", …}], "facts"}

A `Sheet` says which of a case's figures are shown and how; a result read back from its JSON is
shown the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: `path` leads into a case, like `step.p50_ms`."""

    title: str
    path: str
    digits: int = 3

    def text(self, case: Mapping[str, Any]) -> str:
        """A case's value as the table shows it; empty where there is none."""
        value = dig(case, self.path)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        return f"{value:.{self.digits}f}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture of the cases.

    Attributes:
        title: above it.
        y: path of what is shown, and its label.
        x: path along the axis; None draws a bar for each case.
        by: paths whose values make a line each.
        spread: paths of an interval's ends.
    """

    title: str
    y: tuple[str, str]
    x: tuple[str, str] | None = None
    by: tuple[str, ...] = ()
    spread: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """How a benchmark's result is shown."""

    name: str
    about: str
    columns: tuple[Column, ...]
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """Cases, each with a name and figures, and what holds for all of them."""

    benchmark: str
    machine: Mapping[str, Any]
    settings: Mapping[str, Any]
    cases: Sequence[Mapping[str, Any]]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "benchmark": self.benchmark,
            "machine": dict(self.machine),
            "settings": dict(self.settings),
            "cases": [dict(case) for case in self.cases],
            "facts": dict(self.facts),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Result:
        """As it was written.

        Raises:
            ValueError: it is no benchmark's result.
        """
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"no benchmark's result: {error}") from error


def dig(values: Mapping[str, Any], path: str) -> Any:
    """The value at `a.b.c`, or None where there is none."""
    found: Any = values
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def rows(sheet: Sheet, result: Result) -> list[list[str]]:
    """The table with its titles, columns that are empty throughout left out."""
    table = [
        [c.title, *(c.text(case) for case in result.cases)]
        for c in (Column("case", "name"), *sheet.columns)
    ]
    return [list(row) for row in zip(*(c for c in table if any(c[1:])), strict=True)]


def table_lines(sheet: Sheet, result: Result) -> Iterator[str]:
    """The table, the facts and the machine as lines of text."""
    table = rows(sheet, result)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        first, *others = (
            text.ljust(w) if i == 0 else text.rjust(w)
            for i, (text, w) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([first, *others]).rstrip()
    yield from fact_lines(result)
    yield ", ".join(f"{value}" for value in result.machine.values() if value is not None)


def fact_lines(result: Result) -> Iterator[str]:
    """What holds for all cases, a line each."""
    for name, value in result.facts.items():
        if isinstance(value, Mapping):
            parts = (f"{key} {_short(part)}" for key, part in value.items())
            yield f"{name}: {', '.join(parts)}"
        else:
            yield f"{name}: {_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_short(part)}" for key, part in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)
