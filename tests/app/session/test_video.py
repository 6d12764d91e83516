"""Videos read back as a player does: codec, clock, colours, and what is left when things break."""

import subprocess
import sys

import av
import numpy as np
import pytest

from draglive.app.engine.types import Size
from draglive.app.session import video as video_module
from draglive.app.session.errors import EncoderError, PlaceError, RecorderError
from draglive.app.session.video import VideoWriter

SIZE = Size(64, 48)


def write(path, pictures, fps=30):
    size = Size(pictures[0].shape[1], pictures[0].shape[0])
    with VideoWriter(path, size, fps) as video:
        for picture in pictures:
            video.add(picture)
    return video


def nearest(shown, pictures):
    """Which of the pictures is the one shown."""
    errors = [np.abs(shown.astype(int) - picture[..., :3]).mean() for picture in pictures]
    assert min(errors) < 4
    return int(np.argmin(errors))


def test_plays_in_browsers(tmp_path, paint, watch):
    path = tmp_path / "a.mp4"
    write(path, [paint(SIZE, i / 10) for i in range(40)])
    seen = watch(path)
    assert (seen.codec, seen.pixel_format) == ("h264", "yuv420p")
    assert seen.colours == (1, 1, 1)  # BT.709, limited range: what browsers take it for
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert b"moof" not in content


def test_every_picture_is_there_at_its_time(tmp_path, paint, watch):
    pictures = [paint(SIZE, i / 10) for i in range(40)]
    video = write(tmp_path / "a.mp4", pictures, fps=25)
    seen = watch(tmp_path / "a.mp4")
    assert (video.frames, video.seconds) == (40, 1.6)
    np.testing.assert_allclose(seen.times, np.arange(40) / 25, atol=1e-4)
    assert [nearest(shown, pictures) for shown in seen.pictures] == list(range(40))


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)])
def test_colours_survive(tmp_path, watch, colour):
    picture = np.full((48, 64, 4), (*colour, 255), np.uint8)
    write(tmp_path / "a.mp4", [picture] * 3)
    shown = watch(tmp_path / "a.mp4").pictures[-1]
    assert np.abs(shown.astype(int) - colour).max() <= 6


def test_green_has_the_brightness_that_its_label_says(tmp_path):
    """A player that took BT.601 values for the BT.709 of the label would show other colours."""
    write(tmp_path / "a.mp4", [np.full((48, 64, 4), (0, 255, 0, 255), np.uint8)])
    with av.open(str(tmp_path / "a.mp4")) as container:
        luma = next(container.decode(video=0)).to_ndarray()[:48]
    assert luma.mean() == pytest.approx(16 + 219 * 0.7152, abs=2)


@pytest.mark.parametrize("size", [Size(63, 48), Size(64, 47), Size(33, 31), Size(1, 1)])
def test_odd_sizes_are_padded(tmp_path, paint, watch, size):
    picture = paint(size)
    write(tmp_path / "a.mp4", [picture] * 3)
    seen = watch(tmp_path / "a.mp4")
    assert seen.size == (size.width + size.width % 2, size.height + size.height % 2)
    shown = seen.pictures[-1][: size.height, : size.width]
    assert np.abs(shown.astype(int) - picture[..., :3]).mean() < 4


def test_takes_views_and_does_not_keep_them(tmp_path, paint, watch):
    buffer = np.zeros((48, 128, 4), np.uint8)
    with VideoWriter(tmp_path / "a.mp4", SIZE, 30) as video:
        for level in (40, 200):
            buffer[:] = level
            video.add(buffer[:, ::2])
        buffer[:] = 0
    means = [picture.mean() for picture in watch(tmp_path / "a.mp4").pictures]
    assert means == pytest.approx([40, 200], abs=3)


