"""The panel's section for the settings: all of them, each restored by a double click."""

from __future__ import annotations

from functools import partial

from ...engine.presets import PRESETS, PresetName
from ...engine.types import ModelInfo
from ..desk import Desk
from ..keymap import shown
from ..picture.input import KEYS, Action
from ..theme import Item
from ..widgets import Bricks
from .sections import act
from .tuning import PRESET_TITLES, SETTINGS, Setting, choices, limits

PRESET_ACTIONS: dict[PresetName, Action] = {
    "live": "preset_live",
    "paper": "preset_paper",
    "official": "preset_official",
}
ABOVE, BELOW, LESS, MORE = (
    shown(KEYS[action])
    for action in ("setting_above", "setting_below", "setting_less", "setting_more")
)
BY_KEYS = (
    f"Double click for the model's own ({KEYS['setting_default']}). "
    f"{ABOVE} and {BELOW} choose a setting, {LESS} and {MORE} change it"
)


class SettingsSection:
    """Presets, and every field; what is not the model's own stands out."""

    def __init__(self, bricks: Bricks, desk: Desk) -> None:
        self._bricks, self._desk, self._tuning = bricks, desk, desk.tuning
        self._controls: dict[str, Item] = {}
        self._captions: dict[str, dict[int | str, str]] = {}
        about = "How it drags: acts from the next step on, and is remembered"
        with bricks.section("Settings", about, unfolded=False):
            self._build_presets()
            for setting in SETTINGS:
                self._controls[setting.field] = self._build(setting)
            about = f"The settings that the model came with ({KEYS['preset_live']})"
            bricks.button("Restore all", about, desk.tuning.restore_all, bricks.width())

    def adopt(self, model: ModelInfo) -> None:
        """Ranges and choices follow the model."""
        for setting in SETTINGS:
            control = self._controls[setting.field]
            if setting.pattern:
                self._bricks.limit(control, *limits(setting.field, model))
            else:
                values = choices(setting.field, model)
                self._captions[setting.field] = {value: caption for caption, value in values}
                self._bricks.offer(control, [caption for caption, _ in values])

    def refresh(self) -> None:
        """Show the desk as it is now."""
        tuning, bricks = self._tuning, self._bricks
        preset = tuning.preset
        for name, button in self._presets.items():
            bricks.dress(button, name.capitalize(), "toggled" if name == preset else None)
        for number, setting in enumerate(SETTINGS):
            control = self._controls[setting.field]
            value = getattr(self._desk.config, setting.field)
            if not setting.pattern:
                value = self._captions.get(setting.field, {}).get(value, str(value))
            bricks.show(control, value)
            chosen = tuning.shown and number == tuning.chosen
            bricks.tell_apart(control, differs=tuning.differs(setting.field), chosen=chosen)
        if tuning.asked:
            tuning.asked = False
            bricks.unfold("Settings")

    def _build_presets(self) -> None:
        bricks, third = self._bricks, self._bricks.width(1 / 3)
        with bricks.line():
            self._presets = {
                name: act(
                    bricks,
                    self._desk,
                    name.capitalize(),
                    PRESET_ACTIONS[name],
                    PRESET_TITLES[name],
                    third,
                )
                for name in PRESETS
            }

    def _build(self, setting: Setting) -> Item:
        bricks, about = self._bricks, f"{setting.about}. {BY_KEYS}"
        if setting.pattern:
            change = partial(self._tuning.set, setting.field)
            item = bricks.slider(
                setting.label, about, change, pattern=setting.pattern, whole=setting.whole
            )
        else:
            item = bricks.choice(setting.label, about, partial(self._choose, setting.field))
        bricks.on_double_click(item, partial(self._tuning.restore, setting.field))
        return item

    def _choose(self, field: str, caption: str) -> None:
        values = {caption: value for value, caption in self._captions[field].items()}
        self._tuning.set(field, values[caption])
