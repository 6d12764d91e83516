"""Style mixing and kept edits as the person has them: two seeds, layers, sliders. No widget."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...engine.asking import Answer, Dragged, Question
from ...engine.blends import LARGEST_STRENGTH, LONGEST_NAME
from ...engine.edit import EditState
from ...engine.types import (
    AddDirection,
    Command,
    Direction,
    EndGesture,
    Mix,
    ModelInfo,
    RemoveDirection,
    SetMix,
    SetStrength,
)
from ...session.directions import (
    Kept,
    directions_folder,
    read_directions,
    remove_direction,
    write_direction,
)
from ...session.errors import SessionError
from ..picture.viewport import clamp

STRENGTH_STEP = 0.1
NOTHING_DRAGGED = 1e-5  # of w+: less is no edit

Post = Callable[[Command], None]
Say = Callable[[str, Literal["info", "error"]], None]


class Mixing:
    """Layers of another seed.

    Args:
        post: hands a command to the engine.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self.on = False
        self.mix = Mix(1, 0, 0)

    def adopt(self, model: ModelInfo) -> None:
        """Another model: its finer layers are what one mixes first, colours and coats."""
        self.on, self.mix = False, Mix(self.mix.seed, model.num_ws // 2, model.num_ws - 1)

    def follow(self, edit: EditState) -> None:
        """The edit is so."""
        self.on = edit.mix is not None
        self.mix = edit.mix or self.mix

    def toggle(self) -> None:
        """Mix, or do not."""
        self._set(self.mix, on=not self.on)

    def choose(self, seed: int) -> None:
        """Mix with that seed."""
        self._set(replace(self.mix, seed=seed), on=True)

    def choose_layers(self, *, first: int | None = None, last: int | None = None) -> None:
        """Which layers are the other seed's; one end pushes the other."""
        mix = self.mix
        if first is not None:
            mix = replace(mix, first_layer=first, last_layer=max(first, mix.last_layer))
        if last is not None:
            mix = replace(mix, first_layer=min(last, mix.first_layer), last_layer=last)
        self._set(mix, on=self.on)

    def _set(self, mix: Mix, *, on: bool) -> None:
        changes = on != self.on or (on and mix != self.mix)
        self.mix, self.on = mix, on
        if changes:
            self._post(SetMix(mix if on else None))


class Sliders:
    """Kept edits, and how much of each the picture has.

    Files are read and written on threads of their own.

    Args:
        post: hands a command to the engine.
        say: tells the person something.
        folder: of the files; None for the person's own.
    """

    def __init__(self, post: Post, say: Say, folder: Path | None = None) -> None:
        self._post, self._say = post, say
        self._folder = folder or directions_folder()
        self._news: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._model: ModelInfo | None = None
        self._known: list[Kept] = []
        self._strengths: dict[str, float] = {}
        self._question: Dragged | None = None
        self._asked = 0
        self._seed = 0
        self._deleted: set[str] = set()
        self.chosen: str | None = None

    @property
    def shown(self) -> list[Direction]:
        """Those that move this model, the oldest first."""
        if self._model is None:
            return []
        rows, numbers = self._model.num_ws, 4 * self._model.num_ws * self._model.w_dim
        return [
            kept.direction
            for kept in self._known
            if kept.model == self._model.name
            and (kept.direction.rows, len(kept.direction.content)) == (rows, numbers)
        ]

    def strength(self, direction: Direction) -> float:
        """How much of it the picture has."""
        return self._strengths.get(direction.id, 0.0)

    def adopt(self, model: ModelInfo) -> None:
        """Another model; its directions are read."""
        self._model, self._strengths = model, {}
        self._beside(self._read)

    def follow(self, edit: EditState) -> None:
        """The edit has these sliders; one that an undo brought back is shown again."""
        self._strengths = {s.direction.id: s.strength for s in edit.sliders}
        self._seed = edit.seed
        known = {kept.direction.id for kept in self._known}
        name = self._model.name if self._model else ""
        for slider in edit.sliders:
            if slider.direction.id not in known and slider.strength:
                self._known.append(Kept(slider.direction, name))
                if slider.direction.id in self._deleted:
                    self._deleted.remove(slider.direction.id)
                    self._write(self._known[-1])

    def refresh(self) -> None:
        """Hear what the threads have to tell."""
        while not self._news.empty():
            self._news.get()()

    # What the person does.

    def keep(self) -> None:
        """Make a slider of what was dragged: once the engine has told what that is."""
        self._asked += 1
        self._question = Dragged(self._asked)

    def wanted(self) -> list[Question]:
        """What the engine is to tell."""
        return [self._question] if self._question else []

    def hear(self, answer: Answer) -> None:
        """What was dragged: it becomes a slider at 1, and the picture stays."""
        if answer.question != self._question or self._model is None:
            return
        self._question = None
        if answer.content is None or np.abs(answer.content).max() < NOTHING_DRAGGED:
            self._say("Nothing was dragged that could be kept as a slider.", "error")
            return
        self._add(answer.content.astype(np.float32), self._model)

    def _add(self, offset: NDArray[np.float32], model: ModelInfo) -> None:
        direction = Direction.of(offset, self._free_name())
        self._known.append(Kept(direction, model.name))
        self._strengths[direction.id] = 1.0
        self.chosen = direction.id
        self._post(EndGesture())
        self._post(AddDirection(direction, 1.0, absorbs=True))
        self._post(EndGesture())
        self._write(self._known[-1])
        self._say(f"Kept the drag as “{direction.name}”. Try it on another seed.", "info")

    def set(self, direction: Direction, strength: float) -> None:
        """Move a slider."""
        strength = clamp(strength, -LARGEST_STRENGTH, LARGEST_STRENGTH)
        if direction.id in self._strengths:
            self._post(SetStrength(direction.id, strength))
        else:
            self._post(AddDirection(direction, strength))
        self._strengths[direction.id] = strength
        self.chosen = direction.id

    def nudge(self, by: float) -> None:
        """Move the chosen slider by keys."""
        direction = self._chosen()
        if direction is not None:
            self.set(direction, round(self.strength(direction) + by, 6))

    def choose(self, by: int) -> None:
        """Another slider, so many further down."""
        shown = [direction.id for direction in self.shown]
        if shown:
            at = shown.index(self.chosen) + by if self.chosen in shown else 0
            self.chosen = shown[at % len(shown)]

    def rename(self, direction: Direction, name: str) -> None:
        """Another name for it; of nothing but blanks, the old one stays."""
        name = " ".join(name.split())[:LONGEST_NAME]
        if not name or name == direction.name:
            return
        for index, kept in enumerate(self._known):
            if kept.direction.id == direction.id:
                self._known[index] = replace(kept, direction=replace(direction, name=name))
                self._write(self._known[index])

    def delete(self, direction: Direction) -> None:
        """Take a slider away, what it did, and its file. Undo brings back what it did, and it."""
        self._known = [kept for kept in self._known if kept.direction.id != direction.id]
        if self._strengths.pop(direction.id, None) is not None:
            self._post(RemoveDirection(direction.id))
        self.chosen = None if self.chosen == direction.id else self.chosen
        self._deleted.add(direction.id)
        self._beside(lambda: self._remove(direction))

    def delete_chosen(self) -> None:
        """By keys."""
        direction = self._chosen()
        if direction is not None:
            self.delete(direction)

    def _chosen(self) -> Direction | None:
        return next((d for d in self.shown if d.id == self.chosen), None)

    def _free_name(self) -> str:
        taken, number = {direction.name for direction in self.shown}, 1
        while (name := f"Edit {number}") in taken:
            number += 1
        return name

    # Files, on threads.

    def _read(self) -> None:
        found = read_directions(self._folder)

        def know() -> None:
            own = {kept.direction.id for kept in found}
            self._known = found + [k for k in self._known if k.direction.id not in own]

        self._news.put(know)

    def _write(self, kept: Kept) -> None:
        self._beside(lambda: write_direction(self._folder, kept))

    def _remove(self, direction: Direction) -> None:
        remove_direction(self._folder, direction.id)
        self._news.put(lambda: self._say(f"Deleted the slider “{direction.name}”.", "info"))

    def _beside(self, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            except SessionError as error:
                line = str(error)
                self._news.put(lambda: self._say(line, "error"))

        threading.Thread(target=run, name="draglive-directions", daemon=True).start()
