"""A scripted tour of the window: a hand performs every feature, and each leaves a picture.

A chapter is a function that is given the stage. It opens windows (`stage.window`), acts as a person
does (`press_control("Settings")`, `key("ctrl+z")`, `pull(start, end)`), waits for what must come of
it, and photographs (`stage.shoot(window, "settings")` makes docs/pictures/settings.png). The trace
names every control that can be pressed; what has not come of it in time is an error.
"""

from __future__ import annotations

from collections.abc import Callable

from . import compare, dialogs, history, masks, points, seeds, settings, sliders, window
from .stage import Stage

CHAPTERS: dict[str, Callable[[Stage], None]] = {
    "settings": settings.perform,
    "window": window.perform,
    "points": points.perform,
    "masks": masks.perform,
    "history": history.perform,
    "compare": compare.perform,
    "seeds": seeds.perform,
    "sliders": sliders.perform,
    "dialogs": dialogs.perform,
}
