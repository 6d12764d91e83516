"""Thumbnails by a real child process, of real files."""

import os
import signal
import time

import cv2
import pytest

from draglive.app.models.library import ModelFile
from draglive.app.models.thumbnails import Facts, Thumbnailer, ThumbnailShelf

PATIENCE_S = 60


@pytest.fixture
def shelf(tmp_path):
    return ThumbnailShelf(tmp_path / "cache")


@pytest.fixture
def thumbnailer(shelf):
    thumbnailer = Thumbnailer(shelf)
    yield thumbnailer
    thumbnailer.close()


def wait_for(thumbnailer, file):
    deadline = time.monotonic() + PATIENCE_S
    while (facts := thumbnailer.facts(file)) is None:
        assert time.monotonic() < deadline
        thumbnailer.poll()
        time.sleep(0.01)
    return facts


def test_a_child_draws_and_the_next_window_remembers(thumbnailer, shelf, small_model, tmp_path):
    bad = tmp_path / "bad.pkl"
    bad.write_bytes(b"<html>not found</html>")
    good, bad = ModelFile.of(small_model), ModelFile.of(bad)
    start = time.perf_counter()
    assert thumbnailer.facts(bad) is None
    assert thumbnailer.facts(good) is None
    assert time.perf_counter() - start < 0.2  # nobody waits
    assert wait_for(thumbnailer, bad).error
    facts = wait_for(thumbnailer, good)
    assert (facts.name, facts.width, facts.height, facts.error) == ("small", 32, 32, "")
    picture = cv2.imread(str(shelf.picture_path(good)))
    assert picture.shape == (256, 256, 3)
    assert picture.std() > 1
    again = Thumbnailer(shelf)
    assert again.facts(good) == facts
    assert again._child is None


def test_another_file_under_the_same_name_gets_another(shelf, tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"one")
    first = ModelFile.of(path)
    shelf.keep(first, Facts(name="one"))
    os.utime(path, ns=(1, first.modified_ns + 1))
    assert shelf.facts(ModelFile.of(path)) is None
    assert shelf.facts(first) == Facts(name="one")


def test_a_child_that_dies_is_told_of_and_the_others_are_made(thumbnailer, small_model, tmp_path):
    pipe = tmp_path / "stuck.pkl"
    os.mkfifo(pipe)  # reading it never ends
    stuck, good = ModelFile.of(pipe), ModelFile.of(small_model)
    assert thumbnailer.facts(stuck) is None
    assert thumbnailer.facts(good) is None
    time.sleep(0.2)
    os.kill(thumbnailer._child.pid, signal.SIGKILL)
    assert "ended" in wait_for(thumbnailer, stuck).error
    assert wait_for(thumbnailer, good).name == "small"


def test_a_cache_that_cannot_be_written_is_told(tmp_path, small_model):
    (tmp_path / "file").touch()
    thumbnailer = Thumbnailer(ThumbnailShelf(tmp_path / "file" / "cache"))
    assert "cannot be written" in wait_for(thumbnailer, ModelFile.of(small_model)).error
    thumbnailer.close()
