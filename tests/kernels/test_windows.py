"""Where windows lie and how large they are, against brute force over indices."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from draglive.kernels.sampling import lattice
from draglive.kernels.windows import (
    Extent,
    feature_window,
    origin_read_by,
    plan_windows,
    read_by,
    window_origins,
)

from . import truth

ALWAYS = float("inf")  # cover: windows, however much of a map they have


def layers_up_to(height, *, narrow=False):
    """(up, height, width) of a generator's layers: one at 4x4, two in every other block."""
    heights = [4] + [4 << k for k in range(1, 9) if 4 << k <= height for _ in range(2)]
    ups = [index % 2 == 1 for index in range(len(heights))]
    return [(up, h, h // 2 if narrow else h) for up, h in zip(ups, heights, strict=True)]


def inside(side):
    """Coordinates on a picture: anywhere, at a quarter of a pixel, on its borders."""
    edges = st.sampled_from([-0.5, 0.0, 0.5, side / 2 - 0.5, side - 1.0, side - 0.5])
    quarters = st.integers(-2, 4 * side - 2).map(lambda quarter: quarter / 4)
    return edges | quarters | st.floats(-0.5, side - 0.5, width=32)


@st.composite
def scenes(draw):
    """Layers, the picture's (H, W), a reach, and handles somewhere on it."""
    layers = layers_up_to(4 << draw(st.integers(0, 5)), narrow=draw(st.booleans()))
    ratio = draw(st.sampled_from([1, 2, 4, 8]))
    height, width = (side * ratio for side in layers[-1][1:])
    reach_px = draw(st.integers(1, 40).map(lambda third: third / 3) | st.integers(1, 40))
    handle = st.tuples(inside(width), inside(height))
    handles = torch.tensor(draw(st.lists(handle, min_size=1, max_size=4)))
    return layers, (height, width), float(reach_px), handles


def ups_of(layers):
    return [up for up, _, _ in layers]


def planned(scene, cover):
    """The plan of a scene, and where its windows begin."""
    layers, image_size, reach_px, handles = scene
    plan = plan_windows(
        layers, points=len(handles), reach_px=reach_px, image_height=image_size[0], cover=cover
    )
    return plan, window_origins(plan, ups_of(layers), handles)


def needed_by(sample, up):
    """The samples of the input that one of the output is made of, in one direction."""
    if not up:
        return {sample - 1, sample, sample + 1}  # 3 taps, as much before as behind
    # The filter's 4 taps read the transposed convolution's samples -1 to 2 from here, padding
    # undone; and sample m of that is made of all i with m = 2·i + k, for taps k = 0, 1, 2.
    spread = range(sample - 1, sample + 3)
    return {(m - k) // 2 for m, k in itertools.product(spread, range(3)) if (m - k) % 2 == 0}


def needed(origin, size, up):
    return set().union(*(needed_by(sample, up) for sample in range(origin, origin + size)))


@given(scenes())
@settings(max_examples=200)
def test_the_feature_window_holds_every_sample_that_is_read_within_reach(scene):
    layers, image_size, reach_px, handles = scene
    plan, origins = planned(scene, ALWAYS)
    steps = torch.linspace(-reach_px, reach_px, 7)
    positions = handles[:, None] + torch.cartesian_prod(steps, steps)
    map_size = list(layers[-1][1:])
    columns, rows, weight = lattice(positions, map_size, list(image_size))
    read = torch.stack([columns, rows], dim=-1) - origins[-1][:, None, None]
    outside = ((read < 0) | (read >= plan.makes[-1].height)).any(dim=-1)
    # a position may round over a sample's centre: what is read there then weighs next to nothing
    assert (weight * outside).max() <= truth.sampling_slack(map_size)


@given(st.integers(-40, 40), st.integers(1, 40), st.booleans())
def test_a_layers_window_holds_what_it_is_made_of(origin, size, up):
    first = int(origin_read_by(torch.tensor(origin, dtype=torch.int32), up))
    assert needed(origin, size, up) <= set(range(first, first + read_by(size, up)))


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("size", range(1, 12))
def test_no_smaller_window_would_do_wherever_it_lies(size, up):
    largest = max(len(needed(origin, size, up)) for origin in (0, 1))
    assert read_by(size, up) == largest


def test_no_smaller_feature_window_would_do_wherever_the_handle_is():
    for reach_px, size in ((11.0, 8), (16.0, 10), (1.0, 3)):
        positions = torch.arange(64.0, 68.0, 1 / 8)[:, None] + torch.tensor([-reach_px, reach_px])
        columns, _, weight = lattice(positions[..., None].expand(-1, -1, 2), [64, 64], [256, 256])
        columns = columns.where(weight > 0, columns[..., :1]).flatten(1)
        assert (columns.amax(dim=1) - columns.amin(dim=1)).max() + 1 == size
        assert feature_window(reach_px, 4.0) == size


@given(scenes(), st.floats(0, 2))
def test_a_layer_reads_what_the_one_below_makes(scene, cover):
    layers = scene[0]
    plan, _ = planned(scene, cover)
    assert plan.reads[1:] == plan.makes[:-1]
    assert plan.reads[0].size is None
    made = [(made.map_height, made.map_width) for made in plan.makes]
    assert made == [(height, width) for _, height, width in layers]
    for read, (up, height, width) in zip(plan.reads, layers, strict=True):
        assert (read.map_height, read.map_width) == (height >> up, width >> up)


@given(scenes(), st.floats(0, 2))
def test_windows_grow_downwards_until_they_cover_too_much_then_all_is_whole(scene, cover):
    layers, image_size, reach_px, handles = scene
    plan, _ = planned(scene, cover)
    size = feature_window(reach_px, image_size[0] / layers[-1][1])
    windowed = True
    for (up, height, width), made in list(zip(layers, plan.makes, strict=True))[::-1]:
        windowed = windowed and len(handles) * size**2 <= cover * height * width
        assert made == Extent(height, width, size if windowed else None)
        assert plan.batch(made) == (len(handles) if windowed else 1)
        size = read_by(size, up)
    assert plan.windowed == (plan.makes[-1].size is not None)


def test_windows_with_exactly_their_share_of_a_map_stay_windows():
    for cover, size in ((0.25, 8), (0.2499, None)):
        plan = plan_windows(
            [(False, 16, 16)], points=1, reach_px=11.0, image_height=64, cover=cover
        )
        assert plan.makes[0].size == size


@given(scenes())
def test_no_cover_makes_all_whole_and_any_cover_all_windows_but_the_constant(scene):
    whole, origins = planned(scene, 0.0)
    assert not origins.any()
    assert all(part.size is None for part in whole.reads + whole.makes)
    windows, _ = planned(scene, ALWAYS)
    assert all(part.size is not None for part in windows.reads[1:] + windows.makes)


@given(scenes(), st.floats(0, 2))
def test_origins_follow_from_the_layer_above_and_are_0_where_a_map_is_whole(scene, cover):
    layers, _, _, handles = scene
    plan, origins = planned(scene, cover)
    assert origins.dtype == torch.int32
    assert origins.shape == (len(layers), len(handles), 2)
    for index, (up, *_) in enumerate(layers):
        if plan.makes[index].size is None:
            assert not origins[index].any()
        elif plan.reads[index].size is not None:
            assert torch.equal(origins[index - 1], origin_read_by(origins[index], up))


@given(scenes())
@settings(max_examples=30)
def test_every_window_has_some_of_its_map(scene):
    """Handles are on the picture, so nothing is computed for nothing."""
    plan, origins = planned(scene, ALWAYS)
    for part, origin in zip(plan.makes, origins, strict=True):
        size = torch.tensor([part.map_width, part.map_height])
        assert ((origin < size) & (origin + part.height > 0)).all()


def sizes_of(plan):
    return [part.size for part in plan.makes[::-1]]


def test_the_sizes_in_the_document():
    """docs/windows.md draws these two."""
    default = plan_windows(layers_up_to(64), points=1, reach_px=11.0, image_height=256)
    assert sizes_of(default) == [8, 10, 8, 10, 8, 10, None, None, None]
    large = plan_windows(layers_up_to(128), points=1, reach_px=16.0, image_height=512)
    assert sizes_of(large) == [10, 12, 9, 11, 8, 10, 8, 10, None, None, None]
