"""The native step along axes of w+ against its reference in float64."""

import pytest
import torch

from draglive.kernels.adam import adam_along_reference
from draglive.kernels.adam_native import adam_along_native


def state(rows, width):
    torch.manual_seed(3)
    value = torch.randn(1, rows, width)
    return [value, torch.randn_like(value), torch.zeros_like(value), torch.zeros_like(value)]


def settings(rows, width, live, common=0.0):
    held = torch.zeros(rows, 1)
    held[1:4] = 1
    mixing = torch.zeros(rows, rows)
    mixing[1:4, 1:4] = torch.randn(3, 3)
    rates = torch.tensor(0.02), held, torch.tensor(live)
    return [torch.zeros([]), *rates, mixing, torch.randn(width, width), 0.8, common]


@pytest.mark.parametrize("common", [0.0, 0.75])
@pytest.mark.parametrize("width", [64, 36], ids=["covered", "odd"])
def test_steps_are_the_references(width, common, level):
    del level  # the build under test
    ours, rest = state(6, width), settings(6, width, 1.0, common)
    theirs = [tensor.double() for tensor in ours]
    truth = [t.double() if isinstance(t, torch.Tensor) else t for t in rest]
    start = ours[0].clone()
    for _ in range(4):
        slope = torch.randn_like(start)
        ours[1], theirs[1] = slope, slope.double()
        adam_along_native(*ours, *rest)
        adam_along_reference(*theirs, *truth)
    for got, want in zip(
        [ours[0], *ours[2:], rest[0]], [theirs[0], *theirs[2:], truth[0]], strict=True
    ):
        torch.testing.assert_close(got.double(), want, rtol=1e-4, atol=1e-6)
    assert torch.equal(ours[0][:, [0, 4, 5]], start[:, [0, 4, 5]])


def test_a_step_that_is_not_live_changes_nothing(level):
    del level
    ours, rest = state(6, 64), settings(6, 64, 0.0)
    before = [tensor.clone() for tensor in (*ours, rest[0])]
    adam_along_native(*ours, *rest)
    assert all(torch.equal(a, b) for a, b in zip((*ours, rest[0]), before, strict=True))
