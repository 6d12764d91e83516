"""Loading beside the work: the newest request wins, and what nobody wants is let go."""

import threading
import time
from pathlib import Path

import pytest

from draglive.app.engine.opener import Opener
from draglive.app.engine.opening import OpenModel

A, B = OpenModel(Path("a")), OpenModel(Path("b"))
PATIENCE_S = 10


def first_line(error):
    return str(error).split("\n")[0]


class Loader:
    """A slow disk, whose pace the test sets."""

    def __init__(self):
        self.go_on = threading.Semaphore(0)
        self.started, self.closed, self.woken = [], [], 0
        self.opener = Opener(self.load, self.closed.append, self.wake, first_line)

    def load(self, request, tell):
        self.started.append(request.path.name)
        tell("reading the model", 0.5)
        assert self.go_on.acquire(timeout=PATIENCE_S)
        tell("getting ready to draw", None)
        if request.path.name == "broken":
            raise ValueError("broken: not a checkpoint\nwith details")
        return f"model {request.path.name}"

    def wake(self):
        self.woken += 1


@pytest.fixture
def loader():
    return Loader()


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_model_comes_once_and_progress_is_told(loader):
    loader.opener.open(A)
    wait_for(lambda: loader.opener.opening.share == 0.5)
    assert loader.opener.opening.what == "reading the model"
    assert loader.opener.take() is None
    loader.go_on.release()
    wait_for(lambda: loader.woken)
    assert loader.opener.take() == "model a"
    assert loader.opener.take() is None
    assert loader.opener.opening is None
    assert loader.closed == []


def test_cancelling_ends_the_loading_where_it_can(loader):
    loader.opener.open(A)
    wait_for(lambda: loader.started)
    loader.opener.cancel()
    assert loader.opener.opening is None
    loader.go_on.release()
    time.sleep(0.1)
    assert loader.opener.take() is None
    assert loader.woken == 0


def test_a_model_cancelled_when_it_was_ready_is_closed(loader):
    loader.opener.open(A)
    loader.go_on.release()
    wait_for(lambda: loader.woken)
    loader.opener.cancel()
    assert loader.closed == ["model a"]
    assert loader.opener.take() is None


def test_the_newest_request_wins_and_only_one_is_loaded_at_a_time(loader):
    loader.opener.open(A)
    wait_for(lambda: loader.started)
    loader.opener.open(B)
    time.sleep(0.05)
    assert loader.started == ["a"]
    assert loader.opener.opening.request == B
    loader.go_on.release(2)
    wait_for(lambda: loader.woken)
    assert loader.started == ["a", "b"]
    assert loader.opener.take() == "model b"


def test_a_failure_is_a_line_and_can_be_dismissed(loader):
    loader.opener.open(OpenModel(Path("broken")))
    loader.go_on.release()
    wait_for(lambda: loader.woken)
    failure = loader.opener.opening.failure
    assert failure.error == "broken: not a checkpoint"
    assert "ValueError" in failure.detail
    assert loader.opener.take() is None
    loader.opener.cancel()
    assert loader.opener.opening is None


def test_after_a_failure_another_model_can_be_opened(loader):
    loader.go_on.release(2)
    loader.opener.open(OpenModel(Path("broken")))
    wait_for(lambda: loader.woken)
    loader.opener.open(A)
    wait_for(lambda: loader.opener.take() == "model a")
