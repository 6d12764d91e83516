"""From factors to the numbers that a ray needs: sizes, places, turns, colours, lights.

Lengths are in units of about a skull's radius, in the head's own frame: x to the picture's right,
y up, z towards the camera. All the numbers of a creature are one row of a packed tensor, so that
generated code can read them as an array (`LAYOUT` names the columns).
"""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from .colours import FUR_BASE, FUR_DARK, FUR_LIGHT, IRIS, NOSE, from_hsv, linear, ramp
from .factors import FACTORS

CAMERA_DISTANCE: Final = 7.0
FOCAL_LENGTH: Final = 4.0  # in half picture widths
DEGREE: Final = math.pi / 180

_WIDTHS: Final = {
    # pose: head to world (row major), size, the head's centre, the camera in the head's frame
    **{"turn": 9, "size": 1, "centre": 3, "camera": 3},
    # mouth and face
    **{"mouth": 1, "jaw_cos": 1, "jaw_sin": 1, "muzzle_len": 1, "muzzle_width": 1},
    **{"face_width": 1, "cheek": 1, "nose_size": 1},
    # ears: length, root's and tip's radius, place of the root, direction (sin, cos) of each
    **{"ear_len": 1, "ear_width": 1, "ear_tip": 1, "ear_x": 1, "ear_y": 1, "ear_l": 2, "ear_r": 2},
    # eyes
    **{"eye_open": 1, "eye_radius": 1, "eye_x": 1, "eye_y": 1, "eye_z": 1},
    **{"gaze_x": 1, "gaze_y": 1, "pupil": 1, "brow": 1},
    **{"mane": 1, "tuft": 1},
    # colours
    **{"base": 3, "light": 3, "mane_colour": 3, "dark": 3, "iris": 3, "nose": 3, "ear_inner": 3},
    **{"stripes": 1, "ear_dark": 1, "sky_top": 3, "sky_bottom": 3, "glow": 1},
    # light: towards the key light in world and head frame, towards the rim light (head frame)
    **{"light_world": 3, "light_head": 3, "rim_head": 3},
    **{"key_colour": 3, "above_colour": 3, "below_colour": 3},
}


def _columns() -> dict[str, tuple[int, int]]:
    columns, start = {}, 0
    for name, width in _WIDTHS.items():
        columns[name] = (start, width)
        start += width
    return columns


LAYOUT: Final = _columns()
WIDTH: Final = sum(_WIDTHS.values())


class Creature:
    """Reads packed parameters [N, WIDTH] (or their symbols) by name."""

    def __init__(self, packed: Tensor) -> None:
        self._packed = packed

    def __getitem__(self, name: str) -> Tensor:
        """A single number of each creature: [N, 1]."""
        start = LAYOUT[name][0]
        return self._packed[:, start : start + 1]

    def vector(self, name: str) -> list[Tensor]:
        """Several numbers of each creature: a list of [N, 1]."""
        start, width = LAYOUT[name]
        return [self._packed[:, i : i + 1] for i in range(start, start + width)]


class _Ranges:
    """Factors [N, 43] as values in ranges, each [N, 1]."""

    def __init__(self, factors: Tensor) -> None:
        self.factors = factors.float()

    def __getitem__(self, name: str) -> Tensor:
        i = FACTORS.index(name)
        return self.factors[:, i : i + 1]

    def between(self, name: str, low: float, high: float) -> Tensor:
        """Uniform from low to high."""
        return low + (high - low) * self[name]

    def around(self, name: str, low: float, high: float, power: float = 1.2) -> Tensor:
        """From low to high with more weight in the middle."""
        s = self[name] * 2 - 1
        return (low + high) / 2 + (high - low) / 2 * s.sign() * s.abs() ** power

    def beyond(self, name: str, start: float) -> Tensor:
        """0 up to `start`, then rising to 1."""
        return ((self[name] - start) / (1 - start)).clamp(0, 1)


