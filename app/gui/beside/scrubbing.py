"""The edit's timeline as the person has it in hand: scrubbed, let go, branches chosen. No widget.

While it is scrubbed nothing is changed: pictures of the past are asked for and shown in the
picture's place. Letting go is a command like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ...engine.asking import Answer, Question, StatePicture
from ...engine.history import History
from ...engine.types import Command, Frame, GoTo
from ..wishes import Wishes
from .timeline import Line, Place, Scrub

THUMB_PX = 64  # thumbnails are asked for at this height, whatever the scale


class Timeline:
    """Where the strip is.

    Args:
        wishes: pictures are asked for here.
        post: hands a command to the engine.
    """

    def __init__(self, wishes: Wishes, post: Callable[[Command], None]) -> None:
        self._wishes, self._post = wishes, post
        self.history: History | None = None
        self.line = Line()
        self.scrub: Scrub | None = None
        self.by_keys = False  # it ends when Ctrl is let go
        self.shown: tuple[Place, ...] = ()  # whose thumbnails the strip has room for
        self._moments: Sequence[tuple[int, int]] = ()
        self._seen: NDArray[np.uint8] | None = None  # the last picture of the past

    def follow(self, history: History, moments: Sequence[tuple[int, int]]) -> None:
        """The engine's states are these now."""
        before = self.history
        if history is before and moments == self._moments:
            return
        if before is not None and history.current != before.current:
            self._wishes.forget(StatePicture(before.current, 0))  # it may have changed since
        self.history, self._moments = history, moments
        if self.scrub is None:
            self.line = Line.of(history, moments)

    def forget(self) -> None:
        """Another model."""
        self.history, self.line, self.scrub = None, Line(), None

    def saw(self, frame: Frame) -> None:
        """A frame is the newest picture of its state."""
        height, width = frame.rgba.shape[:2]
        size = max(round(width * THUMB_PX / height), 1), THUMB_PX
        small = cv2.resize(frame.rgba, size, interpolation=cv2.INTER_AREA)
        self._wishes.learn(Answer(StatePicture(frame.state, THUMB_PX), small))

    def thumbnail(self, place: Place) -> NDArray[np.generic] | None:
        """A place's, as soon as there is one."""
        return self._wishes.get(StatePicture(place.state, THUMB_PX, place.step))

    # The strip in the hand.

    def take(self, index: int) -> None:
        """Scrub, from there on."""
        if self.history is not None:
            self.scrub = Scrub(self.line, self.line.current).moved(index)
            self._seen, self.by_keys = None, False

    def move(self, index: int) -> None:
        """Scrub to there."""
        if self.scrub is not None:
            self.scrub = self.scrub.moved(index)

    def step(self, by: int) -> None:
        """By keys: so many places on, until Ctrl is let go."""
        if self.scrub is None:
            self.take(self.line.current)
            self.by_keys = True
        if self.scrub is not None:
            self.move(self.scrub.index + by)

    def let_go(self) -> None:
        """Be there."""
        scrub, self.scrub = self.scrub, None
        command = scrub.command() if scrub else None
        if command is not None:
            self._post(command)
        self._catch_up()

    def cancel(self) -> None:
        """Be where one was."""
        self.scrub = None
        self._catch_up()

    def jump(self, *, last: bool) -> None:
        """To the line's beginning, or its end."""
        if self.line.places:
            self.take(len(self.line.places) - 1 if last else 0)
            self.let_go()

    def switch(self, by: int, index: int | None = None) -> None:
        """Take another branch of the nearest fork at or before a place, the present one if None."""
        found = self.line.fork_before(self.line.current if index is None else index)
        if found is None and index is None and self.line.forks:
            found = self.line.forks[0]
        if found is not None:
            _, fork = found
            self._post(GoTo(fork.children[(fork.taken + by) % len(fork.children)]))

    def _catch_up(self) -> None:
        self._seen = None
        if self.history is not None:
            self.line = Line.of(self.history, self._moments)

    # Pictures.

    @property
    def _is_elsewhere(self) -> bool:
        return self.scrub is not None and self.scrub.index != self.scrub.line.current

    def wanted(self) -> list[Question]:
        """The picture under the hand first, then thumbnails."""
        wanted: list[Question] = []
        if self.scrub is not None and self._is_elsewhere:
            place = self.scrub.place
            wanted.append(StatePicture(place.state, 0, place.step))
        wanted += [StatePicture(place.state, THUMB_PX, place.step) for place in self.shown]
        return wanted

    def picture(self) -> NDArray[np.uint8] | None:
        """What stands in the picture's place; None for the picture itself."""
        if self.scrub is None or not self._is_elsewhere:
            return None
        place = self.scrub.place
        whole = self._wishes.get(StatePicture(place.state, 0, place.step))
        if whole is not None:
            self._seen = whole.astype(np.uint8, copy=False)
        return self._seen
