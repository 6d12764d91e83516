"""What a section of the panel is: it builds its widgets when it is made, and follows the desk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeAlias

from ...engine.types import ModelInfo
from ..desk import Desk
from ..keymap import shown
from ..picture.input import KEYS, Action
from ..theme import Item
from ..widgets import Bricks


class Section(Protocol):
    """Some controls under a title (`Bricks.section`)."""

    def adopt(self, model: ModelInfo) -> None:
        """The engine has a model: ranges follow it."""

    def refresh(self) -> None:
        """Show the desk as it is now; called once a frame."""


MakeSection: TypeAlias = Callable[[Bricks, Desk], Section]


def act(bricks: Bricks, desk: Desk, label: str, action: Action, about: str, width: int) -> Item:
    """A button that does what a key does, and names it."""
    about = f"{about} ({shown(KEYS[action])})"
    return bricks.button(label, about, partial(desk.perform, action), width, _name(label, action))


def _name(label: str, action: Action) -> str:
    """Arrows have captions that tell nobody anything."""
    return label if label.isascii() else action
