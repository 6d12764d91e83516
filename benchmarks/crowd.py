"""Many points and a painted mask, put into a window by its mouse as a person would."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from draglive.app.engine.types import Point, Size

from .scene import ring

if TYPE_CHECKING:
    from .latency import TracedWindow

AWAY = 0.12  # of the picture's width, from the brush's stroke to the picture's middle
SETTLE_S = 0.15  # a window looks at the mouse when it draws


def gather_crowd(window: TracedWindow, size: Size, points: int, hand: Point) -> None:
    """In place of the points there are: so many, far from their targets, under a mask.

    Args:
        window: with its left button down.
        size: of the picture.
        points: to have in the end, at least 1.
        hand: where the last one is put, which the hand then holds.
    """
    window.mouse.press(down=False)
    window.mouse.key("p")  # paused: handles stay where they are put
    window.mouse.key("x")
    time.sleep(SETTLE_S)
    _paint(window, size)
    for handle, target in ring(size, points - 1):
        _pull(window, handle, target)
        window.mouse.press(down=False)
        time.sleep(SETTLE_S)
    _pull(window, hand, Point(hand.x + AWAY * size.width / 2, hand.y))
    window.mouse.key("p")


def _pull(window: TracedWindow, handle: Point, target: Point) -> None:
    """Put a point and pull it, and keep hold."""
    before = len(_posted(window, "AddPoint"))
    window.move(handle)
    time.sleep(SETTLE_S)
    window.mouse.press(down=True)
    window.wait("a point", lambda: len(_posted(window, "AddPoint")) > before)
    moved = len(_posted(window, "MoveTarget"))
    window.move(target)
    window.wait("its target", lambda: len(_posted(window, "MoveTarget")) > moved)


def _paint(window: TracedWindow, size: Size) -> None:
    """A stroke around the middle frees what is under it; the rest must stay."""
    window.mouse.key("b")
    before = len(_posted(window, "SetMask"))
    for number in range(9):
        angle = math.pi / 4 * number
        x = size.width * (0.5 + AWAY * math.cos(angle))
        window.move(Point(x, size.height * (0.5 + AWAY * math.sin(angle))))
        time.sleep(SETTLE_S / 2)
        if number == 0:
            window.mouse.press(down=True)
            time.sleep(SETTLE_S)
    window.mouse.press(down=False)
    window.wait("a mask", lambda: len(_posted(window, "SetMask")) > before)
    window.mouse.key("b")
    time.sleep(SETTLE_S)


def _posted(window: TracedWindow, command: str) -> list[object]:
    return [event for event in window.events("command") if event["command"] == command]
