"""A file from the web: whole, checked, gone on with; or one line, and nothing that looks whole."""

import shutil
from pathlib import Path

import pytest

from draglive.app.models import download
from draglive.app.models.download import fetch
from draglive.app.models.errors import DiskFullError, DownloadError, WrongHashError


@pytest.fixture
def place(tmp_path):
    return tmp_path / "models" / "model.pkl"


def names(place):
    return sorted(p.name for p in place.parent.iterdir())


def test_a_file_comes_whole_and_is_hashed(site, place):
    told = []
    got = fetch(site.url, place, sha256=site.sha256, progress=lambda *seen: told.append(seen))
    assert place.read_bytes() == site.content
    assert (got.path, got.size_bytes, got.sha256) == (place, len(site.content), site.sha256)
    assert told[0] == (0, len(site.content))
    assert told[-1] == (len(site.content), len(site.content))
    assert names(place) == ["model.pkl"]


def test_a_broken_line_is_gone_on_with(site, place):
    site.breaks_after = [300_000, 200_000]
    fetch(site.url, place, sha256=site.sha256, pause_s=0)
    assert place.read_bytes() == site.content
    assert site.asked == [None, "bytes=300000-", "bytes=500000-"]


def test_a_line_that_stays_broken_is_told_and_the_next_call_goes_on(site, place):
    site.breaks_after = [300_000, *[0] * download.TRIES_WITHOUT_NEWS]
    with pytest.raises(DownloadError, match=r"ended after 300000 of 1024000 bytes; 0\.3 MiB"):
        fetch(site.url, place, pause_s=0)
    assert not place.exists()
    assert names(place) == ["model.pkl.part", "model.pkl.part.json"]
    site.asked.clear()
    fetch(site.url, place, sha256=site.sha256, pause_s=0)
    assert site.asked == ["bytes=300000-"]
    assert place.read_bytes() == site.content
    assert names(place) == ["model.pkl"]


def test_versions_of_a_file_are_not_joined(site, place):
    site.breaks_after = [300_000, *[0] * download.TRIES_WITHOUT_NEWS]
    with pytest.raises(DownloadError):
        fetch(site.url, place, pause_s=0)
    site.content, site.tag = site.content[::-1], '"two"'
    fetch(site.url, place, pause_s=0)
    assert place.read_bytes() == site.content


@pytest.mark.parametrize("what", ["no ranges", "no tag", "weak tag"])
def test_without_a_way_to_go_on_it_starts_over(site, place, what):
    if what == "no ranges":
        site.ranges = False
    else:
        site.tag = "" if what == "no tag" else 'W/"one"'
    site.breaks_after = [300_000]
    fetch(site.url, place, sha256=site.sha256, pause_s=0)
    assert place.read_bytes() == site.content


def test_a_part_that_was_whole_already_only_gets_its_name(site, place):
    def refuse(_part):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(site.url, place, check=refuse)
    assert names(place) == ["model.pkl.part", "model.pkl.part.json"]
    fetch(site.url, place, sha256=site.sha256)
    assert site.asked == [None, "bytes=1024000-"]
    assert place.read_bytes() == site.content


def test_a_file_that_became_shorter_is_fetched_anew(site, place):
    site.breaks_after = [300_000, *[0] * download.TRIES_WITHOUT_NEWS]
    with pytest.raises(DownloadError):
        fetch(site.url, place, pause_s=0)
    site.content = site.content[:1000]  # under the same tag: a server that lies
    fetch(site.url, place, sha256=site.sha256, pause_s=0)
    assert place.read_bytes() == site.content


def test_the_wrong_file_is_removed(site, place):
    with pytest.raises(WrongHashError, match=f"its SHA-256 is {site.sha256}, and should be 00"):
        fetch(site.url, place, sha256="00" * 32)
    assert names(place) == []


def test_what_fails_its_check_is_removed_and_what_was_there_stays(site, place):
    def refuse(part):
        assert part.read_bytes() == site.content
        raise ValueError("a web page, not a checkpoint")

    place.parent.mkdir()
    place.write_bytes(b"the one before")
    with pytest.raises(ValueError, match="a web page"):
        fetch(site.url, place, check=refuse)
    assert names(place) == ["model.pkl"]
    assert place.read_bytes() == b"the one before"


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (403, 1), (503, 4)])
def test_a_server_that_refuses(site, place, status, asked):
    site.status = status
    with pytest.raises(DownloadError, match=f"the server says {status}"):
        fetch(site.url, place, pause_s=0)
    assert len(site.asked) == asked
    assert not place.exists()


def test_a_server_that_is_not_there(place):
    with pytest.raises(DownloadError, match=r"cannot be reached .*refused"):
        fetch("http://127.0.0.1:9/model.pkl", place, pause_s=0)


def test_too_little_room_is_seen_before_anything_comes(site, place, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskFullError, match="1 MiB are needed, 0 MiB are free"):
        fetch(site.url, place)
    assert not place.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up(site, place):
    place.parent.mkdir()
    (place.parent / "model.pkl.part").symlink_to("/dev/full")
    (place.parent / "model.pkl.part.json").write_text("{}")
    site_part = download.Part.begin
    try:
        download.Part.begin = lambda *_: None  # or it would replace the link
        with pytest.raises(DiskFullError, match="the disk is full"):
            fetch(site.url, place)
    finally:
        download.Part.begin = site_part
    assert not place.exists()


def test_a_folder_that_cannot_be_made(site, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="cannot be written"):
        fetch(site.url, tmp_path / "file" / "model.pkl")
