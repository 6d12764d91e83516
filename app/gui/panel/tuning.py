"""The settings of the drag as a person meets them: names, ranges, steps, defaults, presets. Pure.

Whatever is changed acts from the next step on. The defaults are the model's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from ...engine.presets import PRESETS, PresetName, preset
from ...engine.types import DragConfig, ModelInfo
from ..picture.input import Action
from ..picture.viewport import clamp

LARGEST_RADIUS_PX = 128  # of DragConfig
LOGARITHMIC = 1.25  # one press of a key, where a setting goes by factors
LARGEST_STEP_SIZE = 10.0  # times the model's own


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of `DragConfig`.

    Attributes:
        field: its name there.
        label: on the panel.
        about: what it does, for the tooltip.
        pattern: how its value is written; empty where it is chosen from a few.
        whole: it is a whole number.
        step: of the keys; None where it goes by factors.
    """

    field: str
    label: str
    about: str
    pattern: str = ""
    whole: bool = False
    step: float | None = None


SETTINGS: tuple[Setting, ...] = (
    Setting("step_size", "Step size", "How much one step may change", "%.4f"),
    Setting(
        "motion_radius_px",
        "Grip radius",
        "How large a patch around a handle is pulled (r1)",
        "%.1f px",
        step=0.5,
    ),
    Setting(
        "track_radius_px",
        "Search radius",
        "How far around a handle its patch is looked for (r2)",
        "%d px",
        whole=True,
        step=1,
    ),
    Setting(
        "mask_weight",
        "Mask weight",
        "How firmly the rest of the picture is held where a movable region is painted",
        "%.1f",
        step=5,
    ),
    Setting(
        "feature_resolution", "Feature map", "The block of the network that is pulled and tracked"
    ),
    Setting(
        "first_layer",
        "First layer",
        "The coarsest layer of w+ that may change",
        "%d",
        whole=True,
        step=1,
    ),
    Setting(
        "last_layer",
        "Last layer",
        "The finest layer of w+ that may change",
        "%d",
        whole=True,
        step=1,
    ),
    Setting(
        "space",
        "Moves",
        "What a step moves: w+ itself, or the axes along which the model's own w vary",
    ),
    Setting(
        "momentum",
        "Momentum",
        "How much of the steps before goes on in the next",
        "%.2f",
        step=0.05,
    ),
    Setting(
        "common_spread",
        "Evenness",
        "Likely axes, several points: 0 moves all alike, 1 each as far as it helps",
        "%.2f",
        step=0.05,
    ),
    Setting(
        "tracker", "Tracker", "How patches are compared: by absolute or by squared differences"
    ),
    Setting(
        "stop_px",
        "Stop within",
        "A handle this near to its target has arrived",
        "%.1f px",
        step=0.5,
    ),
    Setting("speed_px", "Speed", "How far one step pulls", "%.1f px", step=0.25),
)
BY_FIELD = {setting.field: setting for setting in SETTINGS}
PRESET_TITLES: dict[PresetName, str] = {
    "live": "The model's own settings, made for a moving hand",
    "paper": "As the paper has them (DragGAN, section 3.2 and its supplement)",
    "official": "As the official program has them, its stretched disc too",
}


class Settled(Protocol):
    """Whose settings they are (`desk.Desk`)."""

    model: ModelInfo | None
    config: DragConfig

    def configure(self, config: DragConfig) -> None:
        """Drag by these from the next step on."""


def limits(field: str, model: ModelInfo) -> tuple[float, float]:
    """From where to where a setting goes for this model."""
    own, last = model.defaults, model.num_ws - 1
    radius = min(max(4 * own.motion_radius_px, 8), LARGEST_RADIUS_PX)
    square = min(max(4 * own.track_radius_px, 16), LARGEST_RADIUS_PX)
    return {
        "step_size": (own.step_size / 20, own.step_size * LARGEST_STEP_SIZE),
        "motion_radius_px": (1.0, radius),
        "track_radius_px": (1, square),
        "mask_weight": (0.0, 100.0),
        "first_layer": (0, last),
        "last_layer": (0, last),
        "stop_px": (0.5, 10.0),
        "speed_px": (0.25, max(4.0, 4 * own.speed_px)),
        "momentum": (0.0, 0.98),
        "common_spread": (0.0, 0.95),
    }[field]


