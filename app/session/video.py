"""H.264 video files that browsers play, and that survive the death of their process.

While it runs, a video is a fragmented MP4 named `NAME.part.mp4`, one fragment a picture: cut by
`kill -9` it loses its last picture or two. On close it is rewritten with its index in front
(`+faststart`, so that browsers start at once) and takes its name `NAME.mp4` in one step; should
that fail, the fragmented file takes the name as it is.

Knows nothing of clocks: whoever adds pictures says when. Errors (`errors` draws the whole tree):

    RecorderError
    ├── PlaceError      the video's file cannot be made at that place
    └── EncoderError    a picture could not be encoded or written
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import av
import numpy as np

from ..engine.types import Size
from .errors import EncoderError, PlaceError
from .files import reason, replacing
from .pictures import Picture

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

ENCODER: Final = "libx264"
GROUP = 30  # pictures from one key picture to the next
QUALITY = 18  # x264's CRF: visually lossless
# A fragment a picture costs 0.1 KiB each and loses 1 picture of 250 to a `kill -9`; a fragment a
# group loses up to `GROUP`.
FRAGMENTED = {
    "movflags": "frag_every_frame+empty_moov+default_base_moof",
    "flush_packets": "1",
}
BT709 = 1  # matrix, primaries and transfer curve alike, in ITU-T H.273's numbering
LIMITED_RANGE = 1
ONE_THREAD_PIXELS = 512 * 512  # 6 ms a picture on one Xeon thread; above, a second one helps


def require_place(path: Path) -> Path:
    """Make sure that a video can be written at `path`, by creating its unfinished file, empty.

    Returns:
        The unfinished file, `NAME.part.mp4` beside it.

    Raises:
        PlaceError: not an `.mp4` name, its folder is missing, a folder has that name, no right.
    """
    if path.suffix.lower() != ".mp4":
        raise PlaceError(f"{path}: a video's name must end in .mp4, not {path.suffix!r}")
    unfinished = path.with_name(f"{path.stem}.part{path.suffix}")
    if path.is_dir():
        raise PlaceError(f"{path}: cannot be written: a folder has that name")
    try:
        unfinished.write_bytes(b"")
    except OSError as error:
        raise PlaceError(f"{path}: cannot be written: {reason(unfinished, error)}") from error
    return unfinished


class VideoWriter:
    """One video file: pictures in, H.264 (yuv420p, BT.709) in MP4 out.

    Not thread-safe: one thread adds and closes.
    """

    def __init__(self, path: Path, size: Size, fps: int) -> None:
        """Open `NAME.part.mp4`; `path` itself appears on close.

        Args:
            path: the finished video; must end in `.mp4`; a file of that name is replaced.
            size: of the pictures that will come; odd sizes are padded by a repeated edge.
            fps: pictures per second, 1 or more.

        Raises:
            PlaceError: as `require_place`.
            EncoderError: this build of PyAV has no libx264.
        """
        self.path = path
        self.size = size
        self.fps = fps
        self.frames = 0
        self._slots = 0
        self._unfinished = require_place(path)
        self._even: Picture = np.zeros(
            (size.height + size.height % 2, size.width + size.width % 2, 4), np.uint8
        )
        self._container: OutputContainer | None
        try:
            self._container = av.open(
                str(self._unfinished), "w", format="mp4", options=dict(FRAGMENTED)
            )
            self._stream = self._add_stream(self._container)
        except (av.FFmpegError, ValueError) as error:
            self._unfinished.unlink(missing_ok=True)
            raise EncoderError(f"{path}: no H.264 encoder: {error}") from error

    def _add_stream(self, container: OutputContainer) -> VideoStream:
        stream = container.add_stream(
            ENCODER,
            rate=self.fps,
            options={
                "preset": "veryfast",
                "tune": "zerolatency",
                "crf": str(QUALITY),
                "g": str(GROUP),
            },
        )
        height, width = self._even.shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.thread_count = 1 if width * height <= ONE_THREAD_PIXELS else 2
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED_RANGE
        return stream

    @property
    def seconds(self) -> float:
        """The video's length so far."""
        return self._slots / self.fps

    def add(self, rgba: Picture, slot: int | None = None) -> None:
        """Append one picture.

        Args:
            rgba: uint8 [H, W, 4] of the video's size; alpha is ignored. Read before this returns.
            slot: the place on the grid of `1 / fps` seconds where it appears, beyond all before;
                left out, the next one. The picture before stays until then.

        Raises:
            ValueError: not of the video's size and type, or a slot that is taken.
            EncoderError: encoding or writing failed (disk full); close keeps what there is.
        """
        container = self._container
        if container is None:
            raise ValueError(f"{self.path}: the video is closed")
        slot = self._slots if slot is None else slot
        if slot < self._slots:
            raise ValueError(f"{self.path}: slot must be at least {self._slots}, not {slot}")
        frame = self._to_yuv(self._padded(rgba))
        frame.pts, frame.time_base = slot, Fraction(1, self.fps)
        try:
            for packet in self._stream.encode(frame):
                container.mux(packet)
        except av.FFmpegError as error:
            raise self._failed(error) from error
        self._slots = slot + 1
        self.frames += 1

    def _padded(self, rgba: Picture) -> Picture:
        """The picture with even sides, its last row and column repeated: H.264 wants pairs."""
        width, height = self.size
        if rgba.shape != (height, width, 4) or rgba.dtype != np.uint8:
            raise ValueError(
                f"{self.path}: pictures must be uint8 {(height, width, 4)}, "
                f"not {rgba.dtype} {rgba.shape}"
            )
        if self._even.shape == rgba.shape and rgba.flags.c_contiguous:
            return rgba
        self._even[:height, :width] = rgba
        self._even[height:, :width] = rgba[-1:]
        self._even[:, width:] = self._even[:, width - 1 : width]
        return self._even

    @staticmethod
    def _to_yuv(rgba: Picture) -> av.VideoFrame:
        shared = av.VideoFrame.from_numpy_buffer(rgba, format="rgba")
        return shared.reformat(
            format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG", threads=1
        )

    def close(self) -> None:
        """Finish the file and give it its name; a video without a picture leaves no file.

        A second call does nothing.

        Raises:
            EncoderError: the last pictures could not be written; those before are kept.
        """
        container, self._container = self._container, None
        if container is None:
            return
        try:
            try:
                self._finish(container)
            finally:
                self._take_name()
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _finish(self, container: OutputContainer) -> None:
        if self.frames:
            for packet in self._stream.encode(None):
                container.mux(packet)
        container.close()

    def _take_name(self) -> None:
        if not self.frames:
            self._unfinished.unlink(missing_ok=True)
            return
        try:
            with replacing(self.path) as rewritten:
                _put_index_in_front(self._unfinished, rewritten)
            self._unfinished.unlink()
        except (av.FFmpegError, OSError):  # disk full: the fragmented file plays as well
            self._unfinished.replace(self.path)

    def _failed(self, error: av.FFmpegError | OSError) -> EncoderError:
        why = error.strerror or str(error)
        return EncoderError(f"{self.path}: writing stopped after {self.seconds:.1f} s: {why}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except EncoderError:
            if error is None:  # the first failure is the one to tell
                raise


def _put_index_in_front(source: Path, destination: Path) -> None:
    """Copy the packets of an MP4 file, not decoded, into one that starts with its index."""
    with (
        av.open(str(source)) as reader,
        av.open(str(destination), "w", format="mp4", options={"movflags": "+faststart"}) as writer,
    ):
        stream = reader.streams.video[0]
        copied = writer.add_stream_from_template(stream)
        for packet in reader.demux(stream):
            if packet.dts is not None:  # the empty packet that ends a stream has none
                packet.stream = copied
                writer.mux(packet)
