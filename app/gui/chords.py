"""Which keys went down, and with which modifiers: of what is polled once a frame. Pure."""

from __future__ import annotations

from collections.abc import Set


class Chords:
    """Remembers the look before.

    Between two looks a quick hand presses a letter and lets its modifier go: a modifier that was
    down at the look before still counts, unless a letter was pressed with it already. So Ctrl+X and
    then Q, all of it within a slow frame, is not Ctrl+Q.
    """

    def __init__(self) -> None:
        self._down: frozenset[int] = frozenset()
        self._held: frozenset[int] = frozenset()
        self._used = False  # the modifiers that are held had their letter
        self.fresh: frozenset[int] = frozenset()  # the letters that went down
        self.modifiers: frozenset[int] = frozenset()  # those that count for them

    def look(self, down: Set[int], held: Set[int]) -> None:
        """A look at the keyboard.

        Args:
            down: the letters that are down.
            held: the modifiers that are.
        """
        before = frozenset() if self._used else self._held
        self.fresh = frozenset(down) - self._down
        self.modifiers = before | held
        self._used = bool(held) and (self._used or bool(self.fresh))
        self._down, self._held = frozenset(down), frozenset(held)

    @property
    def down(self) -> frozenset[int]:
        """The letters that were down at the last look."""
        return self._down
