"""What README and docs say is what the JSON files have; a report is made of them all."""

import json
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from draglive.app.engine.device import open_device
from draglive.benchmarks import document, report
from draglive.benchmarks.document import (
    BEGIN,
    END,
    documents,
    lines,
    read_results,
    with_lines,
)
from draglive.benchmarks.errors import BenchmarkError
from draglive.benchmarks.machine import ROOT
from draglive.benchmarks.page import card_line
from draglive.benchmarks.result import Result


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.path.name)
def test_what_is_said_is_what_was_measured(document):
    """If this fails: `make figures`."""
    assert document.is_current


def test_the_readme_tells_no_other_figures():
    readme = (ROOT / "README.md").read_text()
    by_hand = readme[: readme.index(BEGIN)] + readme[readme.index(END) :]
    units = r"ms|milliseconds|steps|frames|pictures a second|px off|times as"
    assert not re.findall(rf"\d[\d.,]*\*{{0,2}} (?:{units})\b", by_hand)


def test_revisions_that_cards_name_are_in_the_history():
    """A card may say that its revision is not known, or that files had changes, but no other."""
    for result in read_results(ROOT / "docs" / "benchmarks"):
        named = result.machine.get("commit")
        if named is None:
            assert "commit not known" in card_line(result)
        elif git("rev-parse", "--is-shallow-repository") == "false":
            assert git("merge-base", "--is-ancestor", named.rstrip("+"), "HEAD") == "", named
        else:
            pytest.skip("no whole history here")


def git(*words):
    """What git says; None where it fails, or is not there."""
    try:
        done = subprocess.run(
            ["git", "-C", ROOT, *words], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return None if done.returncode else done.stdout.strip()


@pytest.mark.parametrize(
    ("commit", "told"),
    [(None, "commit not known"), ("abc", "commit abc"), ("abc+", "commit abc with changes")],
)
def test_a_card_tells_the_revision(commit, told):
    result = Result("step", {"device": "A card", "commit": commit}, {"turns": 1}, [])
    assert card_line(result) == f"device A card, {told}, turns 1"


@pytest.fixture
def copy(tmp_path):
    (tmp_path / "docs").mkdir()
    shutil.copytree(ROOT / "docs" / "benchmarks", tmp_path / "docs" / "benchmarks")
    for name in ("README.md", "docs/benchmarks.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_changed_number_is_found(copy):
    assert all(document.is_current for document in documents(copy))
    readme = copy / "README.md"
    text = readme.read_text()
    part = text[text.index(BEGIN) : text.index(END)]
    digit = next(c for c in part if c.isdigit() and c != "9")
    readme.write_text(text.replace(part, part.replace(digit, "9", 1)))
    assert not documents(copy)[0].is_current


def test_a_changed_measurement_is_found(copy):
    path = next((copy / "docs" / "benchmarks").glob("*.json"))
    result = json.loads(path.read_text())
    result["machine"]["device"] = "Another machine"
    path.write_text(json.dumps(result))
    assert not documents(copy)[1].is_current


def test_a_file_that_is_no_result_is_named(copy):
    (copy / "docs" / "benchmarks" / "other.json").write_text('{"some": 1}')
    with pytest.raises(ValueError, match=r"other\.json: no benchmark's result"):
        documents(copy)


def test_a_readme_without_marks_is_refused():
    with pytest.raises(ValueError, match="must have"):
        with_lines("# draglive", ["one"])


def test_lines_tell_each_machine():
    step = {
        "backend": "fused", "points": 1, "masked": False, "model": "some",
        "stages": {"step": {"p50_ms": 0.1234}}, "picture": {"p50_ms": 5.55},
    }  # fmt: skip
    result = Result("step", {"device": "A card"}, {}, [{"name": "one", **step}])
    (line,) = lines([result])
    assert line.startswith("- A card: a step of the some model takes **0.123 ms**; a picture 5.5")
    assert list(lines([replace(result, cases=[])])) == []


def test_a_report_goes_on_where_something_cannot_be_run(monkeypatch):
    def run(what):
        if what is None:
            raise BenchmarkError("no display")
        return what

    plan = [("latency", lambda: run(None)), ("step", lambda: run("result"))]
    monkeypatch.setattr(report, "benchmarks", lambda device, effort: iter(plan))
    found = list(report.run_all(open_device("cpu", "float32"), report.QUICK))
    assert found == [report.LeftOut("latency", "no display"), "result"]


def test_every_benchmark_of_a_report_has_a_sheet():
    names = [name for name, _ in report.benchmarks(open_device("cpu", "float32"), report.QUICK)]
    assert names == ["step", "kernels", "scaling", "latency", "landmarks", "paired"]
    assert set(names) <= set(document.SHEETS)


def test_every_file_that_readme_names_is_there():
    readme = (ROOT / "README.md").read_text()
    named = {link for link in re.findall(r"\]\(([^)#]+)\)", readme) if "://" not in link}
    assert len(named) > 20
    assert [link for link in sorted(named) if not (ROOT / link).exists()] == []
