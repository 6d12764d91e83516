"""A short run of `tests/mischief.py`; its documentation names the long one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.gui, pytest.mark.timeout(600)]

SCRIPT = Path(__file__).parents[1] / "mischief.py"
EVENTS = os.environ.get("DRAGLIVE_EVENTS", "6")


def test_whatever_a_hand_does_window_and_engine_agree_and_every_control_lives():
    command = [sys.executable, str(SCRIPT), "--engine", "fake", "--events", EVENTS, "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["events"] == int(EVENTS)
    assert (found["troubles"], found["dead"], found["differing"]) == ([], [], {}), done.stderr
    assert found["exit_code"] == 0
