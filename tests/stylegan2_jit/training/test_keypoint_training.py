"""The key-point network: trained on renderings, kept in half precision."""

import torch

from draglive.stylegan2_jit.training.keypoint_network import (
    KeyPointNetwork,
    load_keypoint_network,
    save_keypoint_network,
)
from draglive.stylegan2_jit.training.keypoint_training import Stock, train_keypoints, worn
from draglive.stylegan2_jit.training.renderer import Renderer


def test_it_learns_and_is_kept(tmp_path):
    network = train_keypoints(Renderer("cpu"), seconds=0.01, resolution=32, batch=4, stock=8)
    save_keypoint_network(network, tmp_path / "network.safetensors")
    again = load_keypoint_network(tmp_path / "network.safetensors")
    assert again.input_px == network.input_px == 160
    pictures = torch.rand(2, 3, 64, 64) * 2 - 1
    for ours, theirs in zip(again(pictures), network(pictures), strict=True):
        torch.testing.assert_close(ours, theirs, atol=0.02, rtol=0.02)


def test_a_stock_shows_where_the_points_are():
    stock = Stock(Renderer("cpu"), 32, 6)
    pictures, places, seen = stock.batch(4, 2)
    assert pictures.shape == (4, 3, 32, 32)
    assert places.shape == (4, 13, 2)
    assert (places[:, 0] - 0.5).abs().max() < 0.5  # a nose is in the picture
    assert seen[:, 0].any()
    assert (worn(pictures) - pictures).abs().mean() > 0


def test_maps_of_three_sizes():
    fine, middle, coarse = KeyPointNetwork(input_px=64).scales(torch.rand(1, 3, 32, 32))
    assert [m.shape[-1] for m in (fine, middle, coarse)] == [16, 8, 4]
