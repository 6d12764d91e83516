"""What a window may ask beside the edit: pictures of seeds and states, features, what was dragged.

Answers change nothing. The engine gives them while nothing is on its way, so that they slow no
drag; what somebody waits for it tells at once. No torch.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .log import Origin


@dataclass(frozen=True, slots=True)
class SeedPicture:
    """A seed's picture, at least so high, the whole of it if that is 0: uint8 [h, w, 4]."""

    seed: int
    psi: float
    class_index: int | None
    height: int


@dataclass(frozen=True, slots=True)
class StatePicture:
    """The picture of a state as it was left, or is, or of a moment within it: as `SeedPicture`.

    A whole one is answered at once: somebody is looking at it.
    """

    state: int
    height: int
    step: int | None = None  # of a moment within it


@dataclass(frozen=True, slots=True)
class FeaturePicture:
    """The features that are tracked, three main directions of them as colours: uint8 [h, w, 4].

    `moment` makes it another question when it is to be answered anew.
    """

    moment: int


@dataclass(frozen=True, slots=True)
class Dragged:
    """What was dragged since the picture began, float32 [num_ws, w_dim]."""

    moment: int


@dataclass(frozen=True, slots=True)
class PartMask:
    """The part of the present picture that is at a place: float32 [H, W], 1 = it, soft edges.

    State and step are those of the picture, which make it another question when that is another.
    With `now` somebody waits for it: it is answered between two steps, and costs one of them.
    """

    x: float  # image pixels
    y: float
    state: int
    step: int
    now: bool = False


@dataclass(frozen=True, slots=True)
class Print:
    """The picture as it is now, uint8 [H, W, 4], with what makes it again (`Answer.made`)."""

    moment: int


Question: TypeAlias = SeedPicture | StatePicture | FeaturePicture | Dragged | PartMask | Print


@dataclass(frozen=True, slots=True)
class Made:
    """How a picture was made.

    Attributes:
        origin: where an edit of it would begin.
        tensors: `snapshot.pack` of its w+.
    """

    origin: Origin
    tensors: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The answer to a question; without content, why there is none."""

    question: Question
    content: NDArray[np.generic] | None
    error: str = ""
    made: Made | None = None


def _is_urgent(question: Question) -> bool:
    match question:
        case Dragged() | Print() | StatePicture(height=0) | PartMask(now=True):
            return True
        case _:
            return False


class Inquiry:
    """Questions on their way to the engine, and answers on theirs back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._questions: tuple[Question, ...] = ()
        self._answers: list[Answer] = []

    def ask(self, questions: Sequence[Question]) -> None:
        """Ask these, and nothing that was asked before."""
        with self._lock:
            self._questions = tuple(questions)

    @property
    def pending(self) -> bool:
        """Whether something is asked."""
        return bool(self._questions)

    def next(self, *, busy: bool) -> Question | None:
        """The question to answer now: while the engine is busy, only what somebody waits for."""
        with self._lock:
            for question in self._questions:
                if not busy or _is_urgent(question):
                    self._questions = tuple(q for q in self._questions if q != question)
                    return question
        return None

    def tell(self, answer: Answer) -> None:
        """Hand an answer back."""
        with self._lock:
            self._answers.append(answer)

    def take(self) -> Sequence[Answer]:
        """The answers since the last call."""
        with self._lock:
            answers, self._answers = self._answers, []
        return answers

    def forget(self) -> None:
        """Another model: questions and answers were about the old one."""
        with self._lock:
            self._questions, self._answers = (), []
