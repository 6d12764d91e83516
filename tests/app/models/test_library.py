import os
from pathlib import Path

import pytest

from draglive.app.models.library import MOST_RECENT, RecentModels, list_folder
from draglive.app.models.places import models_folder


def test_a_folder_lists_what_may_be_a_model(tmp_path):
    for name in ("b.pkl", "A.safetensors", "notes.txt", ".hidden.pkl", "sub/c.PT", "x.pkl.part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"1234")
    (tmp_path / "dead.pkl").symlink_to(tmp_path / "nowhere")
    files = list_folder(tmp_path)
    assert [str(f.path.relative_to(tmp_path)) for f in files] == [
        "A.safetensors",
        "b.pkl",
        os.path.join("sub", "c.PT"),
    ]
    assert files[0].size_bytes == 4


def test_folders_are_looked_into_only_so_deep(tmp_path):
    deep = tmp_path / "1" / "2" / "3" / "4"
    deep.mkdir(parents=True)
    (deep / "lost.pkl").touch()
    (deep.parent / "found.pkl").touch()
    assert [f.path.name for f in list_folder(tmp_path)] == ["found.pkl"]


def test_a_missing_folder_is_empty(tmp_path):
    assert list_folder(tmp_path / "nowhere") == []


def test_the_folder_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("DRAGLIVE_MODELS", str(tmp_path))
    assert models_folder() == tmp_path
    monkeypatch.setenv("DRAGLIVE_MODELS", "")
    assert models_folder().parts[-2:] == ("draglive", "models")


@pytest.fixture
def recent(tmp_path):
    return RecentModels(tmp_path / "state" / "recent.json")


def test_the_newest_comes_first_and_only_once(recent, tmp_path):
    paths = [tmp_path / f"{n}.pkl" for n in range(MOST_RECENT + 3)]
    for path in paths:
        path.touch()
        recent.remember(path)
    recent.remember(paths[5])
    names = [file.path.name for file in recent.files()]
    assert names[:2] == ["5.pkl", f"{MOST_RECENT + 2}.pkl"]
    assert len(names) == len(set(names)) == MOST_RECENT


def test_files_that_are_gone_are_not_offered(recent, tmp_path):
    for name in ("a.pkl", "b.pkl"):
        (tmp_path / name).touch()
        recent.remember(tmp_path / name)
    (tmp_path / "b.pkl").unlink()
    assert [file.path.name for file in recent.files()] == ["a.pkl"]


@pytest.mark.parametrize("content", ["", "{}", "[1, null]", "\xff"])
def test_a_damaged_list_is_an_empty_one(recent, tmp_path, content):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "recent.json").write_text(content, encoding="latin-1")
    assert recent.files() == []
    (tmp_path / "a.pkl").touch()
    recent.remember(tmp_path / "a.pkl")
    assert [file.path for file in recent.files()] == [Path(tmp_path / "a.pkl").resolve()]


def test_a_list_that_cannot_be_written_is_no_trouble(tmp_path):
    (tmp_path / "file").touch()
    RecentModels(tmp_path / "file" / "recent.json").remember(tmp_path / "a.pkl")
