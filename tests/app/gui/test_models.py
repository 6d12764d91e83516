"""What the browser offers, which card the keys choose, and what becomes of the choice."""

import time
from pathlib import Path

import pytest

from draglive.app.engine.opening import Opening, OpenModel
from draglive.app.engine.types import Failed
from draglive.app.gui.dialogs.models import Models, Places, move
from draglive.app.models.catalogue import KnownModel, Licence
from draglive.app.models.library import ModelFile
from draglive.app.models.thumbnails import Facts, ThumbnailShelf

KNOWN = KnownModel(
    "lions-512",
    "Lions",
    512,
    0,
    "https://x.org/l.pkl",
    Licence("MIT", "https://l"),
    "us",
    300,
    None,
)


class Opener:
    """An engine that only opens."""

    def __init__(self):
        self.asked, self.now, self.cancelled = [], None, 0

    def open_model(self, request):
        self.asked.append(request)
        self.now = Opening(request, "reading the model")

    def cancel_opening(self):
        self.cancelled += 1
        self.now = None

    def opening(self):
        return self.now


@pytest.fixture
def engine():
    return Opener()


@pytest.fixture
def places(tmp_path):
    (tmp_path / "models").mkdir()
    return Places(tmp_path / "models", tmp_path / "thumbnails", tmp_path / "recent.json")


@pytest.fixture
def models(engine, places):
    models = Models(engine, places, [KNOWN])
    yield models
    models.close()


def put(places, name, facts, folder=None):
    """A model file of which these facts are known."""
    path = (folder or places.folder) / name
    path.write_bytes(b"weights")
    ThumbnailShelf(places.thumbnails).keep(ModelFile.of(path), facts)
    return path


def look(models):
    models.look()
    deadline = time.monotonic() + 10
    while not models.poll():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def cards(models):
    return {section.title: section.cards for section in models.sections()}


def test_before_anything_was_looked_at_there_is_the_bundled_model(models):
    assert [card.path for card in cards(models)["Your models"]] == [None]


def test_the_folder_and_what_was_opened_lately(models, places, tmp_path, engine):
    put(places, "lion.pkl", Facts("lion", "a pickle", 512, 512, 10))
    put(places, "page.pkl", Facts(error="a web page"))
    other = put(places, "other.pkl", Facts("other", "a pickle", 64, 32), tmp_path)
    models.open(OpenModel(other, 3, 0.5))
    assert engine.asked == [OpenModel(other, 3, 0.5)]
    assert models.adopted(other)
    look(models)
    found = cards(models)
    bundled, lion, page = found["Your models"]
    assert bundled.path is None
    assert (lion.title, lion.detail) == ("lion", "512 x 512, 10 classes, 1 MiB")
    assert lion.picture.parent == places.thumbnails
    assert (page.title, page.detail, page.broken) == ("page.pkl", "a web page", True)
    assert [card.path for card in found["Recent"]] == [other]


def test_what_lies_in_the_folder_is_not_shown_twice(models, places):
    path = put(places, "lion.pkl", Facts("lion", "a pickle", 512, 512))
    models.open(OpenModel(path))
    models.adopted(path)
    look(models)
    assert list(cards(models)) == ["Your models"]


def test_well_known_models_tell_how_they_are_fetched(models, places):
    (source,) = models.sources()
    assert source.command == "draglive models get lions-512"
    assert source.detail == "512 px, about 300 MiB, MIT"
    assert not source.here
    put(places, "lions-512.pkl", Facts("lions", "a pickle", 512, 512))
    look(models)
    assert models.sources()[0].here


def test_the_model_that_the_program_came_with_is_not_remembered(models, places):
    models.open(OpenModel(None))
    models.adopted(Path("somewhere/in/the/program"))
    assert not places.recent.exists()


def test_a_model_that_was_not_asked_for_here_is_adopted_without_a_word(models):
    assert not models.adopted(Path("first.safetensors"))


def test_progress_and_failures(models, engine):
    assert models.opening is None
    models.open(OpenModel(Path("a.pkl")))
    assert models.opening.what == "reading the model"
    assert models.failure() is None
    engine.now = Opening(engine.asked[0], "no", failure=Failed("no", "Traceback"))
    assert models.opening is None
    assert models.failure() is engine.now
    assert models.failure() is None  # told once
    models.cancel()
    assert engine.cancelled == 1


#   0 1 2
#   3 4      five of the person's own
#   5 6      two opened lately
@pytest.mark.parametrize(
    ("before", "towards", "after"),
    [
        (None, "right", 0),
        (None, "last", 0),
        (0, "right", 1),
        (0, "left", 0),
        (2, "right", 3),
        (6, "right", 6),
        (2, "down", 4),
        (4, "down", 6),
        (3, "down", 5),
        (5, "down", 5),
        (1, "up", 1),
        (6, "up", 4),
        (4, "up", 1),
        (4, "last", 6),
        (4, "first", 0),
    ],
)
def test_arrow_keys(before, towards, after):
    assert move(before, towards, [5, 2], 3) == after


def test_without_cards_nothing_is_chosen():
    assert move(None, "right", [], 3) is None
