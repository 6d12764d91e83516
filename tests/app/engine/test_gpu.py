"""What only a CUDA card can show: no waiting inside a step, and the CPU's results."""

import numpy as np
import pytest
import torch

from draglive.app.engine import graph
from draglive.app.engine import types as t
from draglive.app.engine.device import FrameSlot
from draglive.app.engine.loading import EngineOptions, load_editor

pytestmark = pytest.mark.gpu
NOSE = t.DragPoint(1, t.Point(127, 151), t.Point(99, 151))


def load(device_name, dtype, backend="eager"):
    options = EngineOptions(
        device=device_name, dtype=dtype, backend=backend, seed=4, background=False
    )
    return load_editor(options)[0]


def handles(editor, steps):
    editor.apply(t.AddPoint(NOSE))
    return [editor.points(editor.step())[0].handle for _ in range(steps)]


@pytest.mark.parametrize("backend", ["eager", "fused"])
def test_the_card_takes_the_cpus_path(backend):
    cpu = handles(load("cpu", "float32"), 9)  # on the card, the last of them are in a graph
    card = handles(load("cuda", "float32", backend), 9)
    assert np.abs(np.array(cpu) - np.array(card)).max() <= 1


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # inductor's own
@pytest.mark.parametrize("backend", ["eager", "script", "compile", "fused"])
def test_the_nose_arrives(backend):
    editor = load("cuda", "auto", backend)
    editor.apply(t.AddPoint(NOSE))
    for _ in range(60):
        (state,) = editor.points(editor.step())
        if state.arrived:
            break
    assert state.arrived


def test_the_network_is_on_the_card_only_while_it_runs():
    options = EngineOptions(device="cuda", dtype="float32", backend="fused", background=False)
    editor, chooser = load_editor(options)
    waited_on = next(chooser._synthesis.parameters()).device.type
    fused = editor.draw(editor.ws)
    chooser.insist("eager")
    editor.use_runner()
    assert waited_on == "cpu"
    assert next(chooser._synthesis.parameters()).is_cuda
    assert np.abs(editor.draw(editor.ws).astype(int) - fused).max() <= 2


def upper_part():
    mask = np.ones((256, 256), np.float32)
    mask[:64] = 0
    return mask


def gesture(editor):
    """Some steps, with everything changed that a captured step takes as data, or that ends it."""
    editor.apply(t.AddPoint(NOSE))
    views = [editor.step() for _ in range(6)]
    editor.apply(t.MoveTarget(1, t.Point(150, 140)))
    views += [editor.step() for _ in range(6)]
    editor.apply(t.AddPoint(t.DragPoint(2, t.Point(201, 58), t.Point(207, 40))))
    views += [editor.step() for _ in range(6)]
    editor.apply(t.SetMask(upper_part()))
    views += [editor.step() for _ in range(6)]
    editor.apply(t.SetTruncation(0.8))
    views += [editor.step() for _ in range(6)]
    return [view.report.cpu() for view in views], editor.ws.clone()


def test_a_replayed_step_is_the_plain_step_bitwise(monkeypatch):
    replayed, ws = gesture(load("cuda", "auto", "fused"))
    monkeypatch.setattr(graph, "PLAIN_STEPS", 10**9)
    plain, plain_ws = gesture(load("cuda", "auto", "fused"))
    assert all(map(torch.equal, replayed, plain))
    assert torch.equal(ws, plain_ws)


def test_captured_autograd_goes_where_plain_autograd_goes(monkeypatch):
    replayed, ws = gesture(load("cuda", "float32", "eager"))
    monkeypatch.setattr(graph, "PLAIN_STEPS", 10**9)
    plain, plain_ws = gesture(load("cuda", "float32", "eager"))
    far = max(float((a - b)[:, :2].abs().max()) for a, b in zip(replayed, plain, strict=True))
    assert far <= 2  # sums with atomics come in another order each time
    assert float((ws - plain_ws).norm() / plain_ws.norm()) < 0.05


@pytest.mark.parametrize("backend", ["eager", "fused"])
@pytest.mark.parametrize("masked", [False, True])
def test_nothing_waits_for_the_card_between_two_frames(backend, masked, card_never_waited_for):
    editor = load("cuda", "auto", backend)
    slots = [FrameSlot(editor.device, editor.model.size) for _ in range(2)]
    editor.apply(t.AddPoint(NOSE))
    if masked:
        editor.apply(t.SetMask(upper_part()))
    with editor.device.stream():
        for _ in range(graph.PLAIN_STEPS + 2):  # kernels load, graphs are captured
            editor.render(editor.step(), slots[0])
        editor.apply(t.MoveTarget(1, t.Point(99, 150)))  # a gesture's first keeps what it leaves
        with card_never_waited_for():
            for number in range(6):
                editor.apply(t.MoveTarget(1, t.Point(100 + number, 150)))
                editor.step()
                editor.render(editor.step(), slots[number % 2])
        slots[1].wait()
    editor.timers.harvest()
    assert editor.timers.stats()["step"].count == 12 + graph.PLAIN_STEPS + 2
    assert slots[1].rgba[..., 3].min() == 255
