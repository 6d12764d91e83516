"""Models loaded beside the one in use: on a thread of their own, until ready or given up.

The newest request wins. A request that was taken back still ends its reading first where that
cannot be interrupted; nobody waits for it, and what it read is let go.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from .opening import Opening, OpenModel, Tell
from .types import Failed

Model = TypeVar("Model")


class TakenBackError(Exception):
    """Another request came, or the person cancelled: this loading ends."""


class Opener(Generic[Model]):
    """Loads one model at a time; its methods may be called from any thread.

    Args:
        load: loads what is asked for; told of progress by the second argument, which raises
            `TakenBackError` once nobody wants the model any more.
        close: frees a model that nobody wants any more.
        wake: called when there is news.
        explain: an error in a line.
    """

    def __init__(
        self,
        load: Callable[[OpenModel, Tell], Model],
        close: Callable[[Model], None],
        wake: Callable[[], None],
        explain: Callable[[Exception], str],
    ) -> None:
        self._load, self._close, self._wake, self._explain = load, close, wake, explain
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # two models beside the one in use would be one too many
        self._wanted: OpenModel | None = None  # by identity: the same may be asked for twice
        self._opening: Opening | None = None
        self._ready: Model | None = None

    @property
    def opening(self) -> Opening | None:
        """The model on its way, or the last failure; None when there is neither."""
        return self._opening

    def open(self, request: OpenModel) -> None:
        """Load a model in place of whatever is being loaded."""
        request = replace(request)
        stale = self._begin(request, Opening(request, "waiting for its turn"))
        self._drop(stale)
        loading = threading.Thread(
            target=self._run, args=[request], name="draglive-opener", daemon=True
        )
        loading.start()

    def cancel(self) -> None:
        """Give up what is being loaded, and forget the last failure."""
        self._drop(self._begin(None, None))

    def take(self) -> Model | None:
        """The loaded model, once."""
        with self._lock:
            model, self._ready = self._ready, None
            if model is not None:
                self._wanted, self._opening = None, None
            return model

    def _begin(self, wanted: OpenModel | None, opening: Opening | None) -> Model | None:
        """What was ready and is not wanted any more."""
        with self._lock:
            self._wanted, self._opening = wanted, opening
            stale, self._ready = self._ready, None
            return stale

    def _run(self, request: OpenModel) -> None:
        def tell(what: str, share: float | None) -> None:
            if not self._note(request, Opening(request, what, share)):
                raise TakenBackError

        with self._turn:
            try:
                tell("reading the model", None)
                model = self._load(request, tell)
            except TakenBackError:
                return
            except Exception as error:  # whatever it is, the person must see it
                failure = Failed(self._explain(error), traceback.format_exc())
                self._note(request, Opening(request, failure.error, failure=failure))
            else:
                self._drop(model if not self._hand_over(request, model) else None)
        self._wake()

    def _note(self, request: OpenModel, opening: Opening) -> bool:
        """Publish how far a request is; False when it is not wanted any more."""
        with self._lock:
            wanted = self._wanted is request
            if wanted:
                self._opening = opening
            return wanted

    def _hand_over(self, request: OpenModel, model: Model) -> bool:
        with self._lock:
            wanted = self._wanted is request
            if wanted:
                self._ready = model
            return wanted

    def _drop(self, model: Model | None) -> None:
        if model is not None:
            self._close(model)
