"""Keys → actions: polled, because handlers fire through dialogs and repeat while a key is held."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from .chords import Chords
from .picture.input import KEYS, Action

EQUAL = 602  # Dear PyGui names a key that no keyboard sends
CODES = {
    "Left": dpg.mvKey_Left,
    "Right": dpg.mvKey_Right,
    "Up": dpg.mvKey_Up,
    "Down": dpg.mvKey_Down,
    "?": dpg.mvKey_Slash,
    "Backspace": dpg.mvKey_Back,
    "Delete": dpg.mvKey_Delete,
    "[": dpg.mvKey_Open_Brace,
    "]": dpg.mvKey_Close_Brace,
    ",": dpg.mvKey_Comma,
    ".": dpg.mvKey_Period,
    "-": dpg.mvKey_Minus,
    "=": EQUAL,
    "PageUp": dpg.mvKey_Prior,
    "PageDown": dpg.mvKey_Next,
}
CONTROL = (dpg.mvKey_LControl, dpg.mvKey_RControl)
ALT = (dpg.mvKey_LAlt, dpg.mvKey_RAlt)
SHIFT = (dpg.mvKey_LShift, dpg.mvKey_RShift)
MODIFIERS = {"Ctrl": CONTROL, "Alt": ALT, "Shift": SHIFT}
ALSO: tuple[tuple[Action, str], ...] = (("redo", "Ctrl+Y"), ("keys", "F1"))


class Keyboard:
    """Which keys went down since the last look."""

    def __init__(self) -> None:
        self._actions = [(action, *_chord(key)) for action, key in (*KEYS.items(), *ALSO)]
        self._codes = {*(code for _, _, code in self._actions), dpg.mvKey_Q}
        self._chords = Chords()

    @property
    def quits(self) -> bool:
        """Whether Ctrl+Q went down."""
        return dpg.mvKey_Q in self._chords.fresh and self._with == {"Ctrl"}

    @property
    def holds_original(self) -> bool:
        """Whether the key that shows the original is down, alone."""
        return _code(KEYS["original"]) in self._chords.down and not self._with

    def pressed(self) -> list[Action]:
        """What the keys pressed since the last call ask for."""
        chords = self._chords
        chords.look(_down(self._codes), _down({*CONTROL, *ALT, *SHIFT}))
        with_keys = self._with
        return [a for a, keys, code in self._actions if code in chords.fresh and keys == with_keys]

    @property
    def _with(self) -> frozenset[str]:
        """The modifiers that count; shift does with another one only."""
        counting = self._chords.modifiers
        held = {name for name, codes in MODIFIERS.items() if not counting.isdisjoint(codes)}
        return frozenset() if held == {"Shift"} else frozenset(held)


def _down(codes: set[int]) -> set[int]:
    return {code for code in codes if dpg.is_key_down(code)}


def _chord(keys: str) -> tuple[frozenset[str], int]:
    *modifiers, key = keys.split("+")
    return frozenset(modifiers), _code(key)


def _code(key: str) -> int:
    code: int = CODES.get(key) or getattr(dpg, f"mvKey_{key}")
    return code
