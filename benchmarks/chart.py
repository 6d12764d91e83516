"""Charts as SVG by matplotlib, which is asked for only when one is drawn (`draglive[bench]`).

Static pictures in place of a script: a report is one small file that any browser shows and prints.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .errors import BenchmarkError
from .result import Chart, Result, Sheet, dig

WIDTH_IN, HEIGHT_IN = 7.0, 3.6
BAR_IN = 0.3  # height that a bar adds
DENSE = 20  # above this ratio of y, only powers of ten are labelled


def require_charts() -> None:
    """Make sure, before long work, that charts can be drawn.

    Raises:
        BenchmarkError: matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise BenchmarkError("charts need matplotlib: pip install 'draglive[bench]'")


def draw(sheet: Sheet, result: Result) -> Iterator[str]:
    """The sheet's charts of a result, each an `<svg>` element; none without cases to show.

    Raises:
        BenchmarkError: matplotlib is not installed.
    """
    require_charts()
    for chart in sheet.charts:
        cases = [case for case in result.cases if dig(case, chart.y[0]) is not None]
        if cases:
            yield _svg(chart, cases)


def _svg(chart: Chart, cases: Sequence[Mapping[str, Any]]) -> str:
    from matplotlib.figure import Figure  # noqa: PLC0415 (half a second, for charts only)

    height = HEIGHT_IN if chart.x else 1.2 + BAR_IN * len(cases)
    figure = Figure(figsize=(WIDTH_IN, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(chart.title)
    if chart.x:
        _lines(axes, chart, cases)
    else:
        _bars(axes, chart, cases)
    text = io.StringIO()
    # hash salt and date: the same figures give the same file
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue().partition("<svg")[1] + text.getvalue().partition("<svg")[2]


def _lines(axes: Any, chart: Chart, cases: Sequence[Mapping[str, Any]]) -> None:
    assert chart.x is not None
    lines: dict[str, list[tuple[float, float]]] = {}
    for case in cases:
        point = dig(case, chart.x[0]), dig(case, chart.y[0])
        lines.setdefault(_label(chart, case, cases), []).append(point)
    for label, points in lines.items():
        x, y = zip(*sorted(points), strict=True)
        axes.plot(x, y, marker="o", label=label)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")  # 16, not 2⁴
    low, high = axes.get_ylim()
    axes.yaxis.set_minor_formatter("{x:g}" if high < DENSE * low else "")
    axes.tick_params(which="minor", labelsize="x-small")
    axes.set_xlabel(chart.x[1])
    axes.set_ylabel(chart.y[1])
    axes.grid(visible=True, which="both", alpha=0.2)
    if len(lines) > 1:
        axes.legend(fontsize="small")


def _bars(axes: Any, chart: Chart, cases: Sequence[Mapping[str, Any]]) -> None:
    values = [dig(case, chart.y[0]) for case in cases]
    spread = None
    if chart.spread:
        low, high = ([dig(case, path) for case in cases] for path in chart.spread)
        below = [max(v - a, 0) for v, a in zip(values, low, strict=True)]
        above = [max(b - v, 0) for v, b in zip(values, high, strict=True)]
        spread = [below, above]
    axes.barh([case["name"] for case in cases], values, xerr=spread, color="#4c78a8")
    axes.invert_yaxis()
    axes.set_xlabel(chart.y[1])


def _label(chart: Chart, case: Mapping[str, Any], cases: Sequence[Mapping[str, Any]]) -> str:
    """What tells a line from the others: only what differs."""
    parts = []
    for path in chart.by:
        if len({str(dig(other, path)) for other in cases}) > 1:
            value = dig(case, path)
            name = path.rpartition(".")[2]
            parts.append(
                f"{'' if value else 'not '}{name}" if isinstance(value, bool) else f"{value}"
            )
    return ", ".join(parts)
