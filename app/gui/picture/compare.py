"""How the picture is compared with what it was: whole, by a split, as a difference. Pure.

What is shown is mixed here, pixel by pixel, before it becomes a texture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .viewport import Spot, ViewTransform, clamp

Mode = Literal["off", "split", "difference", "features"]
MODES: tuple[Mode, ...] = ("off", "split", "difference", "features")
GAIN = 4  # a difference of a quarter of the range is white
FEATURE_SHARE = 0.65
GRIP_PX = 9.0  # so near to the line, or its knob, is on it
SPLIT_STEP = 0.02

Picture = NDArray[np.uint8]


@dataclass(slots=True)
class Compare:
    """What the person chose.

    Attributes:
        mode: of the view.
        split: where the line is, 0 to 1 of the picture's width; the original is left of it.
        holding: the key for the original is down.
        grabbed: the line is in the hand.
    """

    mode: Mode = "off"
    split: float = 0.5
    holding: bool = False
    grabbed: bool = False

    @property
    def needs_original(self) -> bool:
        """Whether the original must be known."""
        return self.holding or self.mode in ("split", "difference")

    def toggle(self, mode: Mode) -> None:
        """Switch a view on, or off if it is on."""
        self.mode = "off" if self.mode == mode else mode

    def move_split(self, share: float) -> None:
        """Put the line somewhere else."""
        self.split = clamp(share, 0.0, 1.0)

    def line_px(self, view: ViewTransform) -> float:
        """Where the line is in the canvas."""
        (left, _), (right, _) = view.corners()
        return left + self.split * (right - left)

    def share_at(self, view: ViewTransform, x_px: float) -> float:
        """The split that a place in the canvas means."""
        (left, _), (right, _) = view.corners()
        return (x_px - left) / max(right - left, 1e-6)

    def is_at(self, view: ViewTransform, spot: Spot, reach_px: float) -> bool:
        """Whether that is on the line."""
        (_, top), (_, bottom) = view.corners()
        on_picture = top <= spot.y <= bottom
        near = abs(spot.x - self.line_px(view)) <= reach_px
        return self.mode == "split" and on_picture and near


def compose(
    now: Picture, compare: Compare, original: Picture | None, features: Picture | None
) -> Picture:
    """What is shown: uint8 [H, W, 4], `now` itself where nothing is to be compared.

    Args:
        now: the picture.
        compare: what is chosen.
        original: as it was, of the same size; None while it is not known.
        features: as colours, of any size; None while they are not known.
    """
    fits = original is not None and original.shape == now.shape
    if compare.holding:
        return original if fits and original is not None else now
    if compare.mode == "features" and features is not None:
        return over(now, features)
    if not fits or original is None:
        return now
    if compare.mode == "difference":
        return difference(now, original)
    if compare.mode == "split":
        column = round(compare.split * now.shape[1])
        shown = now.copy()
        shown[:, :column] = original[:, :column]
        return shown
    return now


def difference(now: Picture, before: Picture) -> Picture:
    """How far each channel is apart, brightened `GAIN` times, opaque."""
    apart = np.where(now > before, now - before, before - now)
    shown = np.minimum(apart, 255 // GAIN) * np.uint8(GAIN)
    shown[..., 3] = 255
    return shown.astype(np.uint8, copy=False)


def over(now: Picture, features: Picture) -> Picture:
    """The features, as large as the picture, over a grey one."""
    rows = np.arange(now.shape[0]) * features.shape[0] // now.shape[0]
    columns = np.arange(now.shape[1]) * features.shape[1] // now.shape[1]
    grey = now[..., :3].mean(axis=2, dtype=np.float32)[..., None] * (1 - FEATURE_SHARE)
    shown = np.empty_like(now)
    shown[..., :3] = grey + FEATURE_SHARE * features[rows][:, columns, :3]
    shown[..., 3] = 255
    return shown
