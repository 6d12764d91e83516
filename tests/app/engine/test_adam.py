import pytest
import torch

from draglive.app.engine.adam import Adam

LIVE, STILL = torch.tensor(1.0), torch.tensor(0.0)


@pytest.fixture
def gradients():
    return [torch.randn(1, 4, 8) for _ in range(30)]


def optimiser(like, step_size):
    adam = Adam(like)
    adam.step_size.fill_(step_size)
    return adam


def test_steps_are_those_of_torchs_adam(gradients):
    value = torch.randn(1, 4, 8)
    theirs = value.clone().requires_grad_()
    reference = torch.optim.Adam([theirs], lr=0.03)
    ours = optimiser(value, 0.03)
    for gradient in gradients:
        theirs.grad = gradient.clone()
        reference.step()
        ours.step(value, gradient, LIVE)
    torch.testing.assert_close(value, theirs.detach(), rtol=0, atol=1e-6)  # 30 steps of 1 ulp


def test_a_step_that_is_not_live_changes_nothing_bitwise(gradients):
    one, other = optimiser(gradients[0], 0.1), optimiser(gradients[0], 0.1)
    value = torch.randn(1, 4, 8)
    twin = value.clone()
    one.step(value, gradients[0], LIVE)
    other.step(twin, gradients[0], LIVE)
    one.step(value, gradients[1], STILL)
    assert torch.equal(value, twin)
    one.step(value, gradients[2], LIVE)
    other.step(twin, gradients[2], LIVE)
    assert torch.equal(value, twin)


def test_rows_that_are_not_optimised_stay_bitwise(gradients):
    adam = optimiser(gradients[0], 0.1)
    adam.rows[1:3] = 0
    value = torch.randn(1, 4, 8)
    start = value.clone()
    for gradient in gradients:
        adam.step(value, gradient, LIVE)
    assert torch.equal(value[:, 1:3], start[:, 1:3])
    assert (value[:, [0, 3]] != start[:, [0, 3]]).all()


def test_step_size_applies_at_once(gradients):
    value = torch.zeros(1, 4, 8)
    optimiser(value, 0.5).step(value, gradients[0], LIVE)
    torch.testing.assert_close(value.abs(), torch.full_like(value, 0.5))  # Adam's first step


def test_reset_forgets(gradients):
    first, second = torch.zeros(1, 4, 8), torch.zeros(1, 4, 8)
    adam = optimiser(first, 0.1)
    adam.step(first, gradients[0], LIVE)
    adam.step(second, gradients[1], LIVE)
    adam.reset()
    second.zero_()
    adam.step(second, gradients[0], LIVE)
    assert torch.equal(first, second)
