"""What stands beside the edit: its timeline, comparisons, other seeds, mixing, kept sliders.

Holds their state and the keys' actions, asks the engine for the pictures that are missing, and says
what is shown in the picture's place. No widget. GUI thread only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ...engine.asking import Answer, FeaturePicture, Print, Question, SeedPicture, StatePicture
from ...engine.types import Command, EngineClient, Frame, ModelInfo, Ready
from ..picture.compare import SPLIT_STEP, Compare, Picture, compose
from ..picture.input import Action
from ..picture.region import Region
from ..preferences import Memory
from ..wishes import Wishes
from .gallery import THUMB_PX, Gallery
from .mixing import STRENGTH_STEP, Mixing, Sliders
from .prints import Prints
from .scrubbing import Timeline
from .timeline import beginning

FEATURES_EVERY_S = 0.2
PSI_STEP = 0.05
MOST_SEEDS = 200  # whose last thumbnails are remembered


class Chooser(Protocol):
    """What is needed of the desk."""

    seed: int
    psi: float
    class_index: int | None

    @property
    def region(self) -> Region:
        """The mask's tools."""

    @property
    def memory(self) -> Memory:
        """What is remembered between runs."""

    def post(self, command: Command) -> None:
        """Hand a command to the engine."""

    def say(self, text: str, tone: Literal["info", "error"] = "info") -> None:
        """Tell the person something."""

    def choose_psi(self, psi: float) -> None:
        """Truncation."""

    def step_class(self, by: int) -> None:
        """Another class."""

    def clear_mask(self) -> None:
        """Let everything move again."""


