"""How to drag, by name: the model's own way, the paper's, and the official code's.

The step size stays the model's in all of them: how far w+ must go for a pixel is a property of the
model, and the published sizes belong to the published models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from .types import DragConfig, ModelInfo

PresetName = Literal["live", "paper", "official"]
PRESETS: tuple[PresetName, ...] = get_args(PresetName)
FEATURES = 128  # height of the block that the paper supervises
FEW_POINTS = 5  # up to so many, the paper stops at 1 px, else at 2


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings, and when an edit with them is over."""

    config: DragConfig
    arrive_px: float  # all points this near to their targets


def preset(name: PresetName, model: ModelInfo, points: int = 1) -> Preset:
    """A preset for a model.

    Args:
        name: of it.
        model: whose picture is dragged.
        points: how many will be dragged at once.
    """
    defaults, height = model.defaults, model.size.height
    shared = replace(
        defaults,
        speed_px=1.0,
        first_layer=0,
        last_layer=min(5, model.num_ws - 1),
        feature_resolution=min(FEATURES, height),
        momentum=0.9,
        space="w",
        common_spread=0.0,
    )
    match name:
        case "live":
            return Preset(defaults, defaults.stop_px)
        case "paper":
            stop_px = 1.0 if points <= FEW_POINTS else 2.0
            config = replace(
                shared,
                motion_radius_px=max(3 / 512 * height, 1.0),
                track_radius_px=max(round(12 / 512 * height), 1),
                stop_px=stop_px,
                mask_weight=20.0,
                tracker="l1",
            )
            return Preset(config, stop_px)
        case "official":
            config = replace(
                shared,
                motion_radius_px=max(round(3 / 512 * height), 1),
                track_radius_px=max(round(12 / 512 * height), 1),
                stop_px=1.0,  # a point nearer than this does not pull; the edit ends before
                mask_weight=10.0,
                tracker="l2",
                disc="stretched",
            )
            return Preset(config, max(2 / 512 * height, 2.0))
