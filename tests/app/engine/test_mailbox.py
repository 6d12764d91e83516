import threading
import time

import numpy as np
import pytest

from draglive.app.engine.mailbox import CommandMailbox, FrameMailbox
from draglive.app.engine.types import (
    AddPoint,
    ClearPoints,
    DragPoint,
    Frame,
    MoveTarget,
    Point,
    RemovePoint,
    SetSeed,
)


def frame(number):
    return Frame(number, number, np.zeros((1, 1, 4), np.uint8), (), None, arrived=True)


def test_two_hundred_moves_become_one():
    mailbox = CommandMailbox()
    for x in range(200):
        mailbox.post(MoveTarget(1, Point(x, 0)))
    assert mailbox.drain().commands == (MoveTarget(1, Point(199, 0)),)


def test_moves_of_different_points_and_additions_all_stay_in_order():
    mailbox = CommandMailbox()
    commands = [
        AddPoint(DragPoint(1, Point(0, 0), Point(0, 0))),
        MoveTarget(1, Point(1, 1)),
        AddPoint(DragPoint(2, Point(0, 0), Point(0, 0))),
        MoveTarget(2, Point(2, 2)),
        RemovePoint(1),
        ClearPoints(),
    ]
    for command in commands:
        mailbox.post(command)
    assert mailbox.drain().commands == tuple(commands)


def test_a_replaced_command_takes_the_last_place():
    mailbox = CommandMailbox()
    added = AddPoint(DragPoint(1, Point(0, 0), Point(0, 0)))
    for command in (SetSeed(1), added, SetSeed(2)):
        mailbox.post(command)
    assert mailbox.drain().commands == (added, SetSeed(2))


def test_a_batch_knows_when_its_oldest_command_came():
    mailbox = CommandMailbox()
    before = time.perf_counter()
    mailbox.post(MoveTarget(1, Point(0, 0)))
    after = time.perf_counter()
    mailbox.post(MoveTarget(1, Point(1, 0)))
    assert before <= mailbox.drain().oldest_s <= after
    assert mailbox.drain().oldest_s is None


@pytest.mark.parametrize("how", ["post", "wake"])
def test_a_waiting_drain_is_woken(how):
    mailbox = CommandMailbox()
    action = mailbox.wake if how == "wake" else lambda: mailbox.post(ClearPoints())
    threading.Timer(0.05, action).start()
    start = time.perf_counter()
    mailbox.drain(timeout_s=10)
    assert time.perf_counter() - start < 5


def test_a_wake_before_the_drain_is_not_lost():
    mailbox = CommandMailbox()
    mailbox.wake()
    start = time.perf_counter()
    mailbox.drain(timeout_s=10)
    assert time.perf_counter() - start < 5


def test_latest_frame_wins_and_the_shown_buffer_is_never_handed_out():
    mailbox = FrameMailbox([["a"], ["b"], ["c"]])
    shown = None
    for number in range(20):
        buffer = mailbox.acquire()
        assert buffer is not shown
        mailbox.publish(frame(number), buffer)
        if number % 3 == 0:
            assert mailbox.take().sequence == number
            shown = buffer


def test_nobody_gets_a_frame_twice():
    mailbox = FrameMailbox([[1], [2], [3]])
    mailbox.publish(frame(0), mailbox.acquire())
    assert mailbox.take().sequence == 0
    assert mailbox.take() is None


def test_a_writer_and_a_reader_at_full_speed_never_share_a_buffer():
    buffers = [np.zeros(4096, np.int64) for _ in range(3)]
    mailbox = FrameMailbox(buffers)
    done = threading.Event()

    def write():
        for number in range(3000):
            buffer = mailbox.acquire()
            buffer[:] = number
            mailbox.publish(Frame(number, 0, buffer.view(np.uint8), (), None, arrived=True), buffer)
        done.set()

    threading.Thread(target=write).start()
    last = -1
    while not done.is_set():
        taken = mailbox.take()
        if taken is not None:
            numbers = taken.rgba.view(np.int64)
            assert numbers.min() == numbers.max() == taken.sequence > last
            last = taken.sequence


def test_old_buffers_are_let_go_when_the_size_changes():
    mailbox = FrameMailbox([["old"], ["older"], ["oldest"]])
    mailbox.publish(frame(0), mailbox.acquire())
    mailbox.take()
    mailbox.replace_buffers([["new"], ["newer"], ["newest"]])
    for number in range(6):
        buffer = mailbox.acquire()
        assert buffer[0].startswith("new")
        mailbox.publish(frame(number), buffer)
        mailbox.take()
