"""What an edit leaves outside of the tool, and what comes back of it."""

import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from draglive.app.engine import types as t
from draglive.app.engine.loading import EngineOptions, load_editor
from draglive.app.engine.log import Origin
from draglive.app.engine.rerun import begin_at, resume
from draglive.app.engine.snapshot import of_latent, pack
from draglive.app.session.animation import AnimationWriter
from draglive.app.session.errors import FileError, LatentError, PlaceError
from draglive.app.session.latents import read_latent, write_latent
from draglive.app.session.recipe import read_recipe, recipe_of, write_picture

ORIGIN = Origin(
    "small", "/a/place/small.safetensors", t.Size(32, 32), 8, 1, 0.7, None, t.DragConfig(),
    "cpu", "a machine", "float32", "eager", 2, "2.13.0",
)  # fmt: skip


@pytest.fixture
def ws():
    return torch.randn(1, 8, 16)


@pytest.fixture
def editor(small_model):
    editor, chooser = load_editor(
        EngineOptions(small_model, "cpu", "float32", "eager", background=False)
    )
    yield editor
    chooser.close()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".PNG"])
def test_a_picture_opens_the_edit_again(tmp_path, ws, editor, suffix):
    begin_at(editor, ws)
    path = tmp_path / f"a{suffix}"
    picture = editor.draw(editor.ws)
    write_picture(path, picture, recipe_of(editor.origin, "ab", pack(of_latent(editor.ws))))
    with Image.open(path) as image:
        assert image.size == (32, 32)
        shown = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(shown - picture[..., :3]).mean() < (1e-9 if "png" in suffix.lower() else 12)
    session = read_recipe(path)
    assert session.model_sha256 == "ab"
    assert session.edit.origin.path == "small.safetensors"
    resume(editor, session.edit)
    assert torch.equal(editor.ws, ws)
    assert np.array_equal(editor.draw(editor.ws), picture)


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".pt"])
def test_a_latent_comes_back_bitwise(tmp_path, ws, editor, suffix):
    write_latent(tmp_path / f"w{suffix}", ws)
    assert torch.equal(read_latent(tmp_path / f"w{suffix}"), ws)
    begin_at(editor, read_latent(tmp_path / f"w{suffix}"))
    editor.apply(t.AddPoint(t.DragPoint(1, t.Point(10, 12), t.Point(20, 12))))
    editor.step()
    assert not torch.equal(editor.ws, ws)


class Bomb:
    def __reduce__(self):
        return (print, ("it ran",))


def test_nothing_in_a_latent_runs(tmp_path, capsys):
    (tmp_path / "w.pt").write_bytes(pickle.dumps({"w": Bomb()}))
    torch.save({"w": Bomb()}, tmp_path / "v.pt")
    np.savez(tmp_path / "w.npz", w=np.array([Bomb()], object))
    for name in ("w.pt", "v.pt", "w.npz"):
        with pytest.raises(LatentError, match="not a latent that can be read"):
            read_latent(tmp_path / name)
    assert "it ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "array", "rule"),
    [
        ("w.npz", {"w": np.zeros((2, 3, 4), np.float32)}, r"w must be float \[1, num_ws, w_dim\]"),
        ("w.npz", {"w": np.zeros((1, 3, 4), np.int64)}, "w must be float"),
        ("w.npz", {"w": np.full((1, 3, 4), np.nan, np.float32)}, "not finite"),
        ("w.npz", {"z": np.zeros((1, 3, 4), np.float32)}, "no array named w"),
        ("w.txt", {"w": np.zeros((1, 3, 4), np.float32)}, "its name must end in .safetensors"),
    ],
)
def test_what_is_no_latent_is_refused(tmp_path, name, array, rule):
    with (tmp_path / name).open("wb") as file:
        np.savez(file, **array)
    with pytest.raises(LatentError, match=rule):
        read_latent(tmp_path / name)
    with pytest.raises(LatentError, match="cannot be read"):
        read_latent(tmp_path / "none.npz")


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_has_all_its_pictures(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    writer = AnimationWriter(path, t.Size(16, 8), fps=25)
    for level in (0, 90, 180):
        writer.add(np.full((8, 16, 4), level, np.uint8))
    writer.close()
    with Image.open(path) as image:
        assert (image.size, image.n_frames) == ((16, 8), 3)
        image.seek(2)
        image.load()
        assert image.info["duration"] == 40
        assert abs(int(np.asarray(image.convert("RGB"))[4, 8, 0]) - 180) < 8
    writer.close()
    with pytest.raises(PlaceError, match="there is no folder"):
        AnimationWriter(tmp_path / "none" / path.name, t.Size(16, 8), fps=25)
    with pytest.raises(PlaceError, match=r"must end in \.gif or \.webp"):
        AnimationWriter(tmp_path / "a.avi", t.Size(16, 8), fps=25)


def test_a_latent_of_another_model_is_refused(editor):
    with pytest.raises(ValueError, match="not an edit on model small"):
        begin_at(editor, torch.zeros(1, 14, 512))


def test_names_that_say_no_format_are_refused(tmp_path, ws):
    with pytest.raises(FileError, match=r"must end in \.png"):
        write_picture(tmp_path / "a.bmp", np.zeros((4, 4, 4), np.uint8))
    with pytest.raises(FileError, match=r"must end in \.safetensors"):
        write_latent(tmp_path / "a.npy", ws)


def test_pictures_without_a_recipe_are_refused(tmp_path):
    write_picture(tmp_path / "a.jpg", np.zeros((8, 8, 4), np.uint8))
    with pytest.raises(LatentError, match="has no draglive recipe"):
        read_recipe(tmp_path / "a.jpg")
    (tmp_path / "b.png").write_bytes(b"not a picture")
    with pytest.raises(LatentError, match="not a picture that can be read"):
        read_recipe(tmp_path / "b.png")
