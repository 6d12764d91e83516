"""Every control of the window says what it does, and which key does it too."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from draglive.app.gui.keymap import shown
from draglive.app.gui.picture.input import KEYS

SCRIPT = Path(__file__).parents[2] / "gui" / "list_tooltips.py"


@pytest.fixture(scope="module")
def controls():
    """Name, kind and tooltip of each."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_every_control_has_a_tooltip_and_a_name_of_its_own(controls):
    assert len(controls) > 70
    assert [name for name, _, tooltip in controls if not tooltip] == []
    names = Counter(name for name, *_ in controls)
    assert [name for name, count in names.items() if count > 1] == []


def test_every_key_is_named_by_a_control(controls):
    said = " ".join(tooltip for *_, tooltip in controls)
    missing = [keys for keys in KEYS.values() if not is_named(shown(keys), said)]
    assert missing == []


def is_named(keys, said):
    """As a word of its own: L is not named by Ctrl+L."""
    return re.search(rf"(?<![\w+]){re.escape(keys)}(?![\w+])", said) is not None
