"""Axes along which pictures of a model vary."""

from dataclasses import replace

import pytest
import torch

from draglive.app.engine import axes
from draglive.app.engine.axes import SAMPLES, LikelyAxes, mixing, spread_of
from draglive.stylegan2_jit.latents import sample_ws
from draglive.stylegan2_jit.networks import Generator


def test_a_models_own_w_vary_alike_along_them(small_generator):
    directions = spread_of(small_generator).double()
    ws = sample_ws(small_generator, SAMPLES).double()
    coordinates = torch.linalg.solve(directions, (ws - ws.mean(0)).t())
    variance = torch.cov(coordinates)
    off_diagonal = variance - torch.diag(variance.diagonal())
    assert off_diagonal.abs().max() < 1e-4 * variance.diagonal().max()
    assert variance.diagonal().max() == pytest.approx(
        torch.cov(ws.t()).trace().item() / 16, rel=1e-4
    )
    assert directions.square().sum().item() / 16 == pytest.approx(1.0, abs=0.02)  # little is raised


def test_all_classes_are_sampled(small_generator):
    config = replace(small_generator.config, c_dim=3)
    generator = Generator(config)
    seen = []
    generator.mapping.embed.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    ws = sample_ws(generator, 6)
    assert ws.shape == (6, 16)
    assert torch.equal(ws, sample_ws(generator, 6))
    assert seen[0].argmax(dim=1).tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(("first", "last"), [(0, 5), (2, 4), (3, 3)])
def test_a_step_of_one_in_all_coordinates_changes_rows_by_one(first, last):
    matrix = mixing(first, last, 8)
    energy = matrix.square().sum(0)
    assert energy[first : last + 1].mean() == pytest.approx(1.0)
    assert energy.sum() == pytest.approx(last - first + 1)
    assert matrix[first, first : last + 1].std(unbiased=False) < 1e-6  # all rows alike
    product = matrix @ matrix.T
    assert (product - torch.diag(product.diagonal())).abs().max() < 1e-6


def test_they_are_made_once(small_generator, monkeypatch):
    made = []
    monkeypatch.setattr(axes, "spread_of", lambda one: made.append(1) or spread_of(one))
    likely = LikelyAxes(small_generator)
    like = torch.zeros(1, 8, 16)
    assert made == []
    one, other = likely.of(0, 5, like), likely.of(0, 5, like)
    assert made == [1]
    assert all(a is b for a, b in zip(one, other, strict=True))


def test_threads_change_no_bit_of_them(small_generator, monkeypatch):
    ws = torch.randn(512, 256, generator=torch.Generator().manual_seed(3))
    monkeypatch.setattr(axes, "sample_ws", lambda *_: ws)
    before, made = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        made.append(spread_of(small_generator))
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
    assert torch.equal(*made)
