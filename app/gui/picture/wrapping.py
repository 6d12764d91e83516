"""Words that are longer than the room they have. Pure."""

from __future__ import annotations

from collections.abc import Callable


def wrapped(text: str, room_px: float, width: Callable[[str], float]) -> list[str]:
    """The text in lines that fit; a word that does not has a line of its own.

    Args:
        text: of one line.
        room_px: how long a line may be.
        width: of some text, in pixels.
    """
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer) <= room_px:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
