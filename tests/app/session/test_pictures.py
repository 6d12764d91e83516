"""Pictures and reports appear whole or not at all; masks come from what editors save."""

import json
import os
import struct
import zlib

import cv2
import numpy as np
import pytest

from draglive.app.engine.types import Size
from draglive.app.session import files
from draglive.app.session.errors import FileError, MaskError, SessionError
from draglive.app.session.files import require_writable, write_bytes, write_json
from draglive.app.session.pictures import letterbox, read_mask, write_png

SIZE = Size(6, 4)


def read_rgba(path):
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return cv2.cvtColor(stored, cv2.COLOR_BGR2RGBA if stored.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)


@pytest.fixture
def noise():
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 4), np.uint8)
    picture[..., 3] = 255
    return picture


def test_png_comes_back(tmp_path, noise):
    path = tmp_path / "a.png"
    write_png(path, noise)
    np.testing.assert_array_equal(read_rgba(path), noise)
    assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED).shape == (48, 64, 3)


def test_png_keeps_alpha(tmp_path, noise):
    noise[:4, :, 3] = 7
    write_png(tmp_path / "a.png", noise)
    np.testing.assert_array_equal(read_rgba(tmp_path / "a.png"), noise)


def test_png_takes_views_and_rgb(tmp_path, noise):
    write_png(tmp_path / "view.png", noise[::2, ::3])
    np.testing.assert_array_equal(read_rgba(tmp_path / "view.png"), noise[::2, ::3])
    write_png(tmp_path / "rgb.png", noise[..., :3])
    np.testing.assert_array_equal(read_rgba(tmp_path / "rgb.png"), noise)


@pytest.mark.parametrize(
    "picture",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.float32), np.zeros((0, 4, 4), np.uint8)],
)
def test_png_refuses_what_is_no_picture(tmp_path, picture):
    with pytest.raises(ValueError, match=r"must be uint8 \[H, W, 3 or 4\], not "):
        write_png(tmp_path / "a.png", picture)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("a.jpg", r"must end in \.png, not '\.jpg'"),
        ("no/a.png", "cannot be written: there is no folder '.*no'"),
        ("folder.png", "cannot be written: a folder has that name"),
        ("file/a.png", "cannot be written: there is no folder '.*file'"),
    ],
)
def test_png_refuses_places(tmp_path, noise, name, rule):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=rule) as caught:
        write_png(tmp_path / name, noise)
    assert str(tmp_path / name) in str(caught.value)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "folder.png"]


@pytest.mark.parametrize("name", ["no/a.json", "folder.json"])
def test_places_are_refused_before_long_work(tmp_path, name):
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(FileError, match="cannot be written"):
        require_writable(tmp_path / name)
    require_writable(tmp_path / "a.json")
    assert [p.name for p in tmp_path.iterdir()] == ["folder.json"]


