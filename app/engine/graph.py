"""A drag step as CUDA graphs: one launch, or two, in place of hundreds.

The step's tensors stay where they are (targets, step size, mask and points are data), so a graph
serves until shapes or settings change. It is captured after a few plain steps, by which time every
kernel is compiled; plain steps serve until then.

A step goes back from what was seen, moves w+, and sees anew. Where the runner keeps one set of
buffers, that is one graph. Autograd's buffers belong to the forward pass that made them: there the
seeing is captured first and the going back after it, against the buffers of that pass.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

import torch
from torch import Tensor

from .fused import PictureSynthesis
from .runners import Seen

PLAIN_STEPS = 3  # before a capture: kernels are compiled and tuned, the allocator is warm


class StepGraph:
    """The captured step, if there is one yet.

    Args:
        move: goes back from what was seen, and moves w+.
        see: what is seen at the present w+.
    """

    def __init__(self, move: Callable[[Seen], None], see: Callable[[], Seen]) -> None:
        self._move, self._see = move, see
        self._key: Hashable = None
        self._steady = 0
        self._graphs: list[torch.cuda.CUDAGraph] = []
        self._seen: Seen | None = None

    def step(self, seen: Seen, key: Hashable, *, one_set: bool) -> Seen:
        """One step.

        Args:
            seen: the features at the present w+.
            key: changes whenever shapes or settings do.
            one_set: the runner sees with the same buffers every time.
        """
        if key != self._key or not self._continues(seen):
            self._key, self._steady, self._graphs, self._seen = key, 0, [], None
        if self._seen is None:
            self._steady += 1
            if self._steady <= PLAIN_STEPS:
                self._move(seen)
                return self._see()
            self._seen = self._capture(seen) if one_set else self._capture_apart(seen)
        for graph in self._graphs:
            graph.replay()
        return self._seen

    def _continues(self, seen: Seen) -> bool:
        """Whether the graph reads what was seen: by its address, not its value."""
        return self._seen is None or seen.features.data_ptr() == self._seen.features.data_ptr()

    def _capture(self, seen: Seen) -> Seen:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._move(seen)
            seen = self._see()
        self._graphs = [graph]
        return seen

    def _capture_apart(self, seen: Seen) -> Seen:
        """Capture seeing, run it once in place of `seen`, then capture going back from it."""
        see, move = torch.cuda.CUDAGraph(), torch.cuda.CUDAGraph()
        with torch.cuda.graph(see):
            seen = self._see()
        see.replay()
        with torch.cuda.graph(move, pool=see.pool()):
            self._move(seen)
        self._graphs = [move, see]
        return seen


class GraphedPicture:
    """Rendering as one graph; its output is overwritten by the next picture.

    Args:
        picture: renders, with the same buffers every time.
        like: float32 [num_ws, w_dim], for shape and device.
    """

    def __init__(self, picture: PictureSynthesis, like: Tensor) -> None:
        self._picture = picture
        self._ws = torch.empty_like(like)
        self._steady = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._rgba: Tensor | None = None

    def render(self, ws: Tensor) -> Tensor:
        """From ws, float32 [num_ws, w_dim], to uint8 [H, W, 4]."""
        self._ws.copy_(ws)
        if self._graph is None:
            self._steady += 1
            if self._steady <= PLAIN_STEPS:
                return self._picture.render(self._ws)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self._rgba = self._picture.render(self._ws)
            self._graph = graph
        self._graph.replay()
        assert self._rgba is not None
        return self._rgba
