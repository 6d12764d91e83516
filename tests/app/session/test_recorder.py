"""Recordings keep the wall clock's time, whatever the engine does and however they end."""

import os
import signal
import subprocess
import sys
import time

import av
import numpy as np
import pytest

from draglive.app.engine.types import Point, PointState, Size
from draglive.app.session import recorder as recorder_module
from draglive.app.session.errors import PlaceError, RecorderError
from draglive.app.session.recorder import Recorder
from draglive.app.session.video import VideoWriter

SIZE = Size(64, 48)


def record(engine, path, seconds, act=lambda passed_s: None, **options):
    """Record for so long, calling `act` every 5 ms; the summary and how long it really was."""
    recorder = Recorder(engine, path, **options)
    start_s = time.perf_counter()
    while (passed_s := time.perf_counter() - start_s) < seconds:
        act(passed_s)
        time.sleep(0.005)
    recorder.stop()
    seconds = time.perf_counter() - start_s
    return recorder.wait(), seconds


@pytest.mark.parametrize("fps", [30, 12])
def test_an_idle_engine_gives_a_video_of_the_right_length(engine, tmp_path, paint, watch, fps):
    engine.show(paint(SIZE))
    summary, seconds = record(engine, tmp_path / "a.mp4", 0.7, fps=fps)
    assert summary.error is None
    assert summary.path == tmp_path / "a.mp4"
    assert summary.frames == pytest.approx(seconds * fps, abs=1.5)
    assert summary.seconds == pytest.approx(summary.frames / fps)
    np.testing.assert_allclose(np.diff(watch(summary.path).times), 1 / fps, atol=1e-4)
    assert len(watch(summary.path).pictures) == summary.frames


def test_each_picture_is_the_newest_when_it_is_due(engine, tmp_path, watch):
    """The engine counts grey levels up by 100 a second; the video must show that clock."""

    def show(passed_s):
        engine.show(np.full((48, 64, 4), 50 + round(100 * passed_s), np.uint8))

    show(0.0)
    summary, _ = record(engine, tmp_path / "a.mp4", 0.9, show)
    seen = watch(summary.path)
    levels = np.array([picture.mean() for picture in seen.pictures])
    np.testing.assert_allclose(levels, 50 + 100 * np.array(seen.times), atol=15)
    assert (np.diff(levels) > -1.5).all()


def test_the_sink_copies(engine, tmp_path, watch):
    buffer = np.full((48, 64, 4), 200, np.uint8)
    engine.show(buffer)
    recorder = Recorder(engine, tmp_path / "a.mp4")
    buffer[:] = 0  # the engine draws its next picture into the same buffer
    time.sleep(0.15)
    recorder.stop()
    recorder.wait()
    assert {round(p.mean(), -1) for p in watch(recorder.path).pictures} == {200}


def test_waits_for_the_first_picture(engine, tmp_path, paint):
    recorder = Recorder(engine, tmp_path / "a.mp4")
    time.sleep(0.3)
    assert (recorder.frames, recorder.seconds, recorder.finished) == (0, 0.0, None)
    engine.show(paint(SIZE))
    time.sleep(0.2)
    recorder.stop()
    assert recorder.wait().frames == pytest.approx(6, abs=2)
    assert recorder.finished == recorder.wait()
    assert recorder.frames == recorder.wait().frames


def test_without_any_picture_it_says_so_and_leaves_no_file(engine, tmp_path):
    recorder = Recorder(engine, tmp_path / "a.mp4")
    recorder.stop()
    recorder.stop()
    summary = recorder.wait()
    assert (summary.frames, summary.seconds) == (0, 0.0)
    assert summary.error == f"{tmp_path / 'a.mp4'}: nothing recorded: the engine sent no picture"
    assert list(tmp_path.iterdir()) == []


def test_stopped_at_once_it_has_the_picture(engine, tmp_path, paint, watch):
    engine.show(paint(SIZE))
    recorder = Recorder(engine, tmp_path / "a.mp4")
    recorder.stop()
    assert recorder.wait().frames == len(watch(recorder.path).pictures) >= 1


def test_draws_points_if_asked(engine, tmp_path, watch):
    point = PointState(1, Point(20, 20), Point(50, 20), arrived=False)
    picture = np.zeros((48, 64, 4), np.uint8)
    engine.show(picture, [point])
    drawn, _ = record(engine, tmp_path / "drawn.mp4", 0.1, overlay=True)
    clean, _ = record(engine, tmp_path / "clean.mp4", 0.1)
    red, green, blue = watch(drawn.path).pictures[-1][20, 20].astype(int)
    assert red - max(green, blue) > 80
    assert watch(clean.path).pictures[-1].max() < 8
    assert picture.max() == 0


