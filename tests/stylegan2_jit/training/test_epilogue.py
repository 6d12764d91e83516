"""What follows a convolution: the card's kernel does what plain torch does."""

import pytest
import torch

from draglive.stylegan2_jit.training.epilogue import epilogue, plain


def given(move, *, scaled, biased, after):
    torch.manual_seed(0)
    n, height, width, channels = 2, 4, 6, 8
    x = torch.randn(n, height, width, channels * (4 if move == "up" else 1), requires_grad=True)
    vectors = (
        torch.rand(n, channels).requires_grad_() if scaled else None,
        torch.randn(channels).requires_grad_() if biased else None,
        torch.randn(n, channels).requires_grad_() if after else None,
    )
    return x, vectors


@pytest.mark.parametrize("move", ["stay", "up", "down"])
@pytest.mark.parametrize(
    ("scaled", "biased", "after", "active"),
    [(True, True, True, True), (False, True, False, True), (True, False, False, False)],
)
def test_the_kernel_and_plain_torch_agree(move, scaled, biased, after, active):
    """On a machine without a card under Triton's interpreter."""
    triton = pytest.importorskip("draglive.stylegan2_jit.training.epilogue_triton")
    x, vectors = given(move, scaled=scaled, biased=biased, after=after)
    inputs = [t for t in (x, *vectors) if t is not None]
    wanted, made = plain(x, *vectors, active, move), triton.fused(x, *vectors, active, move)
    torch.testing.assert_close(made, wanted)
    gradient = torch.randn_like(wanted)
    for ours, theirs in zip(
        torch.autograd.grad(made, inputs, gradient),
        torch.autograd.grad(wanted, inputs, gradient),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_up_spreads_what_down_gathers():
    x = torch.randn(2, 4, 4, 8)
    gathered = epilogue(x, active=False, move="down")
    assert gathered.shape == (2, 2, 2, 32)
    assert torch.equal(gathered[0, 1, 0, 8:16], x[0, 2, 1])  # row 2, column 1: the second place
    assert torch.equal(epilogue(gathered, active=False, move="up"), x)
