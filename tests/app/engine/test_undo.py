"""Undo and redo on tensors: everything comes back bitwise, and goes on as it would have."""

import random

import numpy as np
import pytest
import torch

from draglive.app.engine import types as t
from draglive.app.engine.backends import RunnerChooser
from draglive.app.engine.device import FrameSlot, open_device
from draglive.app.engine.edit import EditError
from draglive.app.engine.editor import Editor
from draglive.app.engine.log import EventList, SavedEdit
from draglive.app.engine.rerun import resume
from draglive.app.engine.shelf import Shelf
from draglive.app.engine.snapshot import SnapshotError, pack, unpack
from draglive.stylegan2_jit.latents import seed_to_ws

A = t.DragPoint(1, t.Point(10, 12), t.Point(20, 12))
B = t.DragPoint(2, t.Point(20, 20), t.Point(12, 25))
MASK = np.linspace(0, 1, 1024, dtype=np.float32).reshape(32, 32)


def new_editor(checkpoint):
    ws = seed_to_ws(checkpoint.generator, 0)
    device = open_device("cpu", "float32")
    chooser = RunnerChooser(checkpoint, device, "eager", ws, background=False)
    return Editor(checkpoint, device, chooser, seed=1)


def seen(editor):
    """Points, mask, w+, momentum and picture as comparable values."""
    slot = FrameSlot(editor.device, editor.model.size)
    request = editor.render(editor.look(), slot)
    mask = editor.state.mask
    return (
        editor.state.points,
        request.points(),
        None if mask is None else mask.tobytes(),
        pack(editor._drag.save()),
        slot.rgba.tobytes(),
    )


def actions(rng):
    """Random valid commands."""
    number = 0
    while True:
        number += 1
        place = t.Point(rng.uniform(3, 28), rng.uniform(3, 28))
        yield rng.choice(
            [
                t.AddPoint(t.DragPoint(number, place, t.Point(rng.uniform(3, 28), 15))),
                t.SetMask((rng.random() < MASK).astype(np.float32)),
                t.SetMask(None),
                t.SetTruncation(rng.uniform(0.5, 1)),
                t.SetSeed(rng.randrange(100)),
                t.ClearPoints(),
                t.ResetPicture(),
                t.SetConfig(t.DragConfig(0.05, 1, 3, feature_resolution=rng.choice([8, 16]))),
            ]
        )


@pytest.mark.parametrize("seed", range(3))
def test_undoing_and_redoing_everything_shows_every_state_again_bitwise(editor, seed):
    rng = random.Random(seed)
    shown = [seen(editor)]
    for command, _ in zip(actions(rng), range(14), strict=False):
        states = len(editor.history.states)
        editor.apply(command)
        if len(editor.history.states) == states:
            shown.pop()  # one more moment of the same action
        for _ in range(rng.randrange(4)):
            editor.advance()
        shown.append(seen(editor))
        editor.apply(t.EndGesture())
    for moment in reversed(shown[:-1]):
        editor.apply(t.Undo())
        assert seen(editor) == moment
    for moment in shown[1:]:
        editor.apply(t.Redo())
        assert seen(editor) == moment
    assert editor.steps > 0


def test_an_edit_goes_on_from_a_state_that_was_left_as_it_would_have(editor):
    """Momentum, references and what the mask protects are part of a state."""
    editor.apply(t.SetMask(MASK))
    editor.apply(t.AddPoint(A))
    ends = []
    for _ in range(5):
        editor.step()
    editor.apply(t.SetSeed(9))
    left = pack(editor.kept.get(2))
    for _ in range(2):
        editor.kept.put(2, left)
        editor.apply(t.GoTo(2))
        for _ in range(5):
            editor.step()
        ends.append(editor.ws.clone())
        editor.apply(t.GoTo(3))
    assert torch.equal(*ends)
    assert not torch.equal(ends[0], editor.ws)


