"""Pictures that are saved from the window: asked for, written with their recipe, told."""

import hashlib
import time
from dataclasses import replace

import numpy as np
import pytest

from draglive.app.engine import types as t
from draglive.app.engine.asking import Answer, Dragged, Made, Print
from draglive.app.engine.log import Origin
from draglive.app.gui.beside.prints import Prints
from draglive.app.session.recipe import read_recipe

ORIGIN = Origin(
    model="small", path="", size=t.Size(4, 4), num_ws=8, seed=7, psi=0.7, class_index=None,
    config=t.DragConfig(), device="cpu", hardware="a machine", dtype="float32", backend="eager",
    threads=1, torch="2.11",
)  # fmt: skip
PICTURE = np.full((4, 4, 4), 90, np.uint8)


@pytest.fixture
def told():
    return []


@pytest.fixture
def prints(tmp_path, told):
    return Prints(lambda *line: told.append(line), tmp_path / "kept")


def wait(prints, told, lines):
    until_s = time.monotonic() + 10
    while len(told) < lines and time.monotonic() < until_s:
        prints.refresh()
        time.sleep(0.005)
    assert len(told) == lines


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_the_file_has_the_picture_and_its_recipe(prints, told, tmp_path, suffix):
    model = tmp_path / "small.st"
    model.write_bytes(b"weights")
    prints.keep(7, suffix)
    (question,) = prints.wanted()
    made = Made(replace(ORIGIN, path=str(model)), b"tensors")
    prints.hear(Answer(Dragged(1), PICTURE))  # not what was asked
    prints.hear(Answer(question, PICTURE, made=made))
    assert prints.wanted() == []
    wait(prints, told, 1)
    (path,) = (tmp_path / "kept").iterdir()
    assert path.name.endswith(f"-seed7{suffix}")
    assert told[0] == (f"Saved the picture to {path}", "info")
    session = read_recipe(path)
    assert session.model_sha256 == hashlib.sha256(b"weights").hexdigest()
    assert (session.edit.origin.seed, session.edit.origin.path) == (7, "small.st")
    assert session.edit.records[0].content == b"tensors"


def test_two_at_once_are_two_files(prints, told, tmp_path):
    prints.keep(1, ".png")
    prints.keep(1, ".png")
    for question in prints.wanted():
        prints.hear(Answer(question, PICTURE, made=Made(replace(ORIGIN, path=__file__), b"")))
    wait(prints, told, 2)
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_what_goes_wrong_is_told(prints, told, tmp_path):
    prints.keep(1, ".png")
    prints.hear(Answer(prints.wanted()[0], None, "out of memory"))
    assert told == [("The picture was not saved: out of memory", "error")]
    prints.keep(1, ".png")
    prints.forget()
    assert prints.wanted() == []
    (tmp_path / "kept").write_text("a file is in the way")
    prints.keep(1, ".png")
    (question,) = prints.wanted()
    assert question == Print(3)
    prints.hear(Answer(question, PICTURE, made=Made(replace(ORIGIN, path=__file__), b"")))
    wait(prints, told, 2)
    assert told[1][1] == "error"