def test_makes_folders_only_when_asked(tmp_path, noise):
    path = tmp_path / "x" / "y" / "a.png"
    write_png(path, noise, make_folder=True)
    write_json(path.with_suffix(".json"), {}, make_folder=True)
    assert sorted(p.name for p in path.parent.iterdir()) == ["a.json", "a.png"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    path.write_text("old")

    def fail(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.Path, "write_bytes", fail)
    with pytest.raises(FileError, match=r"a\.json: cannot be written: No space left on device"):
        write_json(path, {})
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "old"


def test_follows_links(tmp_path):
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "a.json"
    target.touch()
    (tmp_path / "link.json").symlink_to(target)
    write_json(tmp_path / "link.json", [1])
    assert json.loads(target.read_text()) == [1]
    assert (tmp_path / "link.json").is_symlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_a_pipe_stays_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write_bytes(path, b"hello")
    assert os.read(reader, 10) == b"hello"
    os.close(reader)
    assert path.is_fifo()


def test_json_is_legible_and_strict(tmp_path):
    write_json(tmp_path / "a.json", {"größe": [1, 2.5]})
    text = (tmp_path / "a.json").read_text("utf-8")
    assert text == '{\n  "größe": [\n    1,\n    2.5\n  ]\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "b.json", float("nan"))
    assert not (tmp_path / "b.json").exists()


def save(path, array):
    assert cv2.imwrite(str(path), array)
    return path


@pytest.fixture
def region():
    """Half movable: uint8 [4, 6] of 0 and 255."""
    mask = np.zeros((4, 6), np.uint8)
    mask[:, 3:] = 255
    return mask


def test_masks_of_every_kind(tmp_path, region):
    grey = save(tmp_path / "grey.png", region)
    deep = save(tmp_path / "deep.png", region.astype(np.uint16) * 257)
    colour = save(tmp_path / "colour.png", np.dstack([region] * 3))
    jpeg = save(tmp_path / "a.jpg", np.dstack([region] * 3))
    black = np.zeros_like(region)
    clear = save(tmp_path / "clear.png", np.dstack([black, black, black, region]))
    opaque = save(tmp_path / "opaque.png", np.dstack([region] * 3 + [np.full_like(region, 255)]))
    for path in (grey, deep, colour, clear, opaque, jpeg):
        mask = read_mask(path, SIZE)
        assert (mask.dtype, mask.shape) == (np.float32, (4, 6))
        assert mask.flags.c_contiguous
        np.testing.assert_allclose(mask, region / 255, atol=0.05 if path is jpeg else 1e-6)


def png(colour_type, depth, row):
    """A PNG file of `SIZE`, whose rows are all the same bytes."""

    def chunk(name, content):
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", *SIZE, depth, colour_type, 0, 0, 0)
    rows = zlib.compress((b"\0" + row) * SIZE.height)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(
    "content",
    [png(0, 1, bytes([0b00011100])), png(4, 8, bytes([9, 0] * 3 + [9, 255] * 3))],
    ids=["one bit", "grey with alpha"],
)
def test_masks_that_opencv_does_not_write(tmp_path, region, content):
    (tmp_path / "a.png").write_bytes(content)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png", SIZE), region / 255)


def test_soft_masks_keep_their_values(tmp_path):
    ramp = np.arange(24, dtype=np.uint8).reshape(4, 6) * 11
    mask = read_mask(save(tmp_path / "a.png", ramp), SIZE)
    np.testing.assert_allclose(mask, ramp / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (None, "there is no such file"),
        (b"", "must be a PNG or JPEG picture"),
        (b"no picture", "must be a PNG or JPEG picture"),
        (png(0, 8, bytes(6))[:50], "must be a PNG or JPEG picture"),
        (png(0, 16, bytes(12)).replace(b"IEND", b"IXXX"), "must be a PNG or JPEG picture"),
    ],
    ids=["missing", "empty", "text", "cut", "damaged"],
)
def test_refuses_what_is_no_mask(tmp_path, content, rule):
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MaskError, match=rule) as caught:
        read_mask(path, SIZE)
    assert str(caught.value).startswith(f"mask {path}")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, SessionError)


def test_refuses_a_folder_and_another_size(tmp_path, region):
    with pytest.raises(MaskError, match="cannot be read"):
        read_mask(tmp_path, SIZE)
    path = save(tmp_path / "a.png", region)
    with pytest.raises(MaskError, match=r"a\.png is 6x4, the picture 4x6: they must agree"):
        read_mask(path, Size(4, 6))


@pytest.mark.parametrize("size", [Size(64, 48), Size(10, 48), Size(64, 5), Size(128, 96)])
def test_letterbox_centres_the_whole_picture(size):
    white = np.full((24, 32, 4), 255, np.uint8)
    fitted = letterbox(white, size)
    assert fitted.shape == (size.height, size.width, 4)
    assert (fitted[..., 3] == 255).all()
    rows, columns = np.nonzero(fitted[..., 0] == 255)
    high, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert high == size.height or wide == size.width
    assert wide / high == pytest.approx(32 / 24, rel=0.15)
    for low, extent, whole in ((rows.min(), high, size.height), (columns.min(), wide, size.width)):
        assert abs(2 * low + extent - whole) <= 1