def test_another_picture_size_is_fitted_in(engine, tmp_path, watch):
    engine.show(np.full((64, 64, 4), 255, np.uint8))
    recorder = Recorder(engine, tmp_path / "a.mp4")
    time.sleep(0.1)
    engine.show(np.full((128, 64, 4), 255, np.uint8))
    time.sleep(0.1)
    recorder.stop()
    assert recorder.wait().error is None
    seen = watch(recorder.path)
    assert seen.pictures[0].min() > 240
    assert seen.pictures[-1][:, 20:44].min() > 230
    assert max(seen.pictures[-1][:, :12].max(), seen.pictures[-1][:, 52:].max()) < 20


class SlowVideo(VideoWriter):
    """Encodes at 20 pictures a second."""

    def add(self, rgba, slot=None):
        time.sleep(0.05)
        super().add(rgba, slot)


def test_slower_than_real_time_it_leaves_pictures_out(engine, tmp_path, paint, watch, monkeypatch):
    monkeypatch.setattr(recorder_module, "VideoWriter", SlowVideo)
    monkeypatch.setattr(recorder_module, "MAX_CATCH_UP_S", 0.1)
    engine.show(paint(SIZE))
    summary, seconds = record(engine, tmp_path / "a.mp4", 1.0, fps=60)
    assert summary.frames < 30
    assert summary.seconds == pytest.approx(seconds, abs=0.1)
    assert watch(summary.path).times[-1] == pytest.approx(seconds, abs=0.1)


class BrokenVideo(VideoWriter):
    """Fails at its fourth picture."""

    def add(self, rgba, slot=None):
        if self.frames == 3:
            raise self._failed(av.error.OSError(28, "No space left on device"))
        super().add(rgba, slot)


def test_an_error_ends_the_recording_and_nothing_else(engine, tmp_path, paint, watch, monkeypatch):
    monkeypatch.setattr(recorder_module, "VideoWriter", BrokenVideo)
    engine.show(paint(SIZE))
    recorder = Recorder(engine, tmp_path / "a.mp4")
    summary = recorder.wait()  # nobody called stop
    line = f"{recorder.path}: writing stopped after 0.1 s: No space left on device"
    assert (summary.frames, summary.error) == (3, line)
    engine.show(paint(SIZE))
    assert len(watch(recorder.path).pictures) == 3


def test_a_surprise_is_one_line_too(engine, tmp_path, paint, monkeypatch):
    monkeypatch.setattr(recorder_module, "VideoWriter", lambda *_: 1 / 0)
    engine.show(paint(SIZE))
    error = Recorder(engine, tmp_path / "a.mp4").wait().error
    assert error.endswith("a.mp4: recording broke: ZeroDivisionError: division by zero")


@pytest.mark.parametrize(
    ("name", "fps", "kind", "rule"),
    [
        ("no/a.mp4", 30, PlaceError, "there is no folder"),
        ("a.mkv", 30, PlaceError, r"must end in \.mp4, not '\.mkv'"),
        ("a.mp4", 0, RecorderError, "fps must be from 1 to 240, not 0"),
    ],
)
def test_refuses_at_once(engine, tmp_path, name, fps, kind, rule):
    with pytest.raises(kind, match=rule):
        Recorder(engine, tmp_path / name, fps=fps)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_refuses_a_folder_without_the_right_to_write(engine, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PlaceError, match="Permission denied"):
        Recorder(engine, tmp_path / "a.mp4")


def test_wait_gives_up(engine, tmp_path):
    recorder = Recorder(engine, tmp_path / "a.mp4")
    with pytest.raises(RecorderError, match=r"not finished within 0\.01 s"):
        recorder.wait(0.01)
    recorder.stop()
    recorder.wait()


RECORD_FOREVER = """
import sys, time
import numpy as np
from pathlib import Path
from draglive.app.engine.types import Frame
from draglive.app.session.recorder import Recorder

class Engine:
    def add_sink(self, sink):
        self.sink = sink

engine = Engine()
recorder = Recorder(engine, Path(sys.argv[1]))
for n in range(100_000):
    engine.sink(Frame(n, n, np.full((256, 256, 4), n % 200, np.uint8), (), None, True))
    print(recorder.frames, flush=True)
    time.sleep(0.01)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_it_still_plays(tmp_path, watch):
    child = subprocess.Popen(
        [sys.executable, "-c", RECORD_FOREVER, tmp_path / "a.mp4"],
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        for line in child.stdout:
            written = int(line)
            if written >= 45:
                break
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    seen = watch(tmp_path / "a.part.mp4")
    assert len(seen.pictures) >= written - 2
    np.testing.assert_allclose(np.diff(seen.times), 1 / 30, atol=1e-4)
    assert not (tmp_path / "a.mp4").exists()
