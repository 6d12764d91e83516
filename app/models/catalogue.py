"""Well-known public checkpoints: where they are, how large, under which licence. The data is JSON.

Nothing of them comes with this program, and nothing is fetched unless a person asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from .errors import UnknownModelError

CATALOGUE = Path(__file__).with_name("catalogue.json")


@dataclass(frozen=True, slots=True)
class Licence:
    """Under what terms weights may be used; its name, and where it can be read."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A public checkpoint.

    Attributes:
        name: what `draglive models get` calls it.
        about: what it draws.
        pixels: the picture's height.
        classes: to choose from; 0 for an unconditional model.
        url: of the file, upstream.
        licence: of the weights.
        source: the project that made it.
        size_mb: of the file, in MiB, roughly; None where not known.
        sha256: of the file, in hex; None where not known.
    """

    name: str
    about: str
    pixels: int
    classes: int
    url: str
    licence: Licence
    source: str
    size_mb: float | None
    sha256: str | None

    @property
    def file_name(self) -> str:
        """Under which it lies in the models folder: the catalogue's name, upstream's suffix."""
        return self.name + PurePosixPath(urlsplit(self.url).path).suffix


def known_models(path: Path = CATALOGUE) -> tuple[KnownModel, ...]:
    """The catalogue, in its order."""
    entries = json.loads(path.read_text(encoding="utf-8"))["models"]
    return tuple(
        KnownModel(**{**entry, "licence": Licence(**entry["licence"])}) for entry in entries
    )


def find_model(name: str, models: Sequence[KnownModel]) -> KnownModel:
    """The model of that name.

    Raises:
        UnknownModelError: there is none; the line offers what is spelt alike.
    """
    for model in models:
        if model.name == name:
            return model
    alike = get_close_matches(name, [model.name for model in models], n=3)
    hint = f"; did you mean {' or '.join(alike)}?" if alike else "; `draglive models` lists them"
    raise UnknownModelError(f"model {name!r}: the catalogue has none of that name{hint}")