def test_a_state_whose_tensors_are_lost_is_refused_and_nothing_changes(editor, monkeypatch):
    editor.apply(t.AddPoint(A))
    editor.step()
    monkeypatch.setattr(Shelf, "get", lambda self, number: b"garbage")
    before = editor.history
    with pytest.raises(EditError, match="state 0: its picture is lost"):
        editor.apply(t.Undo())
    assert editor.history is before
    editor.step()


def test_states_stay_in_memory_where_no_file_can_be_written(monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("draglive.app.engine.shelf.tempfile.TemporaryFile", full)
    shelf = Shelf()
    shelf.put(3, b"state")
    assert (shelf.get(3), 3 in shelf, 4 in shelf) == (b"state", True, False)


def test_a_shelf_gives_back_what_was_put_last():
    shelf = Shelf()
    for number, content in [(0, b"aaaa"), (1, b"bbbb"), (0, b"cc"), (1, b"dddddddd"), (2, b"e")]:
        shelf.put(number, content)
    assert [shelf.get(number) for number in range(3)] == [b"cc", b"dddddddd", b"e"]


def test_not_finite_numbers_lead_back_to_the_last_good_ones(editor):
    editor.apply(t.AddPoint(A))
    for _ in range(70):
        editor.advance()
    editor.apply(t.AddPoint(B))
    editor.advance()
    editor.ws[0, 0, 0] = float("nan")
    for _ in range(40):
        editor.advance()
    with pytest.raises(FloatingPointError, match="not finite"):
        editor.points(editor.look())
    editor.fall_back()
    points = editor.points(editor.step())
    assert [p.id for p in points] == [1, 2]
    assert editor.ws.isfinite().all()


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda s: b"", "not readable"),
        (lambda s: s[:-5], "not readable"),
        (lambda s: s.replace(b"square", b"circle"), "its tensors must be"),
        (lambda s: pack(unpack(s, 8, 16))[:8] + b"[]" + s[10:], "not readable"),
    ],
)
def test_bytes_that_are_no_snapshot_are_refused(editor, spoil, rule):
    content = pack(editor._drag.save())
    with pytest.raises(SnapshotError, match=rule):
        unpack(spoil(content), 8, 16)
    with pytest.raises(SnapshotError, match="ws is torch"):
        unpack(content, 9, 16)


@pytest.mark.parametrize("seed", range(12))
def test_an_edit_of_which_much_is_lost_is_gone_on_with_or_refused(checkpoint, seed):
    """Events and checkpoints missing, doubled, swapped: no state is worse than a refusal."""
    editor = new_editor(checkpoint)
    log = EventList()
    editor.log_to(log)
    rng = random.Random(seed)
    for command, _ in zip(actions(rng), range(12), strict=False):
        editor.apply(command)
        editor.advance()
        if rng.random() < 0.3 and len(editor.history.states) > 1:
            editor.apply(rng.choice([t.Undo(), t.GoTo(0)]) if editor.history.can_undo else t.Redo())
        if rng.random() < 0.3:
            editor.checkpoint()
    records = list(log.records)
    for _ in range(rng.randrange(1, 5)):
        place, other = rng.randrange(len(records)), rng.randrange(len(records))
        change = rng.randrange(3)
        if change == 0:
            del records[place]
        elif change == 1:
            records.insert(place, records[other])
        else:
            records[place], records[other] = records[other], records[place]
    again = new_editor(checkpoint)
    try:
        resume(again, SavedEdit(log.origin, tuple(records)))
    except EditError:
        return
    again.log_to(EventList())
    again.step()
    assert [p.id for p in again.points(again.look())] == [p.id for p in again.state.points]
    while again.history.can_undo:
        try:
            again.apply(t.Undo())
        except EditError:  # its picture is lost
            break
        again.points(again.step())


def test_a_snapshot_is_as_small_as_the_layers_that_move(editor):
    before = len(pack(editor._drag.save()))
    editor.apply(t.AddPoint(A))
    editor.step()
    content = pack(editor._drag.save())
    assert len(content) > before
    again = unpack(content, editor.model.num_ws, 16)
    assert torch.equal(again.mean, editor._drag._adam.mean)
