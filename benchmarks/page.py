"""Results as one self-contained HTML page, or as Markdown."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from .chart import draw
from .result import Result, Sheet, fact_lines, rows
from .sheets import SHEETS

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0 }
th, td { border-bottom: 1px solid #ddd; padding: .2rem .7rem; text-align: right }
th:first-child, td:first-child { text-align: left }
svg { max-width: 100%; height: auto }
.card { color: #555 }
@media (prefers-color-scheme: dark) {
  body { background: #16181c; color: #ddd } .card { color: #999 }
  th, td { border-color: #333 } svg { background: #fff; border-radius: 4px }
}
"""


def page(results: Sequence[Result]) -> str:
    """All results, charts drawn in.

    Raises:
        BenchmarkError: charts cannot be drawn here.
    """
    parts = [part for result in results for part in _section(SHEETS[result.benchmark], result)]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><meta charset="utf-8"><title>draglive benchmarks</title>',
            f"<style>{STYLE}</style>",
            "<h1>draglive benchmarks</h1>",
            *parts,
            "</html>\n",
        ]
    )


def _section(sheet: Sheet, result: Result) -> Iterator[str]:
    yield f"<h2>{html.escape(sheet.name)}</h2><p>{html.escape(sheet.about)}</p>"
    yield from draw(sheet, result)
    head, *body = rows(sheet, result)
    yield "<table><tr>" + "".join(f"<th>{html.escape(title)}" for title in head)
    yield from ("<tr>" + "".join(f"<td>{html.escape(text)}" for text in row) for row in body)
    yield "</table>"
    yield from (f"<p>{html.escape(line)}</p>" for line in fact_lines(result))
    yield f'<p class="card">{html.escape(card_line(result))}</p>'


def markdown(results: Sequence[Result]) -> str:
    """All results as tables."""
    return "\n".join(
        line for result in results for line in _lines(SHEETS[result.benchmark], result)
    )


def _lines(sheet: Sheet, result: Result) -> Iterator[str]:
    yield from (f"## {sheet.name}", "", sheet.about, "")
    head, *body = rows(sheet, result)
    yield f"| {' | '.join(head)} |"
    yield f"|---{'|---:' * (len(head) - 1)}|"
    yield from (f"| {' | '.join(row)} |" for row in body)
    yield ""
    yield from (f"{line}  " for line in fact_lines(result))
    yield from ("", f"*{card_line(result)}*", "")


def card_line(result: Result) -> str:
    """The machine and the settings in a line."""
    card = {**result.machine, "commit": _told(result.machine.get("commit")), **result.settings}
    return ", ".join(f"{name} {value}" for name, value in card.items() if value is not None)


def _told(commit: str | None) -> str:
    """What a card says of the revision that was measured."""
    if commit is None:
        return "not known"
    return f"{commit[:-1]} with changes" if commit.endswith("+") else commit
