"""The movable region and its tools: two brushes, soft edges, parts of the picture, PNG files.

Works on the desk's mask; every change is posted, so that the very next step obeys it. GUI thread
only; no Dear PyGui.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import platformdirs
from numpy.typing import NDArray

from ...engine.asking import PartMask, Question
from ...engine.types import Point
from ...session.errors import SessionError
from ...session.mask_files import read_mask, write_mask
from .brush import MaskPaint
from .input import Action

Tool = Literal["pull", "movable", "protect", "part"]
SOFTNESS_STEP = 0.25
GRID_PX = 2.0  # a hover asks anew only when the pointer has moved so far


class Paper(Protocol):
    """What is needed of the desk."""

    mask: MaskPaint | None
    seed: int
    show_mask: bool

    def post_mask(self) -> None:
        """The mask has changed."""

    def show_region(self, shown: bool) -> None:
        """Tint the movable region, or not."""

    def say(self, text: str, tone: Literal["info", "error"] = "info") -> None:
        """Tell the person something."""


class Region:
    """What the mask's tools are set to.

    Args:
        desk: has the mask.

    Attributes:
        tool: what the left button does on the picture.
        erasing: brushes and parts do the opposite.
        softness: of the brush, 0 to 1.
        asks_file: the person wants to choose a mask's file.
    """

    def __init__(self, desk: Paper) -> None:
        self._desk = desk
        self.tool: Tool = "pull"
        self.erasing = False
        self.softness = 0.0
        self.asks_file = False
        self._place: Point | None = None  # under the pointer
        self._moment = (0, -1)  # state and step of the picture on the screen
        self._part: tuple[PartMask, NDArray[np.float32]] | None = None
        self._picked: tuple[PartMask, bool] | None = None  # to be taken when it is known

    @property
    def actions(self) -> Mapping[Action, Callable[[], None]]:
        """What the keys do."""
        return {
            "brush": lambda: self.take_up("movable"),
            "protect": lambda: self.take_up("protect"),
            "part": lambda: self.take_up("part"),
            "erase": self.toggle_erasing,
            "invert": self.invert,
            "show_mask": lambda: self._desk.show_region(not self._desk.show_mask),
            "softer": lambda: self.soften(self.softness + SOFTNESS_STEP),
            "harder": lambda: self.soften(self.softness - SOFTNESS_STEP),
            "load_mask": self._ask_file,
            "save_mask": lambda: self.save(self.default_file()),
        }

    @property
    def paints_movable(self) -> bool:
        """Whether the left button frees what it touches."""
        return (self.tool != "protect") != self.erasing

    @property
    def preview(self) -> NDArray[np.float32] | None:
        """The part under the pointer, float32 [H, W]; None while it is not known."""
        if self.tool != "part" or self._part is None or self._question() != self._part[0]:
            return None
        return self._part[1]

    def take_up(self, tool: Tool) -> None:
        """Use this tool; the one in use is put away."""
        self.tool = "pull" if self.tool == tool else tool

    def toggle_erasing(self) -> None:
        """Let the tools do the opposite."""
        self.erasing = not self.erasing
        if self.erasing and self.tool == "pull":
            self.tool = "movable"

    def soften(self, softness: float) -> None:
        """How much of the brush's radius is a soft edge."""
        self.softness = max(0.0, min(softness, 1.0))

    def invert(self) -> None:
        """What may move must stay, and the other way round."""
        mask = self._desk.mask
        if mask is None or mask.is_empty:
            self._desk.say("There is no region to invert: everything may move.")
            return
        mask.invert()
        self._desk.post_mask()

    def default_file(self) -> Path:
        """Where a mask is saved that nobody chose a place for."""
        name = f"mask-{datetime.now().astimezone():%Y-%m-%d-%H%M%S}-seed{self._desk.seed}.png"
        return platformdirs.user_documents_path() / "draglive" / name

    def save(self, path: Path) -> None:
        """Write the mask to a PNG file."""
        mask = self._desk.mask.mask() if self._desk.mask else None
        if mask is None:
            self._desk.say("There is no region to save: everything may move.")
            return
        try:
            write_mask(path, mask)
        except SessionError as error:
            self._desk.say(str(error), "error")
        else:
            self._desk.say(f"Saved the region to {path}")

    def load(self, path: Path) -> None:
        """Take the mask from a PNG file."""
        paint = self._desk.mask
        if paint is None:
            return
        try:
            paint.become(read_mask(path, paint.size))
        except SessionError as error:
            self._desk.say(str(error), "error")
            return
        self._desk.post_mask()
        self._desk.say(f"The region is that of {path.name}")

    # Parts of the picture.

    def saw(self, state: int, step: int) -> None:
        """A frame is shown."""
        self._moment = state, step

    def point_at(self, place: Point | None) -> None:
        """What is under the pointer, in image pixels; None: it is elsewhere."""
        paint = self._desk.mask
        outside = place is None or paint is None or not paint.size.contains(place)
        self._place = None if outside else place

    def wanted(self) -> Sequence[Question]:
        """What the engine is to be asked."""
        if self._picked is not None:
            return [replace(self._picked[0], now=True)]
        question = self._question()
        known = self._part is not None and self._part[0] == question
        return [] if question is None or known else [question]

    def hear(self, question: Question, content: NDArray[np.generic] | None, error: str) -> None:
        """An answer of the engine's."""
        if not isinstance(question, PartMask):
            return
        if content is None:
            self._picked = None
            self._desk.say(error, "error")
            return
        self._part = replace(question, now=False), content.astype(np.float32, copy=False)
        self._take()

    def pick(self, *, movable: bool) -> None:
        """Take the part under the pointer, as soon as it is known."""
        question = self._question()
        if question is not None:
            self._picked = question, movable
            self._take()

    def _take(self) -> None:
        paint = self._desk.mask
        if self._picked is None or self._part is None or paint is None:
            return
        (question, movable), (known, part) = self._picked, self._part
        if question != known or part.shape != (paint.size.height, paint.size.width):
            return
        self._picked = None
        paint.add(part, movable=movable)
        self._desk.post_mask()

    def _question(self) -> PartMask | None:
        if self.tool != "part" or self._place is None:
            return None
        x, y = (round(value / GRID_PX) * GRID_PX for value in self._place)
        return PartMask(x, y, *self._moment)

    def _ask_file(self) -> None:
        self.asks_file = True
