"""What this machine could do at best: the floor under a step's time.

The rates are measured in the same run as the step, because a shared machine's change by the hour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from draglive.app.engine.device import Device
from draglive.kernels.network import Network
from draglive.kernels.windows import WindowPlan

from .turns import time_ms

SIDE = 2048  # of the matrices multiplied
COPIED_BYTES = 1 << 28
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Best rates seen."""

    teraflops: float  # of a matrix product in the device's dtype
    gigabytes_per_s: float  # read and written by a copy

    def floor_ms(self, work: Work) -> float:
        """No step with this work can take less."""
        compute_ms = work.flops / self.teraflops / 1e9
        memory_ms = work.weight_bytes / self.gigabytes_per_s / 1e6
        return max(compute_ms, memory_ms)


@dataclass(frozen=True, slots=True)
class Work:
    """What a drag step must compute and move: convolutions, forward and to the data."""

    flops: float
    weight_bytes: float  # read, once each way
    map_bytes: float  # written and read, once each way; may stay in a cache

    def rates(self, step_ms: float) -> dict[str, float]:
        """Done in a second, by a step that takes so long."""
        moved = self.weight_bytes + self.map_bytes
        return {
            "teraflops": self.flops / step_ms / 1e9,
            "gigabytes_per_s": moved / step_ms / 1e6,
        }


def step_work(network: Network, plan: WindowPlan, bytes_per_value: int = 2) -> Work:
    """Count a step's convolutions.

    Args:
        network: the generator's constants.
        plan: what is computed of each map.
        bytes_per_value: of weights and maps; 2 for bfloat16 and float16.
    """
    flops = weights = maps = 0.0
    for layer, reads, makes in zip(network.layers, plan.reads, plan.makes, strict=False):
        part = reads if layer.up else makes  # a transposed convolution works for each sample read
        flops += 2.0 * layer.weight.numel() * plan.batch(part) * part.height * part.width
        weights += layer.weight.numel()
        maps += layer.weight.shape[0] * plan.batch(makes) * makes.height * makes.width
    return Work(2 * flops, 2 * weights * bytes_per_value, 4 * maps * bytes_per_value)


def measure_ceilings(device: Device) -> Ceilings:
    """Multiply large matrices and copy large blocks; the best of some rounds each."""
    left = torch.randn(SIDE, SIDE, device=device.on).to(device.dtype)
    block = torch.zeros(COPIED_BYTES, dtype=torch.uint8, device=device.on)
    target = torch.empty_like(block)
    product_ms = _best_ms(device, lambda: left @ left)
    copy_ms = _best_ms(device, lambda: target.copy_(block))
    return Ceilings(2.0 * SIDE**3 / product_ms / 1e9, 2.0 * COPIED_BYTES / copy_ms / 1e6)


def _best_ms(device: Device, call: Callable[[], object]) -> float:
    return min(time_ms(device, call) for _ in range(ROUNDS))
