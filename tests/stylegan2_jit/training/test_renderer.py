"""Creatures: pictures, exact key points, dense maps."""

import pytest
import torch

from draglive.stylegan2_jit.training import renderer as renderer_module
from draglive.stylegan2_jit.training.factors import (
    FACTORS,
    GEOMETRY,
    factors_from_z,
    mixed_factors,
    random_factors,
)
from draglive.stylegan2_jit.training.generated import CompilerError
from draglive.stylegan2_jit.training.keypoints import KEYPOINTS
from draglive.stylegan2_jit.training.renderer import Renderer, TorchCode
from draglive.stylegan2_jit.training.surface import PARTS


def drawn(count, seed=0):
    return random_factors(count, generator=torch.Generator().manual_seed(seed))


def middling(**changes):
    """The average creature, facing the camera, but for some factors."""
    factors = torch.full((1, len(FACTORS)), 0.5)
    for name, value in changes.items():
        factors[0, FACTORS.index(name)] = value
    return factors


@pytest.fixture(scope="module")
def renderer():
    return Renderer("cpu")


def point(renderer, factors, name, resolution=256):
    points, seen = renderer.keypoints(factors, resolution)
    i = KEYPOINTS.index(name)
    return points[0, i], bool(seen[0, i])


def test_generated_code_draws_what_torch_draws(renderer):
    factors = drawn(1, seed=3)
    reference = Renderer("cpu", TorchCode())
    difference = (renderer.pictures(factors, 20) - reference.pictures(factors, 20)).abs()
    assert difference.mean() < 1e-3  # silhouettes may differ: a ray that just misses
    assert torch.equal(renderer.keypoints(factors, 64)[1], reference.keypoints(factors, 64)[1])
    torch.testing.assert_close(
        renderer.keypoints(factors, 64)[0], reference.keypoints(factors, 64)[0], atol=0.01, rtol=0
    )
    same = renderer.maps(factors, 20)[:, 0] == reference.maps(factors, 20)[:, 0]
    assert same.float().mean() > 0.99


def test_generated_code_leaves_the_process_its_small_numbers(renderer):
    renderer.pictures(drawn(1), 16)
    smallest = 5e-324
    assert smallest * 1.0 > 0
    assert torch.tensor(1e-40).mul(1.0) > 0


def test_pictures_fill_their_range_and_differ(renderer):
    pictures = renderer.pictures(drawn(4), 48)
    assert pictures.shape == (4, 3, 48, 48)
    assert pictures.isfinite().all()
    assert pictures.min() >= -1.001
    assert pictures.max() <= 1.001
    assert (pictures[0] - pictures[1]).abs().mean() > 0.05


def test_a_resolution_that_fills_no_vector_register(renderer):
    factors = drawn(1)
    wide = renderer.pictures(factors, 40)
    assert wide.shape == (1, 3, 40, 40)
    assert wide.isfinite().all()


@pytest.mark.parametrize(
    ("name", "part"),
    [("nose", "nose"), ("eye_l", "eye_l"), ("eye_r", "eye_r"), ("ear_base_l", "ear_l")],
)
def test_a_key_point_lies_on_its_part(renderer, name, part):
    factors = middling(mane=0.0, eye_open=1.0)
    (x, y), seen = point(renderer, factors, name)
    assert seen
    parts = renderer.maps(factors, 256)[0, 0]
    around = parts[round(float(y)) - 4 : round(float(y)) + 5, round(float(x)) - 4 :][:, :9]
    assert PARTS.index(part) in around


def test_what_hair_covers_is_no_ear(renderer):
    def ears(mane):
        parts = renderer.maps(middling(mane=mane, ear_len=0.2), 128)[0, 0]
        return int(sum((parts == PARTS.index(name)).sum() for name in ("ear_l", "ear_r")))

    assert 0 < ears(1.0) < ears(0.0)


def test_the_dense_map_follows_the_surface(renderer):
    """The place (u, v) of the nose is where the nose is, turned or not."""
    for yaw in (0.5, 0.7):
        factors = middling(yaw=yaw, mane=0.0)
        (x, y), _ = point(renderer, factors, "nose")
        part, u, v = renderer.maps(factors, 256)[0, :, round(float(y)), round(float(x))]
        assert int(part) == PARTS.index("nose")
        assert abs(float(u)) < 0.03
        assert abs(float(v) + 0.135) < 0.03


def test_factors_move_what_they_name(renderer):
    def moved(name, of, axis):
        low, _ = point(renderer, middling(**{name: 0.2}), of)
        high, _ = point(renderer, middling(**{name: 0.8}), of)
        return float((high - low)[axis])

    assert moved("yaw", "nose", 0) > 20  # to the picture's right
    assert moved("pitch", "nose", 1) < -8  # up is less
    assert moved("mouth", "chin", 1) > 5
    assert moved("ear_len", "ear_tip_l", 1) < -10
    assert abs(moved("fur", "nose", 0)) < 1e-3


def test_what_is_turned_away_is_not_seen(renderer):
    tall = middling(posy=1.0, ear_len=1.0, ear_place=0.0, mane=1.0, scale=1.0)
    assert point(renderer, middling(yaw=0.5, mane=0.0), "brow")[1]
    assert not point(renderer, middling(yaw=0.0, mane=0.0), "mouth_l")[1]
    assert not point(renderer, tall, "ear_tip_l")[1]


def test_latents_give_uniform_factors_that_can_be_mixed():
    z = torch.randn(20000, 64, generator=torch.Generator().manual_seed(1))
    factors = factors_from_z(z)
    assert abs(float(factors.mean()) - 0.5) < 0.01
    assert abs(float(factors.var()) - 1 / 12) < 0.002
    mixed = mixed_factors(z[:1], z[1:2])[0]
    assert torch.equal(mixed[: len(GEOMETRY)], factors[0, : len(GEOMETRY)])
    assert torch.equal(mixed[len(GEOMETRY) :], factors[1, len(GEOMETRY) :])


def test_a_narrow_latent_is_refused():
    with pytest.raises(ValueError, match="at least 43 components, not 8"):
        factors_from_z(torch.zeros(1, 8))


def test_without_a_compiler_torch_draws_and_says_why(monkeypatch):
    def missing():
        raise CompilerError("no C++ compiler (g++ or clang++) is on the path")

    monkeypatch.setattr(renderer_module, "CpuCode", missing)
    renderer_module._best_code.cache_clear()
    try:
        with pytest.warns(RuntimeWarning, match=r"slowly: no C\+\+ compiler"):
            slow = Renderer("cpu")
        assert slow.pictures(drawn(1), 8).shape == (1, 3, 8, 8)
    finally:
        renderer_module._best_code.cache_clear()


@pytest.mark.gpu
def test_a_card_draws_what_the_cpu_draws(renderer):
    factors = drawn(4)
    card = Renderer("cuda")
    there = card.pictures(factors.cuda(), 64).cpu()
    assert (there - renderer.pictures(factors, 64)).abs().mean() < 2e-3
    points, _ = card.keypoints(factors.cuda(), 64)
    torch.testing.assert_close(points.cpu(), renderer.keypoints(factors, 64)[0], atol=0.05, rtol=0)