def test_a_skipped_slot_lengthens_the_picture_before(tmp_path, paint, watch):
    with VideoWriter(tmp_path / "a.mp4", SIZE, 10) as video:
        for slot in (0, 1, 5):
            video.add(paint(SIZE, slot), slot)
        with pytest.raises(ValueError, match="slot must be at least 6, not 5"):
            video.add(paint(SIZE), 5)
    assert (video.frames, video.seconds) == (3, 0.6)
    assert watch(tmp_path / "a.mp4").times == pytest.approx([0, 0.1, 0.5])


def test_takes_its_name_only_when_it_is_whole(tmp_path, paint):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"the old one")
    video = VideoWriter(path, SIZE, 30)
    video.add(paint(SIZE))
    assert path.read_bytes() == b"the old one"
    assert {p.name for p in tmp_path.iterdir()} == {"a.mp4", "a.part.mp4"}
    video.close()
    video.close()  # does nothing
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    assert path.read_bytes() != b"the old one"


def test_without_a_picture_there_is_no_file(tmp_path):
    VideoWriter(tmp_path / "a.mp4", SIZE, 30).close()
    assert list(tmp_path.iterdir()) == []


def test_keeps_what_it_has_when_its_user_fails(tmp_path, paint, watch):
    def fail():
        with VideoWriter(tmp_path / "a.mp4", SIZE, 30) as video:
            video.add(paint(SIZE))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(watch(tmp_path / "a.mp4").pictures) == 1


def test_keeps_the_fragmented_file_when_it_cannot_be_rewritten(tmp_path, paint, watch, monkeypatch):
    def fail(source, destination):
        destination.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(video_module, "_put_index_in_front", fail)
    write(tmp_path / "a.mp4", [paint(SIZE, i) for i in range(7)])
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    assert len(watch(tmp_path / "a.mp4").pictures) == 7


FULL_DISK = """
import resource, signal, sys
import numpy as np
from pathlib import Path
from draglive.app.engine.types import Size
from draglive.app.session.errors import EncoderError
from draglive.app.session.video import VideoWriter

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
noise = np.random.default_rng(0)
try:
    with VideoWriter(Path(sys.argv[1]), Size(128, 128), 30) as video:
        while video.frames < 200:
            video.add(noise.integers(0, 256, (128, 128, 4), np.uint8))
except EncoderError as error:
    print(video.frames, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
def test_a_full_disk_is_one_line_and_what_was_written_plays(tmp_path, watch):
    path = tmp_path / "a.mp4"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    frames, _, line = done.stdout.strip().partition(" ")
    assert line.startswith(f"{path}: writing stopped after ")
    assert line.endswith("File too large")
    assert len(watch(path).pictures) >= int(frames) - 2 > 3
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_refuses_other_pictures(tmp_path, paint):
    with VideoWriter(tmp_path / "a.mp4", SIZE, 30) as video:
        for wrong in (paint(Size(32, 48)), paint(SIZE)[..., :3], paint(SIZE).astype(np.float32)):
            with pytest.raises(ValueError, match=r"must be uint8 \(48, 64, 4\), not "):
                video.add(wrong)
    with pytest.raises(ValueError, match="the video is closed"):
        video.add(paint(SIZE))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("a.avi", "a video's name must end in .mp4, not '.avi'"),
        ("a", "a video's name must end in .mp4, not ''"),
        ("nowhere/a.mp4", "cannot be written: there is no folder '.*nowhere'"),
        ("folder.mp4", "cannot be written: a folder has that name"),
        ("file/a.mp4", "cannot be written: there is no folder '.*file'"),
    ],
)
def test_refuses_places(tmp_path, name, rule):
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PlaceError, match=rule) as caught:
        VideoWriter(tmp_path / name, SIZE, 30)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, RecorderError)


def test_without_an_encoder_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(video_module, "ENCODER", "no-such-encoder")
    with pytest.raises(EncoderError, match=r"no H\.264 encoder"):
        VideoWriter(tmp_path / "a.mp4", SIZE, 30)
    assert list(tmp_path.iterdir()) == []
