"""Keys → actions: polled, because handlers fire through dialogs and repeat while a key is held."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from .input import KEYS, Action

CODES = {
    "Left": dpg.mvKey_Left,
    "Right": dpg.mvKey_Right,
    "Backspace": dpg.mvKey_Back,
    "Delete": dpg.mvKey_Delete,
    "[": dpg.mvKey_Open_Brace,
    "]": dpg.mvKey_Close_Brace,
}
MODIFIERS = (dpg.mvKey_LControl, dpg.mvKey_RControl, dpg.mvKey_LAlt, dpg.mvKey_RAlt)


class Keyboard:
    """Which keys went down since the last look."""

    def __init__(self) -> None:
        self._codes = {action: _code(key) for action, key in KEYS.items()}
        self._down: set[int] = set()

    def pressed(self) -> list[Action]:
        """What the keys pressed since the last call ask for."""
        was, self._down = self._down, {c for c in self._codes.values() if dpg.is_key_down(c)}
        if any(map(dpg.is_key_down, MODIFIERS)):
            return []
        fresh = self._down - was
        return [action for action, code in self._codes.items() if code in fresh]

    @property
    def quits(self) -> bool:
        """Whether Ctrl+Q is down."""
        control = dpg.is_key_down(dpg.mvKey_LControl) or dpg.is_key_down(dpg.mvKey_RControl)
        return bool(control and dpg.is_key_down(dpg.mvKey_Q))


def _code(key: str) -> int:
    code: int = CODES.get(key) or getattr(dpg, f"mvKey_{key}")
    return code
