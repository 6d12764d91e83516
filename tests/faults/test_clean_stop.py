"""Told to end in the middle of a recorded drag: everything is finished, and quickly."""

import signal
import subprocess
import sys
import time

import av

from draglive.app.session.format import read_session

from ..app.session.test_journal import wait_for


def test_ctrl_c_and_sigterm_finish_what_is_open_within_two_seconds(tmp_path, rng):
    command = [sys.executable, "-m", "draglive.app.cli", "demo", "--headless", "--out", tmp_path]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    unfinished = tmp_path / "demo.part.mp4"
    wait_for(lambda: unfinished.exists() and unfinished.stat().st_size > 4096, "the video")
    time.sleep(rng.uniform(0, 2))
    told_s = time.monotonic()
    demo.send_signal(rng.choice([signal.SIGINT, signal.SIGTERM]))
    demo.communicate(timeout=20)
    assert time.monotonic() - told_s < 4  # 2 s on a machine that does nothing else
    assert demo.returncode == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo.draglive", "demo.mp4"]
    with av.open(str(tmp_path / "demo.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) > 0
    session = read_session(tmp_path / "demo.draglive")
    assert (session.lost, len(session.edit.records) > 0) == (0, True)
