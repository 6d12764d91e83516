"""What the window wants to know beside the edit, and what it was told (`engine.asking`).

Every part of the window says anew, each frame, what it would show if it could; the engine is asked
for what is still missing, and forgets the rest. GUI thread only; no Dear PyGui.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..engine.asking import Answer, Question
from ..engine.types import EngineClient

MOST_BYTES = 96 << 20  # of answers that are remembered


class Wishes:
    """Questions and answers.

    Args:
        engine: is asked.
    """

    def __init__(self, engine: EngineClient) -> None:
        self._engine = engine
        self._known: OrderedDict[Question, Answer] = OrderedDict()
        self._asked: tuple[Question, ...] = ()
        self._bytes = 0

    def take(self) -> Sequence[Answer]:
        """What was answered since the last call."""
        answers = self._engine.answers()
        for answer in answers:
            self.learn(answer)
        return answers

    def learn(self, answer: Answer) -> None:
        """Remember an answer, and forget the ones that were not needed for longest."""
        self._drop(answer.question)
        self._known[answer.question] = answer
        self._bytes += _size(answer)
        while self._bytes > MOST_BYTES:
            self._drop(next(iter(self._known)))

    def get(self, question: Question) -> NDArray[np.generic] | None:
        """An answer's content, None while there is none."""
        answer = self._known.get(question)
        if answer is None:
            return None
        self._known.move_to_end(question)
        return answer.content

    def ask(self, questions: Sequence[Question]) -> None:
        """Want these, in this order."""
        wanted = tuple(dict.fromkeys(q for q in questions if q not in self._known))
        if wanted != self._asked:
            self._asked = wanted
            self._engine.ask(wanted)

    def forget(self, question: Question | None = None) -> None:
        """An answer is not true any more; None: none is, the model is another."""
        if question is not None:
            self._drop(question)
            return
        self._known.clear()
        self._asked, self._bytes = (), 0

    def _drop(self, question: Question) -> None:
        answer = self._known.pop(question, None)
        if answer is not None:
            self._bytes -= _size(answer)


def _size(answer: Answer) -> int:
    return 0 if answer.content is None else answer.content.nbytes
