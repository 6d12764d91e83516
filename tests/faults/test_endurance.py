"""Short runs of `tests/endurance.py`; docs/session-format.md names the long ones."""

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "endurance.py"
KILLS = os.environ.get("DRAGLIVE_KILLS", "10")
STEPS = os.environ.get("DRAGLIVE_SOAK_STEPS", "1500")


def run(model, *flags):
    command = [sys.executable, str(SCRIPT), *flags, "--model", str(model)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_killed_edits_are_readable_and_lose_a_second_at_most(small_model):
    found = run(small_model, "kill", "--times", KILLS, "--life", "1.2")
    assert found["kills"] == int(KILLS)
    assert found["unreadable"] == found["not_offered"] == found["videos_that_do_not_play"] == 0
    assert found["most_lost_s"] <= 1.5  # 1 s on a machine that does nothing else
    assert found["events_lost"] <= 2 * found["kills"]


def test_an_edit_that_never_ends_takes_no_more_and_more(small_model):
    found = run(small_model, "soak", "--steps", STEPS)
    assert found["threads"] <= found["threads_after_warm_up"]
    assert found["descriptors"] <= found["descriptors_after_warm_up"] + 1
    assert found["growth"] < 0.1  # a short run is not warm
