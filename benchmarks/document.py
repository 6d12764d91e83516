"""What README and docs/benchmarks.md say, from the JSON files that commands wrote.

docs/benchmarks/ holds the files, as `draglive bench NAME --json` made them. Between two marks the
README has what is derived of them here, and docs/benchmarks.md has all of it; a test fails where
either says anything else.

    python -m draglive.benchmarks.document     write both anew
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .machine import ROOT
from .page import markdown
from .result import Result, dig
from .sheets import SHEETS

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HEAD = """# Benchmarks

Every figure here is in a JSON file of [benchmarks/](benchmarks), as a command wrote it; `make
figures` writes this page and the README's lines from them. Compare figures of one file only:
another run is another hour of another machine.
"""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that says what was measured, and what it should say."""

    path: Path
    text: str

    @property
    def is_current(self) -> bool:
        """Whether it says so."""
        return self.path.exists() and self.path.read_text(encoding="utf-8") == self.text


def documents(root: Path = ROOT) -> list[Document]:
    """README and docs/benchmarks.md as the files of docs/benchmarks/ have them.

    Raises:
        ValueError: a file is no benchmark's result, or the README has lost its marks.
    """
    results = read_results(root / "docs" / "benchmarks")
    readme = root / "README.md"
    return [
        Document(readme, with_lines(readme.read_text(encoding="utf-8"), list(lines(results)))),
        Document(root / "docs" / "benchmarks.md", HEAD + "\n" + markdown(results)),
    ]


def read_results(folder: Path) -> list[Result]:
    """All results in a folder, by benchmark and file name.

    Raises:
        ValueError: a file is no benchmark's result.
    """
    order = list(SHEETS)
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(Result.from_json(json.loads(path.read_text(encoding="utf-8"))))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    return sorted(found, key=lambda result: order.index(result.benchmark))


def with_lines(readme: str, found: Sequence[str]) -> str:
    """The README with these lines between its marks.

    Raises:
        ValueError: it has no marks.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md must have {BEGIN} and {END}")
    return "\n".join([before + BEGIN, *found, END + after])


def lines(results: Sequence[Result]) -> Iterator[str]:
    """What the README tells of each result, as items of a list."""
    tellers: dict[str, Callable[[Result], str | None]] = {
        "step": _tell_step,
        "latency": _tell_latency,
        "landmarks": _tell_landmarks,
        "parts": _tell_parts,
        "versus": _tell_versus,
    }
    for result in results:
        teller = tellers.get(result.benchmark)
        if teller is not None and (line := teller(result)):
            yield f"- {result.machine['device']}: {line}"


def _case(result: Result, **values: object) -> dict[str, object] | None:
    """The first case with these values."""
    for case in result.cases:
        if all(case.get(name) == value for name, value in values.items()):
            return dict(case)
    return None


def _tell_step(result: Result) -> str | None:
    fused = _case(result, backend="fused", points=1, masked=False)
    eager = _case(result, backend="eager", points=1, masked=False)
    if fused is None:
        return None
    what = f"a step of the {fused['model']} model takes **{_ms(fused, 'stages.step.p50_ms')} ms**"
    against = f", by autograd {_ms(eager, 'stages.step.p50_ms')}" if eager else ""
    return f"{what}{against}; a picture {_ms(fused, 'picture.p50_ms')} (`draglive bench step`)"


def _tell_latency(result: Result) -> str | None:
    dragging = _case(result, name="dragging")
    if dragging is None:
        return None
    p50, p95 = (dig(dragging, f"mouse_to_frame.{p}_ms") for p in ("p50", "p95"))
    return (
        f"mouse to picture while dragging, in the window: **{p50:.0f} ms**, p95 {p95:.0f} "
        "(`draglive bench latency`)"
    )


def _tell_landmarks(result: Result) -> str | None:
    parts = []
    for case in result.cases:
        if case["preset"] == "live":
            before, after = case["before_px"], case["after_px"]
            of = _case(result, preset="official", points=case["points"])
            other = f", the official settings {of['after_px']:.1f}" if of else ""
            parts.append(f"{case['points']}: {before:.1f} → **{after:.1f}**{other}")
    if not parts:
        return None
    pairs = result.settings["pairs"]
    return (
        f"mean distance of landmarks in pixels, {pairs} pairs, by points dragged: "
        f"{'; '.join(parts)} (`draglive bench landmarks`)"
    )


def _tell_parts(result: Result) -> str | None:
    told = []
    for part in ("ear", "eye", "mane", "background"):
        shown = _case(result, part=part, way="reader", truth="moved")
        rendered = _case(result, part=part, way="reader", truth="as rendered")
        if shown and rendered:
            told.append(f"{part} **{shown['mean']:.2f}** ({rendered['mean']:.2f})")
    if not told:
        return None
    return (
        f"one-click masks on {result.settings['samples']} seeds, intersection over union with the "
        f"renderer's parts moved to where the picture shows them (as rendered): {', '.join(told)} "
        "(`draglive bench parts`)"
    )


def _tell_versus(result: Result) -> str | None:
    ours = _case(result, name="draglive live")
    if ours is None:
        return None
    own = dig(ours, "step.p50_ms")
    others = [case for case in result.cases if case["kind"] != "draglive"]
    times = {case["name"]: dig(case, "step.p50_ms") for case in others}
    parts = [f"{name} {ms:.1f} ({ms / own:.0f} times as long)" for name, ms in times.items()]
    return (
        f"{result.settings['model']}, a step with its picture in turns with other implementations: "
        f"**{own:.1f} ms**, {', '.join(parts)} (`draglive bench versus`)"
    )


def _ms(case: dict[str, object], path: str) -> str:
    value = dig(case, path)
    return f"{value:.3f}" if value < 1 else f"{value:.1f}"


def main() -> None:
    """Write what is not current."""
    for document in documents():
        if not document.is_current:
            document.path.write_text(document.text, encoding="utf-8")
            print(f"written: {document.path}")


if __name__ == "__main__":
    main()
