"""The processes of one run, one to a card (`torchrun`): they share gradients and the clock.

Each draws its own batches; gradients are averaged before every improvement, so that all hold the
same weights. Alone, everything here does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor


class Company:
    """The processes that `torchrun` started, or this one alone.

    Args:
        device: of this process, 'cuda' or 'cpu'.
    """

    def __init__(self, device: str) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.device = device
        self._clock: dist.ProcessGroup | None = None
        if self.size == 1:
            return
        if device == "cuda":
            self.device = f"cuda:{os.environ['LOCAL_RANK']}"
            torch.cuda.set_device(self.device)
        if not dist.is_initialized():
            dist.init_process_group("nccl" if device == "cuda" else "gloo")
        self._clock = dist.new_group(backend="gloo")  # numbers of the host

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def average(self, parameters: Iterable[Tensor]) -> None:
        """Average the gradients of all processes, in one message."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients])
        dist.all_reduce(flat)
        parts = (flat / self.size).split([g.numel() for g in gradients])
        torch._foreach_copy_(
            gradients, [p.view_as(g) for p, g in zip(parts, gradients, strict=True)]
        )

    def agree(self, number: float) -> float:
        """The first process's number."""
        if self.size == 1:
            return number
        shared = torch.tensor([number], dtype=torch.float64)
        dist.broadcast(shared, 0, group=self._clock)
        return float(shared)

    def same_weights(self, modules: Iterable[torch.nn.Module]) -> None:
        """Take the first process's weights."""
        if self.size > 1:
            for module in modules:
                for tensor in module.state_dict().values():
                    dist.broadcast(tensor, 0)
