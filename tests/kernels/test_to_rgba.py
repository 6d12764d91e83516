import numpy as np
import pytest
import torch

from draglive.kernels import to_rgba
from draglive.kernels.to_rgba import to_rgba_reference


@pytest.fixture(params=[to_rgba, to_rgba_reference])
def convert(request, device):
    return lambda picture: request.param(picture.to(device)).cpu()


def channel(convert, values):
    """The levels that a row of values gets, the same in all three colours."""
    picture = torch.as_tensor(values, dtype=torch.float32).expand(1, 3, 1, -1)
    rgba = convert(picture)
    assert (rgba[..., :3] == rgba[..., :1]).all()
    return rgba[0, :, 0].tolist()


def test_every_level_is_reached_from_its_middle(convert):
    levels = np.arange(256)
    assert channel(convert, (levels + 0.5 - 128) / 127.5) == levels.tolist()


def test_a_level_begins_where_the_families_rule_says(convert):
    """float32(x · 127.5) + 128, cut: the same bytes as other tools, for any value."""
    values = torch.empty(5000).uniform_(-1.2, 1.2).numpy()
    levels = np.clip(values * np.float32(127.5) + np.float32(128), 0, 255)
    assert levels.dtype == np.float32
    assert channel(convert, values) == levels.astype(np.uint8).tolist()


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (-1.0, 0),
        (1.0, 255),
        (0.0, 128),
        (-7.0, 0),
        (7.0, 255),
        (1e38, 255),
        (np.nan, 0),
        (np.inf, 255),
        (-np.inf, 0),
    ],
)
def test_beyond_the_range_is_clipped_and_nan_is_black(value, level, convert):
    assert channel(convert, [value]) == [level]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_colours_rows_and_columns_stay_in_place(layout, convert):
    picture = (torch.randint(0, 256, (1, 3, 5, 7)) + 0.5 - 128) / 127.5
    rgba = convert(picture.contiguous(memory_format=layout))
    assert rgba.dtype == torch.uint8
    assert rgba.shape == (5, 7, 4)
    assert rgba.is_contiguous()
    assert torch.equal(rgba[..., :3], (picture[0] * 127.5 + 128).permute(1, 2, 0).byte())
    assert (rgba[..., 3] == 255).all()