class Beside:
    """All of it.

    Args:
        engine: is asked.
        desk: what the keys' actions change.
        directions: folder of kept sliders; None for the person's own.
    """

    def __init__(self, engine: EngineClient, desk: Chooser, directions: Path | None = None) -> None:
        self._desk = desk
        self._wishes = Wishes(engine)
        self.timeline = Timeline(self._wishes, desk.post)
        self.compare = Compare()
        self.gallery = Gallery()
        self.mixing = Mixing(desk.post)
        self.sliders = Sliders(desk.post, desk.say, directions)
        self.prints = Prints(desk.say)
        self.renaming = False  # the person wants to type a slider's name
        self._seed = -1
        self._seeds: dict[tuple[int, int | None], NDArray[np.generic]] = {}
        self._frame = (0, -1)  # the newest frame's state, and its number
        self._features: FeaturePicture | None = None  # the newest that is known
        self._features_asked = FeaturePicture(-1)
        self._asked_s = 0.0
        self._news = 0

    @property
    def actions(self) -> Mapping[Action, Callable[[], None]]:
        """What the keys do."""
        timeline, sliders, toggle = self.timeline, self.sliders, self.compare.toggle
        return {
            "original": lambda: None,  # held, not pressed: see `hold`
            "split": partial(toggle, "split"),
            "difference": partial(toggle, "difference"),
            "features": partial(toggle, "features"),
            "split_left": partial(self._move_split, -SPLIT_STEP),
            "split_right": partial(self._move_split, SPLIT_STEP),
            "gallery": lambda: self.gallery.toggle(self._desk.seed),
            "page_back": partial(self.gallery.turn, -1),
            "page_on": partial(self.gallery.turn, 1),
            "mix": self.mixing.toggle,
            "psi_down": partial(self._move_psi, -PSI_STEP),
            "psi_up": partial(self._move_psi, PSI_STEP),
            "class_before": partial(self._desk.step_class, -1),
            "class_after": partial(self._desk.step_class, 1),
            "keep_slider": sliders.keep,
            "slider_before": partial(sliders.choose, -1),
            "slider_after": partial(sliders.choose, 1),
            "weaker": partial(sliders.nudge, -STRENGTH_STEP),
            "stronger": partial(sliders.nudge, STRENGTH_STEP),
            "rename_slider": self._rename,
            "delete_slider": sliders.delete_chosen,
            "earlier": partial(timeline.step, -1),
            "later": partial(timeline.step, 1),
            "branch_before": partial(timeline.switch, -1),
            "branch_after": partial(timeline.switch, 1),
            "first_state": partial(timeline.jump, last=False),
            "last_state": partial(timeline.jump, last=True),
            "reset_mask": self._desk.clear_mask,
            "keep_picture": self._keep_picture,
        }

    def adopt(self, model: ModelInfo) -> None:
        """Another model: nothing that was known holds any more."""
        self._wishes.forget()
        self._features = None
        self._seeds = {}
        self.prints.forget()
        self.timeline.forget()
        self.mixing.adopt(model)
        self.sliders.adopt(model)

    def follow(self, status: Ready, *, known: bool) -> None:
        """The engine's status; `known` says that it knows all commands."""
        if status.history is None:
            return
        self.timeline.follow(status.history, status.moments)
        if known:
            self.mixing.follow(status.history.edit)
            self.sliders.follow(status.history.edit)

    def saw(self, frame: Frame) -> None:
        """A frame is shown."""
        self._frame = frame.state, frame.sequence
        self.timeline.saw(frame)

    def hold(self, down: bool) -> None:
        """The key (or button) for the original is down, or is not."""
        self.compare.holding = down

    def turn(self) -> bool:
        """Hear the answers, ask for what is missing; whether there was news."""
        answers = self._wishes.take()
        for answer in answers:
            self._hear(answer)
        self.sliders.refresh()
        self.prints.refresh()
        if self._desk.seed != self._seed:
            self._seed = self._desk.seed
            self.gallery.show(self._seed)
            self._seeds = dict(list(self._seeds.items())[-MOST_SEEDS:])
        self._wishes.ask(self._wanted())
        self._news += bool(answers)
        return bool(answers)

    def _hear(self, answer: Answer) -> None:
        self.sliders.hear(answer)
        self.prints.hear(answer)
        match answer.question:
            case Print():
                self._wishes.forget(answer.question)  # it is written, and wanted no more
            case FeaturePicture():
                if self._features is not None:
                    self._wishes.forget(self._features)
                self._features = answer.question
            case SeedPicture(seed=seed, class_index=index) if answer.content is not None:
                self._seeds[seed, index] = answer.content

    def seed_picture(self, seed: int) -> NDArray[np.generic] | None:
        """A thumbnail for the gallery: while truncation moves, the last that was drawn."""
        picture = self._wishes.get(self._seed_question(seed))
        return self._seeds.get((seed, self._desk.class_index)) if picture is None else picture

    @property
    def look(self) -> object:
        """Changes whenever `picture` would show something else for the same frame."""
        compare, scrub = self.compare, self.timeline.scrub
        return self._news, compare.mode, compare.split, compare.holding, scrub

    @property
    def hides_points(self) -> bool:
        """Whether another picture stands there than the one that the points are on."""
        return self.compare.holding or self.timeline.picture() is not None

    def picture(self, now: Picture) -> Picture:
        """What is shown for a frame's picture."""
        past = self.timeline.picture()
        if past is not None and past.shape == now.shape:
            now = past
        compare = self.compare
        original = self._original() if compare.needs_original else None
        features = None
        if compare.mode == "features" and self._features is not None:
            features = self._wishes.get(self._features)
        return compose(now, compare, _bytes(original), _bytes(features))

    def _wanted(self) -> list[Question]:
        wanted = [*self._part_wanted(), *self.sliders.wanted(), *self.prints.wanted()]
        if (begun := self._original_question()) is not None and self.compare.needs_original:
            wanted.append(begun)
        if self.compare.mode == "features":
            wanted += self._features_wanted()
        wanted += self.timeline.wanted()
        if self.gallery.shown:
            wanted += map(self._seed_question, self.gallery.seeds)
        return wanted

    def _part_wanted(self) -> list[Question]:
        """The part under the pointer, unless it was asked before."""
        region = self._desk.region
        unknown: list[Question] = []
        for question in region.wanted():
            part = self._wishes.get(question)
            if part is None:
                unknown.append(question)
            else:
                region.hear(question, part, "")
        return unknown

    def _features_wanted(self) -> list[Question]:
        """The features of the newest frame, not more often than one can see."""
        newest = FeaturePicture(self._frame[1])
        if newest != self._features and time.perf_counter() - self._asked_s > FEATURES_EVERY_S:
            self._asked_s = time.perf_counter()
            self._features_asked = newest
        return [self._features_asked]

    def _original_question(self) -> StatePicture | None:
        history = self.timeline.history
        return StatePicture(beginning(history), 0) if history else None

    def _original(self) -> NDArray[np.generic] | None:
        question = self._original_question()
        return self._wishes.get(question) if question else None

    def _seed_question(self, seed: int) -> SeedPicture:
        return SeedPicture(seed, self._desk.psi, self._desk.class_index, THUMB_PX)

    def _move_split(self, by: float) -> None:
        self.compare.move_split(self.compare.split + by)

    def _move_psi(self, by: float) -> None:
        self._desk.choose_psi(max(-2.0, min(round(self._desk.psi + by, 6), 2.0)))

    def _keep_picture(self) -> None:
        self.prints.keep(self._desk.seed, self._desk.memory.now.picture)

    def _rename(self) -> None:
        self.renaming = True


def _bytes(picture: NDArray[np.generic] | None) -> Picture | None:
    return None if picture is None else picture.astype(np.uint8, copy=False)
