"""All that can be done with mouse and keyboard, for the map that `?` shows. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .picture.input import KEYS, Action


@dataclass(frozen=True, slots=True)
class Group:
    """Things that belong together: how they are done, and what they do."""

    title: str
    lines: tuple[tuple[str, str], ...]


TITLES: dict[str, dict[Action, str]] = {
    "Picture": {
        "random": "another picture",
        "previous": "the seed before",
        "next": "the next seed",
        "models": "another model",
        "psi_down": "less truncation psi",
        "psi_up": "more truncation psi",
        "class_before": "the class before",
        "class_after": "the next class",
        "fit": "the whole picture",
    },
    "Drag": {
        "pause": "pause, go on",
        "undo": "undo",
        "redo": "redo",
        "remove_point": "remove the point",
        "reset_points": "let all points go",
        "reset_picture": "back to the seed's picture",
    },
    "Points": {
        "pin": "pin, unpin",
        "group": "group, ungroup",
        "mirror": "mirrored pairs",
        "anchor": "take hold anew",
        "numbers": "numbers",
        "trails": "trails",
    },
    "Movable region": {
        "brush": "brush of what may move",
        "protect": "brush of what must stay",
        "part": "the part under the pointer",
        "erase": "erase",
        "invert": "the other way round",
        "show_mask": "show, hide",
        "smaller": "smaller brush; also the wheel",
        "larger": "larger brush",
        "harder": "harder edge",
        "softer": "softer edge",
        "load_mask": "load from a PNG",
        "save_mask": "save to a PNG",
        "reset_mask": "wipe the region",
    },
    "Timeline": {
        "earlier": "see what was before",
        "later": "see what came after",
        "first_state": "the beginning",
        "last_state": "the end",
        "branch_before": "the branch before",
        "branch_after": "the next branch",
    },
    "Compare": {
        "original": "hold: as it was",
        "split": "original and now, side by side",
        "split_left": "the line to the left",
        "split_right": "the line to the right",
        "difference": "what has changed",
        "features": "the tracked features",
    },
    "Seeds and sliders": {
        "gallery": "gallery of seeds",
        "page_back": "earlier seeds",
        "page_on": "more seeds",
        "mix": "mix with another seed",
        "keep_slider": "keep the drag as a slider",
        "slider_before": "the slider above",
        "slider_after": "the slider below",
        "weaker": "less of the slider",
        "stronger": "more of the slider",
        "rename_slider": "rename the slider",
        "delete_slider": "delete the slider",
    },
    "Settings": {
        "preset_live": "the model's own",
        "preset_paper": "as the paper",
        "preset_official": "as the official program",
        "setting_above": "the setting above",
        "setting_below": "the setting below",
        "setting_less": "less of it",
        "setting_more": "more of it",
        "setting_default": "its default",
    },
    "Window": {
        "open": "open a file",
        "save": "save the edit",
        "keep_picture": "save the picture",
        "record": "record a video",
        "panel": "panel",
        "panel_wider": "wider panel",
        "panel_narrower": "narrower panel",
        "figures": "figures",
        "theme": "light, dark",
        "keys": "this map; also F1",
    },
}
MOUSE = {
    "Drag": (
        ("Press and pull", "put a point and pull it"),
        ("Right click", "remove a point"),
        ("Shift", "straight across or down"),
    ),
    "Points": (
        ("Ctrl and click a point", "choose it"),
        ("Ctrl and press", "put a pin"),
    ),
    "Picture": (
        ("Wheel", "zoom"),
        ("Space, middle button", "move the view"),
    ),
    "Timeline": (("Pull along the strip", "see the edit again; let go to be there"),),
    "Seeds and sliders": (("Right click a seed", "mix with it"),),
    "Window": (("Ctrl+Q", "close"),),
}


ARROWS = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓"}


def shown(keys: str) -> str:
    """Keys as they are shown: arrows as arrows."""
    *modifiers, key = keys.split("+")
    return "+".join([*modifiers, ARROWS.get(key, key)])


def keymap() -> tuple[Group, ...]:
    """Everything, by subject; an action without a title has its name."""
    groups = [
        Group(
            title, (*MOUSE.get(title, ()), *((shown(KEYS[a]), what) for a, what in titles.items()))
        )
        for title, titles in TITLES.items()
    ]
    titled = {action for titles in TITLES.values() for action in titles}
    others = [(shown(KEYS[a]), a.replace("_", " ")) for a in KEYS if a not in titled]
    return (*groups, Group("More", tuple(others))) if others else tuple(groups)
