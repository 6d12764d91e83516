"""What import-linter reads in the source, seen in a running process."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "dearpygui", "av", "cv2"}


@pytest.mark.parametrize(
    ("module", "may"),
    [
        ("draglive.app.cli", set()),
        ("draglive.app.doctor", set()),
        ("draglive.app.engine.types", set()),
        ("draglive.app.engine.mailbox", set()),
        ("draglive.app.engine.edit", set()),
        ("draglive.app.gui.input", set()),
        ("draglive.app.gui.viewport", set()),
        ("draglive.app.session.recorder", {"av", "cv2"}),
        ("draglive.app.gui.window", {"av", "cv2", "dearpygui"}),
        ("draglive.app.engine.engine", {"torch"}),
        ("draglive.benchmarks.step", {"torch"}),
    ],
)
def test_imports_only_what_it_may(module, may):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*({HEAVY} & set(sys.modules)))"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= may
