"""The bundled model dragged by the CPU's fused kernels: where handles go and where they end."""

import math
from dataclasses import replace

import numpy as np
import pytest

from draglive.app.engine import types as t
from draglive.app.engine.backends import RunnerChooser
from draglive.app.engine.device import FrameSlot, open_device
from draglive.app.engine.editor import Editor
from draglive.app.engine.engine import EngineOptions, load_editor
from draglive.kernels import native
from draglive.stylegan2_jit.checkpoints import load_checkpoint
from draglive.stylegan2_jit.latents import seed_to_ws

STEPS = 40


@pytest.fixture(autouse=True)
def _library():
    try:
        native.load()
    except native.NativeError as error:
        pytest.skip(str(error))


def path(dtype, backend, seed, handle, target):
    """Handles after each step, up to the one in which the point arrives."""
    options = EngineOptions(
        device="cpu", dtype=dtype, backend=backend, seed=seed, psi=0.7, background=False
    )
    editor, _ = load_editor(options)
    editor.apply(t.AddPoint(t.DragPoint(1, t.Point(*handle), t.Point(*target))))
    handles = []
    for _ in range(STEPS):
        (state,) = editor.points(editor.step())
        handles.append(state.handle)
        if state.arrived:
            break
    return np.array(handles)


@pytest.mark.parametrize(
    ("seed", "handle", "target"),
    [(4, (127, 151), (99, 151)), (6, (127, 151), (127, 135))],
    ids=["turn", "nod"],
)
def test_handles_go_where_the_reference_sends_them(seed, handle, target):
    want = path("float32", "eager", seed, handle, target)
    exact = path("float32", "fused", seed, handle, target)
    assert len(exact) == len(want)
    assert np.abs(exact - want).max() <= 1
    fast = path("auto", "fused", seed, handle, target)
    assert math.dist(fast[-1], target) <= 1
    shared = min(len(fast), len(want))
    # bfloat16 rounds to other pixels on its way; the next step starts from there.
    assert np.abs(fast[:shared] - want[:shared]).max() <= 3


def test_the_picture_of_any_w_and_then_its_own_again():
    editor, _ = load_editor(EngineOptions(device="cpu", backend="fused", background=False))
    truth, _ = load_editor(
        EngineOptions(device="cpu", dtype="float32", backend="eager", background=False)
    )
    editor.look()
    mine = editor.ws.clone()
    for ws in (editor.ws + 1.5, mine):
        drawn, wanted = (each.draw(ws).astype(float) for each in (editor, truth))
        assert np.abs(drawn - wanted).mean() < 0.5
    assert editor.ws.equal(mine)


def test_kernels_once_built_need_the_network_no_more():
    """Whoever would, must not: its numbers are gone."""
    checkpoint, device = load_checkpoint(), open_device("cpu", "float32")
    ws = seed_to_ws(checkpoint.generator, 0)
    chooser = RunnerChooser(checkpoint, device, "fused", ws, background=False)
    editor = Editor(checkpoint, device, chooser, seed=4)
    checkpoint.generator.synthesis.to("meta")
    slot = FrameSlot(device, editor.model.size)
    wide = replace(editor.state.config, track_radius_px=9)
    mask = np.ones((256, 256), np.float32)
    turn = t.AddPoint(t.DragPoint(1, t.Point(127, 151), t.Point(99, 151)))
    commands = turn, t.SetConfig(wide), t.SetMask(mask), t.SetSeed(6), t.Undo()
    for command in commands:
        editor.apply(command)
        editor.render(editor.step(), slot)
        assert slot.rgba.std() > 10
