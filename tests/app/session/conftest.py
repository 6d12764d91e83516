"""What the session's tests share: pictures, a fake engine, and reading a video back."""

import threading
from dataclasses import dataclass

import av
import numpy as np
import pytest

from draglive.app.engine.types import Frame


@dataclass
class Video:
    """A video as a player sees it."""

    pictures: list
    times: list
    codec: str
    pixel_format: str
    size: tuple
    colours: tuple


class FakeEngine:
    """Calls its sinks with whatever picture it is told to show, a new sink with the last one."""

    def __init__(self):
        self.sinks = []
        self._frame = None
        self._count = 0

    def add_sink(self, sink):
        self.sinks.append(sink)
        if self._frame is not None:
            sink(self._frame)

    def remove_sink(self, sink):
        self.sinks.remove(sink)

    def show(self, rgba, points=()):
        self._count += 1
        self._frame = Frame(self._count, self._count, rgba, tuple(points), None, True)
        for sink in list(self.sinks):
            sink(self._frame)


@pytest.fixture
def engine():
    fake = FakeEngine()
    yield fake
    for thread in threading.enumerate():
        if thread.name == "draglive-recorder":
            thread.join(timeout=5)
            assert not thread.is_alive()
    assert fake.sinks == []


@pytest.fixture(scope="session")
def paint():
    """Smooth pictures that differ by `phase`: uint8 [H, W, 4]."""

    def painted(size, phase=0.0):
        y, x = np.mgrid[: size.height, : size.width].astype(np.float32)
        waves = [np.sin(x / 9 + phase), np.cos(y / 11 - phase), np.sin((x + y) / 17 + 2 * phase)]
        rgb = np.stack(waves, axis=-1) * 90 + 128
        opaque = np.full((size.height, size.width, 1), 255)
        return np.concatenate([rgb, opaque], axis=-1).astype(np.uint8)

    return painted


@pytest.fixture(scope="session")
def watch():
    """Decode a video file; one cut short gives what it has."""

    def decoded(path):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            pictures, times = [], []
            try:
                for frame in container.decode(stream):
                    pictures.append(frame.to_ndarray(format="rgb24"))
                    times.append(frame.time)
            except av.error.InvalidDataError:
                pass
            size = (context.width, context.height)
            colours = (context.colorspace, context.color_primaries, context.color_range)
            return Video(pictures, times, context.name, context.pix_fmt, size, colours)

    return decoded