def choices(field: str, model: ModelInfo) -> tuple[tuple[str, int | str], ...]:
    """The values that a setting can have, each with its caption; empty where it is a number."""
    if field == "tracker":
        return ("L1", "l1"), ("L2", "l2")
    if field == "space":
        return ("w+", "w"), ("likely axes", "likely")
    if field == "feature_resolution":
        known = (r for r in model.feature_resolutions if 16 <= r <= 256)
        return tuple((f"{r} x {r}", r) for r in known)
    return ()


class Tuning:
    """Changes the settings; one of them is chosen, for the keys.

    Args:
        desk: whose they are.
    """

    def __init__(self, desk: Settled) -> None:
        self._desk = desk
        self.chosen = 0  # of `SETTINGS`
        self.shown = False  # the keys mean one of them
        self.asked = False  # they ask to see the settings

    def set(self, field: str, value: float | int | str) -> None:
        """Another value; one end of the layers pushes the other."""
        config = self._desk.config
        if field == "first_layer":
            last = max(int(value), config.last_layer)
            config = replace(config, first_layer=int(value), last_layer=last)
        elif field == "last_layer":
            first = min(int(value), config.first_layer)
            config = replace(config, first_layer=first, last_layer=int(value))
        else:
            config = replace(config, **{field: value})  # type: ignore[arg-type]
        self._desk.configure(config)

    def restore(self, field: str) -> None:
        """The model's own value."""
        if self._desk.model is not None:
            self.set(field, getattr(self._desk.model.defaults, field))

    def restore_all(self) -> None:
        """The settings that the model came with."""
        if self._desk.model is not None:
            self._desk.configure(self._desk.model.defaults)

    def differs(self, field: str) -> bool:
        """Whether a value is not the model's own."""
        model = self._desk.model
        return model is not None and getattr(self._desk.config, field) != getattr(
            model.defaults, field
        )

    def take(self, name: PresetName) -> None:
        """All settings of a preset."""
        if self._desk.model is not None:
            self._desk.configure(preset(name, self._desk.model).config)

    @property
    def preset(self) -> PresetName | None:
        """The preset that the settings are now, if they are one."""
        model = self._desk.model
        if model is None:
            return None
        return next((n for n in PRESETS if preset(n, model).config == self._desk.config), None)

    def choose(self, by: int) -> None:
        """The setting above or below, for the keys."""
        if self.shown:
            self.chosen = (self.chosen + by) % len(SETTINGS)
        self._ask()

    def nudge(self, by: int) -> None:
        """A little more or less of the chosen setting."""
        self._ask()
        model = self._desk.model
        if model is None:
            return
        setting = SETTINGS[self.chosen]
        value = getattr(self._desk.config, setting.field)
        if options := [v for _, v in choices(setting.field, model)]:
            at = options.index(value) + by if value in options else 0
            self.set(setting.field, options[min(max(at, 0), len(options) - 1)])
            return
        low, high = limits(setting.field, model)
        more = value * LOGARITHMIC**by if setting.step is None else value + by * setting.step
        nearest = clamp(more, low, high)
        self.set(setting.field, int(nearest) if setting.whole else nearest)

    def restore_chosen(self) -> None:
        """The model's own value of the chosen setting."""
        self._ask()
        self.restore(SETTINGS[self.chosen].field)

    def _ask(self) -> None:
        self.shown = self.asked = True


def tuning_actions(tuning: Tuning) -> dict[Action, Callable[[], None]]:
    """What the keys do, by the names of actions."""
    return {
        "preset_live": lambda: tuning.take("live"),
        "preset_paper": lambda: tuning.take("paper"),
        "preset_official": lambda: tuning.take("official"),
        "setting_above": lambda: tuning.choose(-1),
        "setting_below": lambda: tuning.choose(1),
        "setting_less": lambda: tuning.nudge(-1),
        "setting_more": lambda: tuning.nudge(1),
        "setting_default": tuning.restore_chosen,
    }
