"""What import-linter reads in the source, seen in a running process."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "dearpygui", "av", "cv2"}
TELLING = "draglive.app.commands.errors as errors; errors.expected_errors()"


@pytest.mark.parametrize(
    ("module", "may"),
    [
        ("draglive.app.cli", set()),
        ("draglive.app.doctor", set()),
        pytest.param(TELLING, {"torch"}, id="telling errors"),
        ("draglive.app.engine.types", set()),
        ("draglive.app.engine.mailbox", set()),
        ("draglive.app.engine.edit", set()),
        ("draglive.app.gui.picture.input", set()),
        ("draglive.app.gui.picture.viewport", set()),
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


def test_a_picture_needs_no_compiler():
    """torch's compiler and what it stands on take a second to import."""
    code = (
        "import sys\n"
        "from draglive.stylegan2_jit.checkpoints import load_generator\n"
        "from draglive.stylegan2_jit.latents import seed_to_ws\n"
        "generator = load_generator()\n"
        "generator.synthesis(seed_to_ws(generator, 0))\n"
        "print({'sympy', 'torch._dynamo', 'torch._inductor'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.strip() == "set()", done.stdout + done.stderr
