import pytest
import torch

from draglive.app.engine.adam import Adam


@pytest.fixture
def gradients():
    return [torch.randn(1, 4, 8) for _ in range(30)]


def test_steps_are_those_of_torchs_adam(gradients):
    value = torch.randn(1, 4, 8)
    theirs = value.clone().requires_grad_()
    optimiser = torch.optim.Adam([theirs], lr=0.03)
    ours = Adam(value)
    ours.step_size.fill_(0.03)
    for gradient in gradients:
        theirs.grad = gradient.clone()
        optimiser.step()
        value = ours.update(value, gradient, torch.tensor(1.0))
    torch.testing.assert_close(value, theirs.detach(), rtol=0, atol=1e-6)  # 30 steps of 1 ulp


def test_a_step_that_is_not_live_changes_nothing_bitwise(gradients):
    adam, other = Adam(gradients[0]), Adam(gradients[0])
    value = torch.randn(1, 4, 8)
    for optimiser in (adam, other):
        optimiser.step_size.fill_(0.1)
    moved = adam.update(value, gradients[0], torch.tensor(1.0))
    assert torch.equal(adam.update(moved, gradients[1], torch.tensor(0.0)), moved)
    other.update(value, gradients[0], torch.tensor(1.0))
    live = torch.tensor(1.0)
    assert torch.equal(
        adam.update(moved, gradients[2], live), other.update(moved, gradients[2], live)
    )


def test_step_size_applies_at_once(gradients):
    adam = Adam(gradients[0])
    value = torch.zeros(1, 4, 8)
    adam.step_size.fill_(0.5)
    value = adam.update(value, gradients[0], torch.tensor(1.0))
    torch.testing.assert_close(value.abs(), torch.full_like(value, 0.5))  # Adam's first step


def test_reset_forgets(gradients):
    adam = Adam(gradients[0])
    adam.step_size.fill_(0.1)
    value, live = torch.zeros(1, 4, 8), torch.tensor(1.0)
    first = adam.update(value, gradients[0], live)
    adam.update(first, gradients[1], live)
    adam.reset()
    assert torch.equal(adam.update(value, gradients[0], live), first)
