"""The settings of a drag; users know them as `types.DragConfig`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .types import Size

Tracker = Literal["l1", "l2"]
Disc = Literal["centred", "stretched"]
Space = Literal["w", "likely"]


@dataclass(frozen=True, slots=True)
class DragConfig:
    """The settings of a drag (DragGAN section 3.2 and its supplement). Defaults live here, once.

    Lengths are image pixels; a model's own preset replaces the defaults (`DragPreset`).
    """

    step_size: float = 2e-3  # Adam's learning rate in w+
    motion_radius_px: float = 3.0  # r1, of the motion supervision disc
    track_radius_px: int = 12  # r2, half the side of the tracking square
    speed_px: float = 1.0  # length of the supervised motion d, clipped to what remains
    stop_px: float = 1.0  # a handle this near its target has arrived
    mask_weight: float = 20.0  # lambda
    first_layer: int = 0  # of w+, inclusive
    last_layer: int = 5  # of w+, inclusive
    feature_resolution: int = 128  # the block whose output is supervised and tracked
    tracker: Tracker = "l1"
    disc: Disc = "centred"  # stretched: as the official code cuts it (`kernels.stretched_disc`)
    momentum: float = 0.9  # Adam's β1
    space: Space = "w"  # what a step moves: w+ itself, or its coordinates on `axes.LikelyAxes`
    common_spread: float = 0.0  # of those, with several points: 0 is Adam (`kernels.adam`)

    def __post_init__(self) -> None:
        """Refuse values that no drag can use, naming field, rule and value."""
        for name in ("step_size", "motion_radius_px", "speed_px", "stop_px"):
            _require(0 < getattr(self, name) < float("inf"), name, "above 0", self)
        _require(1 <= self.track_radius_px <= 128, "track_radius_px", "from 1 to 128", self)
        _require(self.motion_radius_px <= 128, "motion_radius_px", "at most 128", self)
        _require(0 <= self.mask_weight < float("inf"), "mask_weight", "0 or above", self)
        _require(self.first_layer >= 0, "first_layer", "0 or above", self)
        _require(
            self.last_layer >= self.first_layer,
            "last_layer",
            f"at least first_layer ({self.first_layer})",
            self,
        )
        _require(self.tracker in ("l1", "l2"), "tracker", "'l1' or 'l2'", self)
        discs = "'centred' or 'stretched'"
        _require(self.disc in ("centred", "stretched"), "disc", discs, self)
        _require(0 <= self.momentum < 1, "momentum", "from 0 to below 1", self)
        _require(0 <= self.common_spread < 1, "common_spread", "from 0 to below 1", self)
        _require(self.space in ("w", "likely"), "space", "'w' or 'likely'", self)

    @property
    def reach_px(self) -> float:
        """How far from a handle, before it is tracked, the features are read."""
        return self.track_radius_px + self.motion_radius_px + self.speed_px

    @classmethod
    def for_model(cls, size: Size, preset: Mapping[str, float | int | str]) -> DragConfig:
        """The defaults for one model: radii scaled to its size, then its preset's values.

        Args:
            size: the model's picture size; radii are the paper's 3/512 and 12/512 of its height,
                the supervised motion 4/512. What else differs from the paper is what dragged best
                (`draglive bench landmarks`).
            preset: field name → value, from the checkpoint's metadata.

        Raises:
            ValueError: the preset names a field that does not exist or a value out of range.
        """
        scale = size.height / 512
        values: dict[str, float | int | str] = {
            "motion_radius_px": max(3 * scale, 1.0),
            "track_radius_px": max(round(12 * scale), 2),
            "speed_px": max(4 * scale, 1.0),
            "feature_resolution": min(128, size.height),
            "momentum": 0.8,
            "space": "likely",
            "common_spread": 0.75,
        }
        unknown = sorted(set(preset) - {f.name for f in fields(cls)})
        if unknown:
            raise ValueError(f"drag preset: unknown field {unknown[0]!r}")
        return cls(**{**values, **preset})  # type: ignore[arg-type]


def _require(holds: bool, name: str, rule: str, config: DragConfig) -> None:
    if not holds:
        raise ValueError(f"{name} must be {rule}, not {getattr(config, name)!r}")
