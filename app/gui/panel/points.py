"""The panel's section for points: pins, groups, mirrored pairs, lost ones, how they are shown."""

from __future__ import annotations

from ...engine.types import ModelInfo
from ..desk import Desk
from ..picture.input import KEYS
from ..widgets import Bricks
from .sections import act


class PointsSection:
    """What points do besides being pulled."""

    def __init__(self, bricks: Bricks, desk: Desk) -> None:
        self._bricks, self._desk = bricks, desk
        third = bricks.width(1 / 3)
        marking = desk.marking
        with bricks.section("Points", "Pins, groups, pairs; Ctrl and a click chooses a point"):
            with bricks.line():
                about = (
                    "The point under the pointer, the chosen ones, or all: hold them where they "
                    "are, or let them go. Ctrl and a press on the picture puts a pin"
                )
                self._pin = act(bricks, desk, "Pin", "pin", about, third)
                about = "Chosen points keep their shape: pull one, and all go along"
                self._group = act(bricks, desk, "Group", "group", about, third)
                about = "New points come in mirrored pairs, and are pulled as in a mirror"
                self._mirror = act(bricks, desk, "Mirror", "mirror", about, third)
            with bricks.line():
                about = "Take hold anew: of what is under a lost point now, or the chosen ones"
                self._anchor = act(bricks, desk, "Anchor", "anchor", about, third)
                about = f"Points show their numbers ({KEYS['numbers']})"
                self._numbers = bricks.tick(
                    "Numbers", about, lambda on: marking.show(numbers=on), marking.numbers
                )
                about = f"Draw where handles went ({KEYS['trails']})"
                self._trails = bricks.tick(
                    "Trails", about, lambda on: marking.show(trails=on), marking.show_trails
                )

    def adopt(self, model: ModelInfo) -> None:
        """Nothing here depends on the model."""

    def refresh(self) -> None:
        """Show the desk as it is now."""
        marking, dress = self._desk.marking, self._bricks.dress
        dress(self._mirror, "Mirror", "toggled" if marking.mirror else None)
        lost = len(marking.lost)
        dress(self._anchor, f"Anchor {lost}" if lost else "Anchor", "primary" if lost else None)
        self._bricks.show(self._numbers, marking.numbers)
        self._bricks.show(self._trails, marking.show_trails)
