"""Session files that are damaged, made up, older or newer: read as far as possible, or refused."""

import json

import numpy as np
import pytest

from draglive.app.engine import types as t
from draglive.app.engine.log import Checkpoint, Event, FallBack, Move, Origin, Resume, SwitchRunner
from draglive.app.engine.masks import PackedMask
from draglive.app.session.errors import NewerFormatError, SessionFileError
from draglive.app.session.format import encode, encode_header, parse_session, read_session

ORIGIN = Origin(
    "small", "small.safetensors", t.Size(32, 24), 8, 1, 0.7, None, t.DragConfig(),
    "cpu", "a machine", "float32", "eager", 2, "2.13.0",
)  # fmt: skip
MASK = np.linspace(0, 1, 24 * 32, dtype=np.float32).reshape(24, 32)
COMMANDS = [
    t.AddPoint(t.DragPoint(1, t.Point(1, 2.5), t.Point(3, 4))),
    t.AddPoints((t.DragPoint(2, t.Point(1, 2), t.Point(3, 4), True, 3, True),)),
    t.GroupPoints((1, 2)),
    t.UngroupPoints((1, 2)),
    t.PinPoint(1, t.Point(2, 2)),
    t.UnpinPoint(1),
    t.MoveTarget(1, t.Point(5, 6)),
    t.MoveHandle(1, t.Point(np.float32(7), np.float64(8))),
    t.SetMask(MASK),
    t.EndGesture(),
    t.SetMask(None),
    t.SetTruncation(0.5),
    t.SetConfig(t.DragConfig(step_size=0.5)),
    t.SetSeed(2**32 - 1),
    t.SetClass(None),
    t.SetPaused(paused=True),
    t.Undo(),
    t.Redo(),
    t.GoTo(1),
    t.RemovePoint(1),
    t.ClearPoints(),
    t.ResetPicture(),
    SwitchRunner("fused"),
    FallBack(),
    Move("cpu", "bfloat16"),
    Resume(0.5),
    Resume(None),
]
EVENTS = [Event(n, n / 3, c, n % 2 == 0, n) for n, c in enumerate(COMMANDS)]
CHECKPOINT = Checkpoint(3, 9, 4.5, True, b'bytes\n{"kind":"end"}\nof tensors', True)
LINES = [encode_header(ORIGIN), *map(encode, EVENTS[:10]), encode(CHECKPOINT)]
LINES += map(encode, EVENTS[10:])
CONTENT = b"".join(LINES)


def plain(record):
    """Comparable: masks are arrays."""
    if isinstance(record, Event) and isinstance(record.command, t.SetMask):
        mask = record.command.mask
        mask = mask.mask() if isinstance(mask, PackedMask) else mask
        return record.step, record.state, None if mask is None else mask.tobytes()
    return record


def test_everything_comes_back():
    session = parse_session(CONTENT, "a")
    assert session.edit.origin == ORIGIN
    expected = [*EVENTS[:10], CHECKPOINT, *EVENTS[10:]]
    assert [*map(plain, session.edit.records)] == [*map(plain, expected)]
    assert (session.lost, session.ended, session.unsaved) == (0, False, len(EVENTS))


@pytest.mark.parametrize("number", range(1, len(LINES)))
def test_a_line_cut_in_the_middle_costs_only_itself(number):
    line = LINES[number]
    cut = [*LINES[:number], line[: len(line) // 2], line[-1:], *LINES[number + 1 :]]
    records = parse_session(b"".join(cut), "a").edit.records
    assert len(records) == len(EVENTS)
    torn = b"".join([*LINES[:number], line[: len(line) // 2], *LINES[number + 1 :]])
    assert len(parse_session(torn, "a").edit.records) >= len(EVENTS) - 1


def test_a_file_cut_anywhere_keeps_what_stands_before():
    whole = len(LINES[0])
    for number, line in enumerate(LINES[1:]):
        records = parse_session(CONTENT[: whole + len(line) // 2], "a").edit.records
        assert len(records) == number
        whole += len(line)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "not a draglive session"),
        (b"PK\x03\x04", "not a draglive session"),
        (LINES[0][:60] + b"\n", "its first line is damaged"),
        (LINES[0].replace(b'"version":2', b'"version":0'), "its version must be 1 or more"),
        (LINES[0].replace(b'"version":2', b'"version":"1"'), "its version must be 1 or more"),
        (LINES[0].replace(b'"size":[32,24]', b'"size":[32,9999999]'), "not the beginning"),
        (LINES[0].replace(b'"seed":1', b'"seed":-1'), "not the beginning of an edit"),
        (LINES[0].replace(b'"num_ws":8', b'"num_ws":"8"'), "Expected `int`"),
        (LINES[0].replace(b'"l1"', b'"l3"'), "its first line is damaged"),
    ],
)
def test_what_is_no_session_is_refused_in_a_line(content, rule):
    with pytest.raises(SessionFileError, match=rule) as refusal:
        parse_session(content, "a.draglive")
    assert str(refusal.value).startswith("a.draglive: ")
    assert "\n" not in str(refusal.value)


def test_a_newer_format_is_refused_politely():
    newer = json.loads(LINES[0]) | {"version": 7, "program": "draglive 9.9"}
    content = json.dumps(newer, separators=(",", ":")).encode()
    with pytest.raises(NewerFormatError, match=r"draglive 9\.9; format 7.*please update"):
        parse_session(content, "a")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SessionFileError, match="No such file"):
        read_session(tmp_path / "none.draglive")
    with pytest.raises(SessionFileError, match="cannot be read"):
        read_session(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), -0.5, 1.5, float("inf")])
def test_masks_of_other_numbers_are_left_out(value):
    mask = MASK.copy()
    mask[3, 5] = value
    line = encode(Event(0, 0.0, t.SetMask(mask)))
    session = parse_session(LINES[0] + line + LINES[-1], "a")
    assert (session.lost, len(session.edit.records)) == (1, 1)


@pytest.mark.parametrize("size", [[0, 24], [32, 0], [99999, 99999], [32, 25], [-1, -1]])
def test_masks_of_nothing_or_of_too_much_are_left_out(size):
    line = encode(Event(0, 0.0, t.SetMask(MASK))).replace(
        b'"size":[32,24]', b'"size":' + json.dumps(size).encode()
    )
    session = parse_session(LINES[0] + line + LINES[-1], "a")
    assert (session.lost >= 1, len(session.edit.records)) == (True, 1)


def test_an_edit_of_the_first_version_is_read():
    point = {"id": 1, "handle": [1, 2.5], "target": [3, 4]}
    event = {"kind": "event", "step": 0, "time_s": 0.1, "do": "AddPoint", "args": {"point": point}}
    first = LINES[0].replace(b'"version":2', b'"version":1')
    session = parse_session(first + json.dumps(event).encode() + b"\n", "old")
    assert session.lost == 0
    assert session.edit.records[0].command == COMMANDS[0]