def parameters(factors: Tensor) -> Tensor:
    """Factors float32 [N, 43] in 0..1 to packed parameters float32 [N, WIDTH]."""
    u = _Ranges(factors)
    mane = u.beyond("mane", 0.30) ** 0.8  # 30 % have none
    face_width = u.between("face_width", 0.90, 1.12)
    values = {"mane": mane, "face_width": face_width}
    values |= _pose(u, mane)
    values |= _mouth(u)
    values |= _ears(u, mane, face_width)
    values |= _eyes(u, face_width)
    values |= _fur(u)
    values |= _background(u)
    values |= _light(u, values["turn"].reshape(-1, 3, 3), values)
    return torch.cat([values[name] for name in LAYOUT], 1).contiguous()


def _rotation(yaw: Tensor, pitch: Tensor, roll: Tensor) -> Tensor:
    """Head to world, [N, 3, 3]: Rz(roll) Ry(yaw) Rx(-pitch); positive pitch looks up."""
    one, zero = torch.ones_like(yaw), torch.zeros_like(yaw)

    def matrix(*rows: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        return torch.stack([torch.cat(row, 1) for row in rows], 1)

    around_x = matrix(
        (one, zero, zero), (zero, pitch.cos(), pitch.sin()), (zero, -pitch.sin(), pitch.cos())
    )
    around_y = matrix(
        (yaw.cos(), zero, yaw.sin()), (zero, one, zero), (-yaw.sin(), zero, yaw.cos())
    )
    around_z = matrix(
        (roll.cos(), -roll.sin(), zero), (roll.sin(), roll.cos(), zero), (zero, zero, one)
    )
    return around_z @ around_y @ around_x


def _pose(u: _Ranges, mane: Tensor) -> dict[str, Tensor]:
    turn = _rotation(
        u.around("yaw", -46, 46, 1.15) * DEGREE,
        u.around("pitch", -20, 20, 1.15) * DEGREE,
        u.around("roll", -11, 11, 1.3) * DEGREE,
    )
    size = u.around("scale", 0.90, 1.12) * (1.10 - 0.10 * mane)
    x, y = u.around("posx", -0.16, 0.16), u.around("posy", -0.13, 0.13) - 0.14
    centre = torch.cat([x, y, torch.zeros_like(x)], 1)
    camera = torch.tensor([0.0, 0.0, CAMERA_DISTANCE], device=x.device) - centre
    camera = torch.einsum("bji,bj->bi", turn, camera) / size
    return {"turn": turn.reshape(-1, 9), "size": size, "centre": centre, "camera": camera}


def _mouth(u: _Ranges) -> dict[str, Tensor]:
    opening = u.beyond("mouth", 0.22)
    mouth = opening * opening * (3 - 2 * opening) * 0.35 + opening * 0.65
    return {
        "mouth": mouth,
        "jaw_cos": (mouth * 0.55).cos(),
        "jaw_sin": (mouth * 0.55).sin(),
        "muzzle_len": u.around("muzzle_len", -0.09, 0.22),
        "muzzle_width": u.between("muzzle_width", 0.88, 1.18),
        "cheek": u.between("cheek", 0.85, 1.18),
        "nose_size": u.between("nose_size", 0.80, 1.25),
    }


def _ears(u: _Ranges, mane: Tensor, face_width: Tensor) -> dict[str, Tensor]:
    width = u.between("ear_width", 0.24, 0.34)
    point = u["ear_point"]
    place = u.between("ear_place", 30, 58) * DEGREE
    out = 0.66 + 0.15 * mane  # the ears ride on the mane
    left, right = (
        place + (u.around(f"ear_tilt_{side}", -24, 26) - 10) * DEGREE for side in ("l", "r")
    )
    return {
        "ear_len": u.around("ear_len", 0.14, 0.78, 1.25),
        "ear_width": width,
        "ear_tip": width * 0.86 * (1 - point) + 0.05 * point,
        "ear_x": place.sin() * out * face_width,
        "ear_y": 0.12 + place.cos() * out,
        "ear_l": torch.cat([left.sin(), left.cos()], 1),
        "ear_r": torch.cat([right.sin(), right.cos()], 1),
    }


def _eyes(u: _Ranges, face_width: Tensor) -> dict[str, Tensor]:
    return {
        "eye_open": u["eye_open"] ** 0.42,
        "eye_radius": u.between("eye_size", 0.255, 0.330),
        "eye_x": u.between("eye_space", 0.315, 0.390) * face_width,
        "eye_y": torch.full_like(face_width, 0.085),
        "eye_z": torch.full_like(face_width, 0.560),
        "gaze_x": u.around("gaze_x", -0.30, 0.30),
        "gaze_y": u.around("gaze_y", -0.22, 0.22),
        "pupil": u.between("pupil", 0.28, 0.54),
        "brow": u.between("brow", -1, 1),
        "tuft": u.between("mane_tuft", 0.03, 0.10),
    }


def _fur(u: _Ranges) -> dict[str, Tensor]:
    bright = u.between("fur_bright", 0.84, 1.12)
    base = linear(ramp(u["fur"], FUR_BASE) * bright)
    light = linear(ramp(u["fur"], FUR_LIGHT))
    dark = linear(ramp(u["fur"], FUR_DARK) * (0.5 + 0.5 * bright))
    pale_mane = u["mane_col"]
    flesh = torch.tensor([0.78, 0.36, 0.33], device=light.device)
    return {
        "base": base,
        "light": base + (light - base) * u.between("light_patch", 0.25, 1.0),
        "mane_colour": dark * (1 - pale_mane) + (0.55 * base + 0.45 * light) * pale_mane,
        "dark": dark * 0.7 + base * 0.12,
        "iris": linear(ramp(u["iris"], IRIS)),
        "nose": ramp(u["nose_col"], NOSE),
        "ear_inner": 0.62 * flesh + 0.342 * light,
        "stripes": u.beyond("stripes", 0.5) * 0.85,
        "ear_dark": u.beyond("ear_dark", 0.3),
    }


def _background(u: _Ranges) -> dict[str, Tensor]:
    saturation, value = u.between("bg_sat", 0.06, 0.42), u.between("bg_val", 0.66, 0.98)
    hue_below = u["bg_hue"] + (u["bg_shift"] - 0.5) * 0.30
    below = from_hsv(hue_below, (saturation * 1.25).clamp(0, 1), value * 0.74)
    return {
        "sky_top": linear(from_hsv(u["bg_hue"], saturation, value)),
        "sky_bottom": linear(below),
        "glow": u.between("bg_glow", 0.05, 0.45),
    }


def _light(u: _Ranges, turn: Tensor, values: dict[str, Tensor]) -> dict[str, Tensor]:
    azimuth = u.around("light_az", -62, 62, 1.0) * DEGREE
    height = u.between("light_el", 18, 62) * DEGREE
    world = torch.cat([azimuth.sin() * height.cos(), height.sin(), azimuth.cos() * height.cos()], 1)
    across = -azimuth.sign() * 0.75 * (azimuth.abs() / 0.3).clamp(0, 1)
    behind = torch.full_like(across, -0.62)
    rim = F.normalize(torch.cat([across, torch.full_like(across, 0.45), behind], 1), dim=1)
    warm, top, bottom = u["light_warm"], values["sky_top"], values["sky_bottom"]
    return {
        "light_world": world,
        "light_head": torch.einsum("bji,bj->bi", turn, world),
        "rim_head": torch.einsum("bji,bj->bi", turn, rim),
        "key_colour": torch.cat([1.0 + 0.10 * warm, 0.98 - 0.02 * warm, 1.00 - 0.30 * warm], 1),
        "above_colour": 0.60 * top + 0.40 * top.mean(1, keepdim=True) + 0.03,
        "below_colour": 0.5 * bottom + 0.45 * bottom.mean(1, keepdim=True),
    }
