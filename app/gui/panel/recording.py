"""The record button: one video at a time, named by date and seed. No Dear PyGui."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path

import platformdirs

from ...engine.types import EngineClient
from ...session.errors import RecorderError
from ...session.recorder import Recorder, RecordingSummary


class Recording:
    """Starts and stops recorders; GUI thread only.

    Args:
        engine: whose frames are recorded.
        folder: where videos go; None for the person's own video folder. Made when it is missing.
    """

    def __init__(self, engine: EngineClient, folder: Path | None) -> None:
        self._engine = engine
        self._folder = folder or platformdirs.user_videos_path() / "draglive"
        self._recorder: Recorder | None = None
        self._finishing: list[Recorder] = []

    @property
    def seconds(self) -> float | None:
        """How long the video is by now; None while nothing is recorded."""
        return self._recorder.seconds if self._recorder else None

    def start(self, seed: int, *, overlay: bool) -> None:
        """Begin a video.

        Raises:
            RecorderError: it cannot be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise RecorderError(f"{self._folder}: cannot be made: {reason}") from error
        self._recorder = Recorder(self._engine, self._unused_path(seed), overlay=overlay)

    def stop(self) -> None:
        """End the video; it is finished in the background."""
        if self._recorder is not None:
            self._recorder.stop()
            self._finishing.append(self._recorder)
            self._recorder = None

    def poll(self) -> list[RecordingSummary]:
        """The videos finished since the last call, also those that an error ended."""
        if self._recorder is not None and self._recorder.finished:
            self.stop()
        done = [r.finished for r in self._finishing if r.finished]
        self._finishing = [r for r in self._finishing if not r.finished]
        return done

    def close(self) -> list[RecordingSummary]:
        """End the video and wait until all files are whole.

        Raises:
            RecorderError: one is not finished in time; what it has plays.
        """
        self.stop()
        return [recorder.wait() for recorder in self._finishing]

    def _unused_path(self, seed: int) -> Path:
        """A name that says when and what, and that no other video has."""
        stem = f"draglive-{datetime.now().astimezone():%Y-%m-%d-%H%M%S}-seed{seed}"
        taken = {recorder.path for recorder in self._finishing}
        path = self._folder / f"{stem}.mp4"
        for number in itertools.count(2):
            if path not in taken and not path.exists():
                break
            path = self._folder / f"{stem}-{number}.mp4"
        return path
