"""A folder of somebody's pictures."""

import numpy as np
import pytest
from PIL import Image

from draglive.stylegan2_jit.training.folder import DataError, read_folder


def halves(size=(64, 64)):
    """Red above, blue below."""
    values = np.zeros((size[1], size[0], 3), np.uint8)
    values[: size[1] // 2, :, 0] = 255
    values[size[1] // 2 :, :, 2] = 255
    return Image.fromarray(values)


def test_two_hundred_pictures_of_all_kinds(tmp_path):
    for i in range(190):
        halves().save(tmp_path / f"plain-{i:03d}.png")
    halves().convert("L").save(tmp_path / "grey.png")
    halves().convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    halves().save(tmp_path / "turned.jpg", exif=exif, quality=95)
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    halves((8, 8)).save(tmp_path / "tiny.png")
    whole = (tmp_path / "cmyk.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_bytes(b"not a picture at all")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "below").mkdir()
    halves((90, 64)).save(tmp_path / "below" / "wide.webp", lossless=True)
    (tmp_path / "notes.txt").write_text("left alone")
    pictures, report = read_folder(tmp_path, 32)
    assert pictures.shape == (195, 3, 32, 32)
    assert report.used == 195
    assert [text.split(":")[0] for text in report.converted] == [
        *("clear.png", "cmyk.jpg", "grey.png", "turned.jpg")
    ]
    told = "\n".join(report.lines())
    assert told.startswith("195 pictures, 4 converted, 4 skipped")
    assert "tiny.png: a side must be at least 16 px, not 8x8" in told
    assert "cut.jpg: damaged" in told
    assert "text.png: not a picture" in told
    assert "empty.jpg: not a picture" in told
    wide, clear, cmyk, turned = (pictures[i] for i in (0, 1, 2, -1))
    assert wide[0, 4].min() > 250  # red above
    assert clear.min() == 255  # white behind what is transparent
    assert cmyk[0, 4].float().mean() > 200
    assert turned[2, 4].float().mean() > 200  # blue above


def test_too_few_pictures_are_refused(tmp_path):
    halves().save(tmp_path / "one.png")
    with pytest.raises(DataError, match="at least 4 pictures, not 1"):
        read_folder(tmp_path, 32)


def test_no_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="'creatures' or a folder"):
        read_folder(tmp_path / "nowhere", 32)
