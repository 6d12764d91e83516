"""The real window in a process of its own, under an Xvfb of its own, driven by xdotool."""

import shutil
import sys
from pathlib import Path

import pytest

from .driver import REAL, Driver, virtual_display, wait_for

__all__ = ["FAKE", "REAL", "wait_for"]

FAKE = [sys.executable, str(Path(__file__).parent / "fake_engine.py")]
TOOLS = ("Xvfb", "xdotool", "import")


def pytest_collection_modifyitems(items):
    missing = ", ".join(tool for tool in TOOLS if shutil.which(tool) is None)
    for item in items:
        if missing and item.get_closest_marker("gui"):
            item.add_marker(pytest.mark.skip(reason=f"needs {missing}: see `make setup`"))


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    """No test touches the person's models, or what they opened lately."""
    monkeypatch.setenv("DRAGLIVE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def display():
    """A fresh X display without a window manager."""
    with virtual_display() as name:
        yield name


@pytest.fixture
def open_window(display, tmp_path):
    """Opens windows: `open_window(FAKE, '--broken', 'why')`."""
    drivers = []

    def start(command, *flags):
        driver = Driver(display, [*command, *map(str, flags)], tmp_path / "trace.jsonl")
        drivers.append(driver)
        return driver

    yield start
    for driver in drivers:
        driver.kill()


@pytest.fixture
def fake(open_window, tmp_path):
    """A window on the fake engine, with its first picture."""
    driver = open_window(FAKE, "--recordings", tmp_path / "videos")
    driver.await_picture()
    return driver
