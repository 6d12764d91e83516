"""`draglive inspect`, `convert` and `models` as a person meets them."""

import dataclasses
import hashlib
import io
import json
import sys

import cv2
import pytest

from draglive.app.models import catalogue, download
from draglive.app.models.catalogue import KnownModel, Licence

from .models.conftest import site

__all__ = ["site"]


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    """No test touches the person's own models or caches."""
    monkeypatch.setenv("DRAGLIVE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(download.fetch.__kwdefaults__, "pause_s", 0.0)


@pytest.fixture
def known(monkeypatch, site, small_model):
    """A catalogue of one model, on this machine."""
    site.content = small_model.read_bytes()
    licence = Licence("Test Licence", "https://example.org/licence")
    model = KnownModel("tiny-32", "Noise", 32, 0, site.url, licence, "us", None, site.sha256)
    models = [model]
    monkeypatch.setattr(catalogue, "known_models", lambda: tuple(models))

    def change(**fields):
        models[0] = dataclasses.replace(models[0], **fields)

    return change


def test_inspect_says_what_a_file_holds(draglive, small_model):
    code, said, errors = draglive("inspect", small_model)
    assert (code, errors) == (0, "")
    for line in ("32 x 32 pixels", "8 vectors of 16", "classes     none", "float16", "MIT"):
        assert line in said
    assert hashlib.sha256(small_model.read_bytes()).hexdigest() in said


def test_inspect_speaks_json(draglive, small_model):
    code, said, _ = draglive("inspect", small_model, "--json", "--no-hash")
    assert code == 0
    facts = json.loads(said)
    assert (facts["width"], facts["num_ws"], facts["sha256"]) == (32, 8, None)


@pytest.mark.parametrize("command", ["inspect", "convert"])
@pytest.mark.parametrize("content", [None, b"", b"<html>404</html>", b"\x80\x04K\x01."])
def test_what_is_no_model_is_one_line(draglive, tmp_path, command, content):
    path = tmp_path / "model.pkl"
    if content is not None:
        path.write_bytes(content)
    out = [tmp_path / "out.safetensors"] if command == "convert" else []
    code, said, errors = draglive(command, path, *out)
    assert (code, said) == (2, "")
    assert str(path) in errors
    assert errors.count("\n") == 1
    assert not (tmp_path / "out.safetensors").exists()


def test_convert_is_lossless_and_does_not_overwrite(draglive, small_model, tmp_path):
    out = tmp_path / "out.safetensors"
    code, said, _ = draglive("convert", small_model, out)
    assert code == 0
    assert str(out) in said
    whole = out.stat().st_size
    code, _, errors = draglive("convert", small_model, out, "--half")
    assert code == 2
    assert "--force" in errors
    assert out.stat().st_size == whole
    assert draglive("convert", small_model, out, "--half", "--force")[0] == 0
    assert out.stat().st_size < 0.7 * whole
    code, _, errors = draglive("convert", small_model, tmp_path / "out.pkl")
    assert code == 2
    assert "must end in .safetensors" in errors


def test_models_lists_the_folder_and_the_known(draglive, tmp_path, small_model, known):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "small.safetensors").write_bytes(small_model.read_bytes())
    (folder / "broken.pkl").write_bytes(b"<html>404</html>")
    code, said, errors = draglive("models")
    assert (code, errors) == (0, "")
    assert "small.safetensors  32 x 32" in said
    assert "broken.pkl" in said
    assert "tiny-32" in said
    assert "Test Licence" in said
    assert "size not known" in said
    code, said, _ = draglive("models", "--json")
    good, bad = sorted(json.loads(said)["models"], key=lambda model: bool(model["error"]))
    assert cv2.imread(good["thumbnail"]).shape == (256, 256, 3)
    assert bad["thumbnail"] is None


def test_models_without_a_folder(draglive):
    code, said, _ = draglive("models")
    assert code == 0
    assert "nothing yet" in said
    assert "lions-512" in said


def test_get_fetches_checks_and_says_what_came(draglive, known, tmp_path, site):
    code, said, errors = draglive("models", "get", "tiny-32", "--accept-licence")
    assert (code, errors) == (0, "")
    assert "Test Licence" in said
    assert "32 x 32 pixels" in said
    assert "the one in the catalogue" in said
    assert [p.name for p in (tmp_path / "models").iterdir()] == ["tiny-32.pkl"]
    assert "(in your folder)" in draglive("models")[1]
    code, _, errors = draglive("models", "get", "tiny-32", "--accept-licence")
    assert code == 2
    assert "is there already" in errors
    assert len(site.asked) == 1


def test_get_says_when_no_hash_is_known(draglive, known, site):
    known(sha256=None)
    code, said, _ = draglive("models", "get", "tiny-32", "--accept-licence")
    assert code == 0
    assert f"was not compared: it has {site.sha256}" in said


@pytest.mark.parametrize(
    ("terminal", "answer", "code"), [(False, "", 2), (True, "n\n", 2), (True, "y\n", 0)]
)
def test_get_needs_agreement(draglive, known, site, monkeypatch, terminal, answer, code):
    typed = io.StringIO(answer)
    typed.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stdin", typed)
    got, said, errors = draglive("models", "get", "tiny-32")
    assert "https://example.org/licence" in said
    assert got == code
    assert len(site.asked) == (0 if code else 1)
    if code:
        assert errors.count("\n") == 1
        assert "licence" in errors


@pytest.mark.parametrize(
    ("change", "content", "line"),
    [
        ({"sha256": "00" * 32}, None, "should be 00"),
        ({"sha256": None}, b"<html>404</html>", "tiny-32"),
        ({"url": "http://127.0.0.1:9/model.pkl"}, None, "cannot be reached"),
    ],
)
def test_what_cannot_be_fetched_is_one_line_and_leaves_no_model(
    draglive, known, site, tmp_path, change, content, line
):
    known(**change)
    if content:
        site.content = content
    code, _, errors = draglive("models", "get", "tiny-32", "--accept-licence")
    assert code == 2
    assert line in errors
    assert errors.count("\n") == 1
    assert list((tmp_path / "models").iterdir()) == []


def test_get_of_an_unknown_name(draglive, known):
    code, _, errors = draglive("models", "get", "tiny-33")
    assert code == 2
    assert "did you mean tiny-32?" in errors
