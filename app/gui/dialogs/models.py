"""The models to choose from, what is chosen, and what becomes of it. No Dear PyGui, no torch.

Folders are read on a thread, thumbnails are made by a process (`models.thumbnails`): nothing here
makes the window wait.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ...engine.opening import Opening, OpenModel
from ...engine.types import EngineClient
from ...models.catalogue import KnownModel, known_models
from ...models.library import ModelFile, RecentModels, list_folder
from ...models.places import models_folder, recent_file, thumbnails_folder
from ...models.thumbnails import Facts, Thumbnailer, ThumbnailShelf

BUNDLED = "creatures-256"
GET = "draglive models get"
MIB = 2**20

Move = Literal["left", "right", "up", "down", "first", "last"]


@dataclass(frozen=True, slots=True)
class Card:
    """A model that can be opened.

    Attributes:
        title: its name.
        detail: a few words about it, or why it cannot be opened.
        path: of its file; None is the model that comes with the program.
        picture: its thumbnail, once there is one.
        broken: it cannot be opened.
    """

    title: str
    detail: str
    path: Path | None
    picture: Path | None = None
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Cards under a heading; `hint` says where they are, or where to put some."""

    title: str
    hint: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A well-known model that can be fetched.

    Attributes:
        title: its name in the catalogue.
        about: what it draws.
        detail: size, licence.
        command: fetches it.
        here: it is in the models folder.
    """

    title: str
    about: str
    detail: str
    command: str
    here: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What lies where, at one moment."""

    mine: tuple[ModelFile, ...] = ()
    recent: tuple[ModelFile, ...] = ()
    bundled: ModelFile | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where models are looked for, and what is remembered of them."""

    folder: Path = field(default_factory=models_folder)
    thumbnails: Path = field(default_factory=thumbnails_folder)
    recent: Path = field(default_factory=recent_file)


class Models:
    """The models to choose from, and the one being opened; GUI thread only.

    Args:
        engine: opens them.
        places: folders and files.
        known: the catalogue; None for the program's own.
        bundled: the file of the model that comes with the program, if its place is known.
    """

    def __init__(
        self,
        engine: EngineClient,
        places: Places,
        known: Sequence[KnownModel] | None = None,
        bundled: Path | None = None,
    ) -> None:
        self._engine, self._places, self._bundled = engine, places, bundled
        self._known = known_models() if known is None else tuple(known)
        self._recent = RecentModels(places.recent)
        self._thumbnails = Thumbnailer(ThumbnailShelf(places.thumbnails))
        self._found = Found()
        self._scans: queue.SimpleQueue[Found] = queue.SimpleQueue()
        self._told: Opening | None = None
        self._request: OpenModel | None = None

    def look(self) -> None:
        """Look anew for files, on a thread; `poll` tells when that is done."""
        threading.Thread(target=self._scan, name="draglive-models", daemon=True).start()

    def poll(self) -> bool:
        """Whether there is something else to show than at the last call."""
        news = self._thumbnails.poll()
        while not self._scans.empty():
            self._found, news = self._scans.get(), True
        return news

    def sections(self) -> tuple[Section, ...]:
        """What can be opened; thumbnails that are missing are asked for."""
        found = self._found
        places = self._places
        bundled = self._bundled_card()  # the first that is asked for is the first that is drawn
        mine = tuple(self._card(file) for file in found.mine)
        recent = tuple(self._card(file) for file in found.recent if file not in found.mine)
        sections = [
            Section("Your models", f"In {places.folder}", (bundled, *mine)),
            Section("Recent", "Opened lately from elsewhere", recent),
        ]
        return tuple(section for section in sections if section.cards)

    def sources(self) -> tuple[Source, ...]:
        """Well-known models, and how each is fetched."""
        here = {file.path.name for file in self._found.mine}
        return tuple(_source(model, model.file_name in here) for model in self._known)

    def open(self, request: OpenModel) -> None:
        """Open a model in place of the one in use, which stays until then."""
        self._request = request
        self._engine.open_model(request)

    def cancel(self) -> None:
        """Give up the model being opened."""
        self._engine.cancel_opening()

    @property
    def opening(self) -> Opening | None:
        """The model on its way, if one is."""
        opening = self._engine.opening()
        return None if opening is None or opening.failure else opening

    def failure(self) -> Opening | None:
        """A model that could not be opened, once."""
        opening = self._engine.opening()
        if opening is None or opening.failure is None or opening is self._told:
            return None
        self._told = opening
        return opening

    def adopted(self, path: Path) -> bool:
        """A model is in use now: remember it. Whether it was chosen here."""
        request, self._request = self._request, None
        if request is not None and request.path is not None:
            self._recent.remember(path)
        return request is not None

    def close(self) -> None:
        """End what works in the background."""
        self._thumbnails.close()

    def _scan(self) -> None:
        mine = tuple(list_folder(self._places.folder))
        bundled = None
        if self._bundled is not None and self._bundled.exists():
            bundled = ModelFile.of(self._bundled)
        self._scans.put(Found(mine, tuple(self._recent.files()), bundled))

    def _card(self, file: ModelFile) -> Card:
        facts = self._thumbnails.facts(file)
        if facts is None:
            return Card(file.path.stem, "Looking at it …", file.path)
        if facts.error:
            return Card(file.path.name, facts.error, file.path, broken=True)
        picture = self._thumbnails.shelf.picture_path(file)
        return Card(file.path.stem, _describe(facts, file), file.path, picture)

    def _bundled_card(self) -> Card:
        file = self._found.bundled
        facts = self._thumbnails.facts(file) if file else None
        if file is None or facts is None or facts.error:
            return Card(BUNDLED, "Comes with draglive", None)
        picture = self._thumbnails.shelf.picture_path(file)
        detail = f"{facts.width} x {facts.height}, comes with draglive"
        return Card(BUNDLED, detail, None, picture)


def _describe(facts: Facts, file: ModelFile) -> str:
    classes = f", {facts.classes} classes" if facts.classes else ""
    return f"{facts.width} x {facts.height}{classes}, {max(file.size_bytes / MIB, 1):.0f} MiB"


def _source(model: KnownModel, here: bool) -> Source:
    size = f", about {model.size_mb:.0f} MiB" if model.size_mb else ""
    detail = f"{model.pixels} px{size}, {model.licence.name}"
    return Source(model.name, model.about, detail, f"{GET} {model.name}", here)


def move(index: int | None, towards: Move, counts: Sequence[int], columns: int) -> int | None:
    """Which card is selected after an arrow key.

    Args:
        index: of the card selected before, counted through all sections; None if none was.
        towards: the key.
        counts: cards in each section; each section begins a row of its own.
        columns: cards in a row.

    Returns:
        The card's index; None where there are no cards.
    """
    total = sum(counts)
    if total == 0:
        return None
    if index is None or towards == "first":
        return 0
    if towards == "last":
        return total - 1
    if towards in ("left", "right"):
        return min(max(index + (1 if towards == "right" else -1), 0), total - 1)
    rows = _rows(counts, columns)
    row = next(n for n, members in enumerate(rows) if index in members)
    below = row + (1 if towards == "down" else -1)
    if not 0 <= below < len(rows):
        return index
    return rows[below][min(index - rows[row][0], len(rows[below]) - 1)]


def _rows(counts: Sequence[int], columns: int) -> list[range]:
    rows, first = [], 0
    for count in counts:
        last = first + count
        rows += [range(n, min(n + columns, last)) for n in range(first, last, columns)]
        first = last
    return rows
