"""The bundled model dragged by the CPU's fused kernels: where handles go and where they end."""

import math

import numpy as np
import pytest

from draglive.app.engine import types as t
from draglive.app.engine.engine import EngineOptions, load_editor
from draglive.kernels import native

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
    assert np.abs(fast[:shared] - want[:shared]).max() <= 2  # bfloat16 may round to the next pixel


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
