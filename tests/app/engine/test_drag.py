"""The step against a plain loop written here, and what a person relies on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from draglive.app.engine import types as t
from draglive.app.engine.axes import LikelyAxes
from draglive.kernels.motion_supervision import clipped_motions, motion_supervision_reference
from draglive.kernels.sampling import disc_offsets, sample_bilinear, square_offsets
from draglive.kernels.track_points import track_points_reference
from draglive.stylegan2_jit.compile import count_blocks

SIZE = [32, 32]
A = t.DragPoint(1, t.Point(10, 12), t.Point(20, 12))
B = t.DragPoint(2, t.Point(22.5, 20.25), t.Point(22.5, 14))
C = t.DragPoint(3, t.Point(31, 0), t.Point(20, 8))


def add(editor, *points):
    for point in points:
        editor.apply(t.AddPoint(point))


def plain_drag(editor, generator, points, steps):
    """The paper's loop with torch's own Adam, one point at a time."""
    config, synthesis = editor.state.config, generator.synthesis
    start = editor.ws.clone()
    moved = torch.zeros_like(start, requires_grad=True)  # w+, or its coordinates
    mixing, directions = torch.eye(start.shape[1]), torch.eye(start.shape[2])
    mixing[config.last_layer + 1 :] = 0
    if config.space == "likely":
        blocks = count_blocks(config.feature_resolution)
        read = min(config.last_layer, 2 * blocks - 2)
        mixing, directions = LikelyAxes(generator).of(config.first_layer, read, start)
    optimiser = torch.optim.Adam([moved], lr=config.step_size, betas=(config.momentum, 0.999))
    handles = torch.tensor([p.handle for p in points], dtype=torch.float32)
    targets = torch.tensor([p.target for p in points], dtype=torch.float32)
    disc = disc_offsets(config.motion_radius_px, "cpu")
    square = square_offsets(config.track_radius_px, "cpu")
    references = None
    path = []
    for _ in range(steps):
        w = start + mixing.T @ moved @ directions.T
        features = synthesis.features(w, 3)[-1]
        if references is None:
            references = sample_bilinear(features, handles, SIZE).detach()
        else:
            handles = torch.cat(
                [
                    track_points_reference(
                        features,
                        None,
                        h[None],
                        r[None],
                        torch.ones(1, dtype=torch.bool),
                        square,
                        squared=False,
                        map_size=list(features.shape[2:]),
                        image_size=SIZE,
                    )
                    for h, r in zip(handles, references, strict=True)
                ]
            )
        path.append(handles.clone())
        seen = w.detach().clone()
        distances = (targets - handles).norm(dim=1)
        if (distances <= config.stop_px).all():
            break
        loss = sum(
            motion_supervision_reference(
                features,
                h[None],
                clipped_motions(h[None], g[None], config.speed_px),
                torch.ones(1),
                disc,
                SIZE,
            )
            for h, g, d in zip(handles, targets, distances, strict=True)
            if d > config.stop_px
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return path, seen


@pytest.mark.parametrize("points", [(A,), (A, B), (A, B, C)])
@pytest.mark.parametrize("space", ["w", "likely"])
def test_steps_are_those_of_the_plain_loop(editor, small_generator, space, points):
    editor.apply(t.SetConfig(replace(editor.state.config, space=space, common_spread=0.0)))
    path, w = plain_drag(editor, small_generator, points, steps=12)
    add(editor, *points)
    for number, expected in enumerate(path):
        found = editor.points(editor.step() if number else editor.look())
        np.testing.assert_allclose([p.handle for p in found], expected, atol=1e-4)
    torch.testing.assert_close(editor.ws, w, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("points", [(A,), (A, B)])
def test_a_common_spread_is_for_several_points(editor, points):
    start, ends = editor.state, []
    for common in (0.0, 0.75):
        editor.begin(start)
        config = replace(editor.state.config, space="likely", common_spread=common)
        editor.apply(t.SetConfig(config))
        add(editor, *points)
        for _ in range(3):
            editor.step()
        ends.append(editor.ws.clone())
    assert torch.equal(*ends) == (len(points) == 1)


def test_only_the_chosen_layers_move(editor):
    start = editor.ws.clone()
    config = editor.state.config
    editor.apply(
        t.SetConfig(t.DragConfig(**{**vars_of(config), "first_layer": 2, "last_layer": 3}))
    )
    add(editor, A)
    editor.step()
    moved = (editor.ws != start).any(dim=2)[0]
    assert moved.nonzero().flatten().tolist() == [2, 3]


def vars_of(config):
    return {name: getattr(config, name) for name in config.__slots__}


def test_adding_a_point_never_disturbs_the_others(editor):
    add(editor, A)
    editor.step()
    before = editor._drag.points.references[0].clone()
    add(editor, B, C)
    editor.step()
    assert torch.equal(editor._drag.points.references[0], before)
    assert editor._drag.points.references.shape[0] == 3


def test_removed_points_free_their_place_for_new_ones(editor):
    add(editor, A, B)
    editor.step()
    editor.apply(t.RemovePoint(1))
    add(editor, C)
    states = editor.points(editor.step())
    assert [s.id for s in states] == [2, 3]
    assert states[1].handle == C.handle
    assert editor._drag.points.references.shape[0] == 2


def test_when_all_have_arrived_w_stays_bitwise(editor):
    add(editor, t.DragPoint(1, t.Point(10, 12), t.Point(10.5, 12)))
    start = editor.ws.clone()
    for _ in range(3):
        assert all(p.arrived for p in editor.points(editor.step()))
    assert torch.equal(editor.ws, start)


def test_a_target_moved_meanwhile_counts_from_the_next_step(editor):
    add(editor, t.DragPoint(1, t.Point(10, 12), t.Point(10, 12)))
    editor.step()
    start = editor.ws.clone()
    editor.apply(t.MoveTarget(1, t.Point(20, 12)))
    editor.step()
    assert not torch.equal(editor.ws, start)


def test_a_handle_put_elsewhere_looks_for_another_patch(editor):
    add(editor, A)
    editor.step()
    before = editor._drag.points.references.clone()
    editor.apply(t.MoveHandle(1, t.Point(25, 25)))
    (state,) = editor.points(editor.look())
    assert state.handle == t.Point(25, 25)
    assert not torch.equal(editor._drag.points.references, before)


def test_a_mask_keeps_the_rest_in_place(editor):
    """With everything but a corner protected and a heavy weight, less changes than without."""

    def change(mask):
        editor.apply(t.SetSeed(1))
        config = vars_of(editor.state.config)
        editor.apply(t.SetConfig(t.DragConfig(**{**config, "mask_weight": 500.0})))
        start = editor._drag.look(editor.timers).seen.features
        editor.apply(t.SetMask(mask))
        add(editor, t.DragPoint(1, t.Point(6, 6), t.Point(10, 6)))
        for _ in range(10):
            editor.step()
        end = editor._drag.look(editor.timers).seen.features
        return float((end - start)[..., 8:, 8:].abs().mean())

    corner = np.zeros((32, 32), np.float32)
    corner[:16, :16] = 1.0
    assert change(corner) < 0.5 * change(None)


def test_a_mask_protects_the_picture_it_was_painted_on(editor):
    add(editor, A)
    for _ in range(4):
        editor.step()
    now = editor._drag.look(editor.timers).seen.features.clone()
    editor.apply(t.SetMask(np.zeros((32, 32), np.float32)))
    editor.step()
    kept, _ = editor._drag.mask._anchor
    torch.testing.assert_close(kept, now)


def test_truncation_keeps_the_edit_as_an_offset(editor):
    base = editor.ws.clone()
    add(editor, A)
    editor.step()
    offset = editor.ws - base
    editor.apply(t.SetTruncation(0.5))
    editor_base = editor._drag._base
    torch.testing.assert_close(editor.ws - editor_base, offset)
    assert not torch.equal(editor_base, base)


def test_another_feature_block_takes_references_anew(editor):
    add(editor, A)
    editor.step()
    config = vars_of(editor.state.config)
    editor.apply(t.SetConfig(t.DragConfig(**{**config, "feature_resolution": 8})))
    (state,) = editor.points(editor.step())
    assert editor._drag.points.references.shape == (1, 16)
    assert np.isfinite(state.distance_px)


def test_a_step_that_failed_half_way_can_be_followed_by_another(editor, monkeypatch):
    add(editor, A)
    editor.step()
    with monkeypatch.context() as patch:
        patch.setattr(editor._drag._adam, "step", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            editor.step()
    before = editor.ws.clone()
    editor.step()
    assert not torch.equal(editor.ws, before)
