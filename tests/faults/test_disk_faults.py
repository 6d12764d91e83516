"""Disks that are full, read-only or gone while an edit is written down: it goes on, and is told."""

import datetime as dt
import errno
import os

import av
import pytest

from draglive.app.engine import types as t
from draglive.app.session import journal as journal_module
from draglive.app.session.errors import EncoderError
from draglive.app.session.format import read_session
from draglive.app.session.recorder import Recorder
from draglive.app.session.video import VideoWriter

from ..app.session.test_journal import living, only_file, wait_for

FAR = t.DragPoint(2, t.Point(20, 20), t.Point(2, 2))


@pytest.fixture
def told():
    return []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_takes_nothing_for_a_while(small_model, tmp_path, told, rng, monkeypatch, code):
    write, calls, faulty = os.write, [0], range(rng.randrange(2, 9), 12)

    def failing(descriptor, data):
        calls[0] += 1
        if calls[0] not in faulty:
            return write(descriptor, data)
        if code == errno.ENOSPC:
            return write(descriptor, data[: len(data) // 2])  # a full disk takes what it can
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(journal_module.os, "write", failing)
    monkeypatch.setattr(journal_module, "SYNC_S", 0.05)
    with living(small_model, tmp_path, told) as (engine, _):
        for number in range(12):
            posted = engine.post(t.SetSeed(number))
            wait_for(lambda p=posted: engine.status().commands >= p, "the command")
        wait_for(lambda: len(told) > 1, "the news")
        wait_for(lambda: calls[0] > 14, "writing again")
    assert os.strerror(code) in told[0]
    assert told[-1] == "The edit is being written down again."
    session = read_session(only_file(tmp_path))
    commands = [e.command for e in session.edit.records if hasattr(e, "command")]
    assert commands == [t.SetSeed(number) for number in range(12)]
    assert session.ended


def test_a_folder_that_cannot_be_made(small_model, tmp_path, told):
    place = tmp_path / "file"
    place.write_text("not a folder")
    with living(small_model, place, told) as (engine, _):
        engine.post(t.AddPoint(FAR))
        wait_for(lambda: engine.stats().steps > 3, "steps")
        wait_for(lambda: told, "the news")
    assert len(told) == 1
    assert "It goes on." in told[0]


def test_a_clock_that_jumps(small_model, tmp_path, told, rng, monkeypatch):
    class Jumping(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return dt.datetime(rng.randrange(1971, 2100), 1, 1, tzinfo=tz)

    monkeypatch.setattr(journal_module, "datetime", Jumping)
    monkeypatch.setattr("time.time", lambda: rng.uniform(0, 4e9))
    with living(small_model, tmp_path, told) as (engine, _):
        engine.post(t.AddPoint(FAR))
        wait_for(lambda: engine.stats().steps > 3, "steps")
    session = read_session(only_file(tmp_path))
    times = [record.time_s for record in session.edit.records]
    assert all(0 <= time_s < 60 for time_s in times)
    assert told == []


def test_an_encoder_that_dies_ends_the_video_and_not_the_edit(
    small_model, tmp_path, told, rng, monkeypatch
):
    add, last = VideoWriter.add, rng.randrange(3, 9)

    def dying(self, rgba, slot=None):
        if self.frames >= last:
            raise EncoderError(f"{self.path}: the encoder died")
        add(self, rgba, slot)

    monkeypatch.setattr(VideoWriter, "add", dying)
    with living(small_model, tmp_path, told) as (engine, _):
        recorder = Recorder(engine, tmp_path / "video.mp4", fps=60)
        engine.post(t.AddPoint(FAR))
        summary = wait_for(lambda: recorder.finished, "the end of the video")
        assert summary.error == f"{tmp_path / 'video.mp4'}: the encoder died"
        steps = engine.stats().steps
        wait_for(lambda: engine.stats().steps > steps, "steps after the fault")
    with av.open(str(tmp_path / "video.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == last
    assert read_session(only_file(tmp_path)).ended
