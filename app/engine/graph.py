"""A drag step as CUDA graphs: one launch, or two, in place of hundreds.

The step's tensors stay where they are (targets, step size, mask and points are data), so a graph
serves until shapes or settings change. It is captured after a few plain steps, by which time every
kernel is compiled; plain steps serve until then.

Where the runner has a whole step of its own (`runners.WholeStep`), that is captured. Else a step
goes back from what was seen, moves w+, and sees anew; autograd's buffers belong to the forward pass
that made them, so the seeing is captured first and the going back after it, against the buffers of
that pass.

Where a capture fails (no memory left, a driver that refuses) the plain work goes on, and
`take_trouble` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import torch
from torch import Tensor

from draglive.stylegan2_jit.compile import in_a_line

from .runners import Seen, WholeStep

T = TypeVar("T")

OTHERS_MAY_WORK = "thread_local"  # a back-end may be built on another thread during a capture
PLAIN_STEPS = 3  # before a capture: kernels are compiled and tuned, the allocator is warm


class Capturing:
    """Something that may be captured; where that fails, it says why: once."""

    def __init__(self) -> None:
        self._trouble: str | None = None

    def take_trouble(self) -> str | None:
        """Why there is no graph, if nobody has heard it yet."""
        trouble, self._trouble = self._trouble, None
        return trouble

    def _try(self, capture: Callable[[], None], what: str) -> None:
        """Capture; where that fails, remember to say so."""
        try:
            capture()
        except RuntimeError as error:
            self._trouble = f"{what} are not captured in a graph: {in_a_line(error)}"


class Replayed(Capturing, Generic[T]):
    """Work on tensors that stay where they are, one graph after a few plain runs.

    Args:
        work: its result, if it has one, is overwritten by later runs.
        what: is made, for a person.
    """

    def __init__(self, work: Callable[[], T], what: str) -> None:
        super().__init__()
        self._work, self._what = work, what
        self._key: Hashable = None
        self._plain_runs = 0
        self._captured: tuple[torch.cuda.CUDAGraph, T] | None = None

    def run(self, key: Hashable = None) -> T:
        """Do the work.

        Args:
            key: changes whenever the work's shapes, settings or tensors do.
        """
        if key != self._key:
            self._key, self._plain_runs, self._captured = key, 0, None
        if self._plain_runs == PLAIN_STEPS:
            self._try(self._capture, self._what)
        self._plain_runs += 1
        if self._captured is None:
            return self._work()
        graph, result = self._captured
        graph.replay()
        return result

    def _capture(self) -> None:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode=OTHERS_MAY_WORK):
            result = self._work()
        self._captured = graph, result


class StepGraph(Capturing):
    """The captured step, if there is one yet.

    Args:
        move: goes back from what was seen, and moves w+.
        see: what is seen at the present w+, where the handles' patches are then.
        run: what is seen at the present w+, handles as they are.
        whole: the runner's whole step, if it has one.
    """

    def __init__(
        self,
        move: Callable[[Seen], None],
        see: Callable[[], Seen],
        run: Callable[[], Seen],
        whole: Callable[[Seen], WholeStep | None],
    ) -> None:
        super().__init__()
        self._move, self._see, self._run, self._make_whole = move, see, run, whole
        self._key: Hashable = None
        self._whole: tuple[WholeStep, Replayed[None]] | None = None
        self._plain_steps = 0
        self._graphs: list[torch.cuda.CUDAGraph] = []
        self._seen: Seen | None = None  # by the last step

    def step(self, seen: Seen, key: Hashable) -> Seen:
        """One step.

        Args:
            seen: the features at the present w+.
            key: changes whenever shapes or settings do.
        """
        if key != self._key:
            if self._graphs and self._whole is None and seen is self._seen:
                seen = self._run()  # only the graph could go back from that one
            self._plain_steps, self._graphs, self._seen = 0, [], None
            self._key, whole = key, self._make_whole(seen)
            self._whole = None if whole is None else (whole, Replayed(whole.step, "steps"))
        if self._whole is not None:
            return self._step_whole(*self._whole, seen)
        return self._step_apart(seen)

    def _step_whole(self, whole: WholeStep, steps: Replayed[None], seen: Seen) -> Seen:
        if seen is not self._seen:
            whole.look()
        steps.run()
        self._trouble = steps.take_trouble() or self._trouble
        if self._seen is None or seen is not self._seen:
            self._seen = whole.seen()
        return self._seen

    def _step_apart(self, seen: Seen) -> Seen:
        if self._graphs and seen is not self._seen:  # by another pass: its buffers are others
            self._graphs, self._plain_steps = [], 0
        if not self._graphs and self._plain_steps == PLAIN_STEPS:
            self._try(self._capture_apart, "steps")
        if not self._graphs:
            self._plain_steps += 1
            self._move(seen)
            return self._see()
        for graph in self._graphs:
            graph.replay()
        assert self._seen is not None
        return self._seen

    def _capture_apart(self) -> None:
        """Capture seeing, see once in place of what was seen, then capture going back from it."""
        see, move = torch.cuda.CUDAGraph(), torch.cuda.CUDAGraph()
        with torch.cuda.graph(see, capture_error_mode=OTHERS_MAY_WORK):
            seen = self._see()
        see.replay()
        with torch.cuda.graph(move, pool=see.pool(), capture_error_mode=OTHERS_MAY_WORK):
            self._move(seen)
        self._graphs, self._seen = [move, see], seen


class GraphedPicture:
    """Rendering as one graph; its output is overwritten by the next picture.

    Args:
        fold: takes the vectors that stay.
        render: from w+ to pixels, with the same buffers every time.
    """

    previews = 0

    def __init__(self, fold: Callable[[Tensor], None], render: Callable[[Tensor], Tensor]) -> None:
        self.fold = fold
        self._ws = torch.empty(0)
        self._replayed = Replayed(lambda: render(self._ws), "pictures")
        self._made = torch.cuda.Event() if torch.cuda.is_available() else None

    def render(self, ws: Tensor, coarser: int = 0) -> Tensor:
        """From ws, float32 [num_ws, w_dim], to uint8 [H, W, 4], on the current stream."""
        if self._made is None:
            return self._next(ws)
        self._made.wait()  # the one before may be on another
        rgba = self._next(ws)
        self._made.record()
        return rgba

    def _next(self, ws: Tensor) -> Tensor:
        if self._ws.shape != ws.shape:
            self._ws = torch.empty_like(ws)
        self._ws.copy_(ws)
        return self._replayed.run()

    def take_trouble(self) -> str | None:
        """See `Capturing`."""
        return self._replayed.take_trouble()
