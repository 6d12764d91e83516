"""The seed gallery: which seeds are on its page. Pure.

A page begins at any seed; the chosen one is brought onto it. Pictures come when the engine has
time, and what was drawn before is shown until then.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_SEED = 2**32 - 1  # numpy's RandomState takes no more
THUMB_PX = 128  # asked for at this height, whatever the scale


@dataclass(slots=True)
class Gallery:
    """What the person looks at.

    Attributes:
        shown: the gallery is open.
        first: the seed at its top.
        columns: of thumbnails.
        rows: that fit.
    """

    shown: bool = False
    first: int = 0
    columns: int = 2
    rows: int = 1

    @property
    def count(self) -> int:
        """Seeds on a page."""
        return self.columns * self.rows

    @property
    def seeds(self) -> range:
        """Those on the page."""
        return range(self.first, min(self.first + self.count, MAX_SEED + 1))

    def toggle(self, seed: int) -> None:
        """Open or close it; it opens where the present picture is."""
        self.shown = not self.shown
        if self.shown:
            self.show(seed)

    def show(self, seed: int) -> None:
        """Have a seed on the page, which stays if it is there already."""
        if seed not in self.seeds:
            self.go(seed - seed % self.columns)

    def go(self, first: int) -> None:
        """Begin the page there."""
        self.first = max(0, min(first, MAX_SEED - self.count + 1))

    def turn(self, pages: int) -> None:
        """So many pages on."""
        self.go(self.first + pages * self.count)

    def scroll(self, rows: int) -> None:
        """So many rows on."""
        self.go(self.first + rows * self.columns)


def read_seed(text: str) -> int | None:
    """A seed that was typed or pasted, with or without words around it; None if there is none."""
    digits = "".join(c if c.isascii() and c.isdecimal() else " " for c in text).split()
    if len(digits) != 1 or int(digits[0]) > MAX_SEED:
        return None
    return int(digits[0])
