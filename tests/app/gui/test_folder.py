"""What is in a folder, and what was typed."""

import os
import time
from pathlib import Path

from draglive.app.gui.dialogs.folder import MOST, Entry, Reader, meant, read_folder


def test_folders_come_first_then_the_newest_files_and_nothing_hidden(tmp_path):
    for name, age_s in (("old.png", 50), ("new.PNG", 5), ("other.txt", 1), (".hidden.png", 1)):
        (tmp_path / name).write_bytes(b"12")
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    (tmp_path / "sub").mkdir()
    (tmp_path / "gone.png").symlink_to(tmp_path / "nothing")
    listing = read_folder(tmp_path, (".png",))
    assert [entry.name for entry in listing.entries] == ["sub", "new.PNG", "old.png"]
    assert (listing.left, listing.trouble) == (0, "")
    assert [entry.size for entry in listing.entries] == ["", "2 B", "2 B"]


def test_a_full_folder_is_cut_and_a_missing_one_says_so(tmp_path):
    for number in range(MOST + 3):
        (tmp_path / f"{number}.png").touch()
    listing = read_folder(tmp_path, (".png",))
    assert (len(listing.entries), listing.left) == (MOST, 3)
    assert "No such file" in read_folder(tmp_path / "none", ()).trouble


def test_sizes_in_words():
    sizes = {999: "999 B", 1000: "1.0 KB", 45_300: "45 KB", 3_200_000: "3.2 MB", 10**16: "10000 TB"}
    assert {bytes_: Entry("a", False, bytes_, 0).size for bytes_ in sizes} == sizes


def test_what_is_typed_is_a_name_or_a_path(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    assert meant(tmp_path, " a.png ") == tmp_path / "a.png"
    assert meant(tmp_path, "../b.png") == tmp_path.parent / "b.png"
    assert meant(tmp_path, "/x/y.png") == Path("/x/y.png")
    assert meant(tmp_path, "~/z.png") == Path("/home/ann/z.png")


def test_the_folder_asked_for_last_counts(tmp_path):
    (tmp_path / "sub").mkdir()
    reader = Reader((".png",))
    reader.ask(tmp_path)
    reader.ask(tmp_path / "sub")
    until_s = time.monotonic() + 10
    while (listing := reader.take()) is None and time.monotonic() < until_s:
        time.sleep(0.01)
    assert listing is not None
    assert listing.folder == tmp_path / "sub"
    time.sleep(0.05)
    assert reader.take() is None
