"""What only a CUDA card can show: no waiting inside a step, and the CPU's results."""

import numpy as np
import pytest

from draglive.app.engine import types as t
from draglive.app.engine.backends import RunnerChooser
from draglive.app.engine.device import FrameSlot, open_device
from draglive.app.engine.editor import Editor
from draglive.stylegan2_jit.checkpoints import load_checkpoint
from draglive.stylegan2_jit.latents import seed_to_ws

pytestmark = pytest.mark.gpu
NOSE = t.DragPoint(1, t.Point(127, 151), t.Point(99, 151))


def load(device_name, dtype, backend="eager"):
    device = open_device(device_name, dtype)
    checkpoint = load_checkpoint()
    checkpoint.generator.prepare(device.dtype, device.on)
    ws = seed_to_ws(checkpoint.generator, 0)
    chooser = RunnerChooser(checkpoint, device, backend, ws, background=False)
    return Editor(checkpoint, device, chooser, seed=4)


def handles(editor, steps):
    editor.apply(t.AddPoint(NOSE))
    return [editor.points(editor.step())[0].handle for _ in range(steps)]


def test_the_card_takes_the_cpus_path():
    cpu, card = handles(load("cpu", "float32"), 6), handles(load("cuda", "float32"), 6)
    assert np.abs(np.array(cpu) - np.array(card)).max() <= 1


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # inductor's own
@pytest.mark.parametrize("backend", ["eager", "script", "compile"])
def test_the_nose_arrives(backend):
    editor = load("cuda", "auto", backend)
    editor.apply(t.AddPoint(NOSE))
    for _ in range(60):
        (state,) = editor.points(editor.step())
        if state.arrived:
            break
    assert state.arrived


def test_nothing_waits_for_the_card_between_two_frames(card_never_waited_for):
    editor = load("cuda", "auto")
    slots = [FrameSlot(editor.device, editor.model.size) for _ in range(2)]
    editor.apply(t.AddPoint(NOSE))
    mask = np.ones((256, 256), np.float32)
    mask[:64] = 0
    editor.apply(t.SetMask(mask))
    with editor.device.stream():
        editor.render(editor.step(), slots[0])  # kernels load on their first call
        with card_never_waited_for():
            for number in range(6):
                editor.apply(t.MoveTarget(1, t.Point(100 + number, 150)))
                editor.step()
                editor.render(editor.step(), slots[number % 2])
        slots[1].wait()
    editor.timers.harvest()
    assert editor.timers.stats()["forward"].count == 14  # 13 steps, and the look before them
    assert slots[1].rgba[..., 3].min() == 255
