"""The doctor always answers, says what to install, and imports nothing heavy to be asked."""

import json
import subprocess
import sys

import pytest

from draglive.app import doctor
from draglive.app.doctor import Check, examine, render, to_json

NAMES = [
    "Python", "PyTorch", "CPU", "GPU", "Triton", "C++ compiler", "Python headers", "Display",
    "Window", "Video", "OpenCV", "Cache", "Default model", "Back-ends",
]  # fmt: skip


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def checks():
    return {check.name: check for check in examine()}


def test_looks_at_everything(checks):
    assert list(checks) == NAMES
    for check in checks.values():
        assert check.state in ("ok", "warn", "missing")
        assert check.found
        assert "\n" not in check.found + check.advice
        assert check.advice or check.state == "ok"


@pytest.mark.parametrize("name", ["Python", "PyTorch", "CPU", "Video", "OpenCV", "Default model"])
def test_finds_what_these_tests_run_with(checks, name):
    assert checks[name].state == "ok", checks[name]


def test_importing_it_is_light():
    done = run(
        "import sys; import draglive.app.doctor; "
        "print({'torch', 'av', 'cv2', 'numpy', 'dearpygui'} & set(sys.modules))"
    )
    assert done.stdout.strip() == "set()", done.stderr


def test_answers_when_nothing_can_be_imported():
    done = run(
        "import sys\n"
        "for name in ('torch', 'av', 'cv2', 'numpy', 'dearpygui', 'platformdirs'):\n"
        "    sys.modules[name] = None\n"
        "from draglive.app.doctor import examine, render\n"
        "print(render(examine()))\n"
    )
    assert done.returncode == 0, done.stderr
    lines = {line.strip() for line in done.stdout.splitlines()}
    assert any(line.startswith("MISSING  PyTorch") for line in lines)
    assert "-> pip install av" in lines
    assert "-> pip install opencv-python-headless" in lines


def test_a_probe_that_breaks_is_a_line():
    def broken():
        raise RuntimeError("two\nlines")

    assert doctor._guarded("CPU", broken) == Check(
        "CPU", "missing", "cannot be examined: RuntimeError: two lines"
    )


def fake_run(returncode, stderr):
    done = subprocess.CompletedProcess([], returncode, "", stderr)
    return lambda command: done


@pytest.mark.parametrize(
    ("returncode", "stderr", "found", "advice"),
    [
        (-6, "", "importing Dear PyGui ended with -6", "pip install dearpygui"),
        (
            1,
            "Traceback\nImportError: libGL.so.1: cannot open shared object file",
            "ImportError: libGL.so.1: cannot open shared object file",
            "apt-get install libgl1",
        ),
    ],
)
def test_a_window_library_that_dies_is_told(monkeypatch, returncode, stderr, found, advice):
    monkeypatch.setattr(doctor, "_run", fake_run(returncode, stderr))
    assert doctor._window() == Check("Window", "missing", found, advice)


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="they have a display")
@pytest.mark.parametrize(
    ("display", "found"),
    [(None, "none: DISPLAY is not set"), (":987", "DISPLAY=:987, but no X server there")],
)
@pytest.mark.parametrize("xvfb", ["/usr/bin/Xvfb", None])
def test_display(monkeypatch, display, found, xvfb):
    if display is None:
        monkeypatch.delenv("DISPLAY", raising=False)
    else:
        monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: xvfb)
    check = doctor._display()
    assert (check.state, check.found) == ("warn", found)
    assert ("apt-get install xvfb xauth" in check.advice) == (xvfb is None)


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="they have a display")
def test_a_display_elsewhere_is_believed(monkeypatch):
    monkeypatch.setenv("DISPLAY", "localhost:10.0")
    assert doctor._display() == Check("Display", "ok", "DISPLAY=localhost:10.0")


def test_no_compiler(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    check = doctor._compiler()
    assert check.state == "warn"
    assert check.advice.endswith(("install g++", "--install"))


def test_no_headers(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.sysconfig, "get_path", lambda name: str(tmp_path))
    check = doctor._headers()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert (check.state, check.advice) == ("warn", f"apt-get install libpython{version}-dev")


def test_two_opencvs_are_one_too_many(monkeypatch):
    monkeypatch.setattr(doctor, "_installed", lambda name: True)
    check = doctor._opencv()
    assert check.state == "warn"
    assert "opencv-python and opencv-python-headless overwrite each other" in check.found


def test_a_full_disk(monkeypatch):
    monkeypatch.setattr(doctor, "NEEDED_BYTES", 1 << 70)
    check = doctor._cache()
    assert check.state == "warn"
    assert "GiB free" in check.found


def test_the_table():
    table = render([Check("A", "ok", "here"), Check("Long", "missing", "gone", "get it")])
    assert table.splitlines() == [
        "     ok  A     here",
        "MISSING  Long  gone",
        "               -> get it",
    ]
    assert render([]) == ""


def test_the_report():
    good, bad = Check("A", "warn", "less", "more"), Check("B", "missing", "gone", "get it")
    assert to_json([good])["ok"] is True
    report = json.loads(json.dumps(to_json([good, bad])))
    assert report["ok"] is False
    assert report["checks"][1] == {
        "name": "B", "state": "missing", "found": "gone", "advice": "get it"
    }  # fmt: skip
