"""What a generator is made of: its configuration, checked once, here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal

Architecture = Literal["skip", "resnet"]


# Far above any model; beyond them a damaged file would ask for more layers than there is time.
_WHOLE = {
    "z_dim": 65536,
    "c_dim": 65536,
    "w_dim": 65536,
    "img_resolution": 1024,
    "img_channels": 3,
    "channel_base": 2**20,
    "channel_max": 65536,
    "num_layers": 64,
}


class ConfigError(ValueError):
    """A configuration that is no StyleGAN2 generator: field, rule and value in one line."""


@dataclass(frozen=True, slots=True)
class GeneratorConfig:
    """Configuration of a StyleGAN2 generator (Karras et al. 2020), in NVIDIA's field names.

    Raises:
        ConfigError: a value that no generator can have.
    """

    z_dim: int = 512
    c_dim: int = 0  # classes; 0 = unconditional
    w_dim: int = 512
    img_resolution: int = 1024  # the picture's height
    img_channels: int = 3
    channel_base: int = 32768
    channel_max: int = 512
    num_layers: int = 8  # of the mapping network
    lr_multiplier: float = 0.01  # of the mapping network: its weights are stored divided by it
    architecture: Architecture = "skip"
    conv_clamp: float | None = None
    narrow: bool = False  # a picture half as wide as it is high (StyleGAN-Human)

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        for name, highest in _WHOLE.items():
            value = getattr(self, name)
            fits = type(value) is int and value <= highest
            self._require(name, fits, f"a whole number up to {highest}")
        self._require("narrow", type(self.narrow) is bool, "true or false")
        height = self.img_resolution
        self._require("img_resolution", height in (32, 64, 128, 256, 512, 1024), "32, 64 … 1024")
        self._require("img_channels", self.img_channels == 3, "3")
        self._require("architecture", self.architecture in ("skip", "resnet"), "skip or resnet")
        self._require("c_dim", self.c_dim >= 0, "0 or above")
        self._require("lr_multiplier", _positive(self.lr_multiplier), "a number above 0")
        clamp = self.conv_clamp
        self._require("conv_clamp", clamp is None or _positive(clamp), "above 0, or none")
        for name in ("z_dim", "w_dim", "channel_max", "num_layers"):
            self._require(name, getattr(self, name) >= 1, "1 or above")
        self._require(
            "channel_base", self.channel_base >= height, f"at least the resolution ({height})"
        )

    def _require(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            raise ConfigError(f"generator: {name} must be {rule}, not {getattr(self, name)!r}")

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> GeneratorConfig:
        """Build from a mapping such as a checkpoint's metadata.

        Raises:
            ConfigError: an unknown field, or a value of the wrong type or range.
        """
        known = {f.name for f in fields(cls)}
        for name in values:
            if name not in known:
                raise ConfigError(f"generator: unknown field {name!r}")
        try:
            return cls(**values)  # type: ignore[arg-type]
        except TypeError as error:
            raise ConfigError(f"generator: {error}") from error

    def to_dict(self) -> dict[str, object]:
        """All fields, ready for a file."""
        return asdict(self)

    @property
    def block_resolutions(self) -> tuple[int, ...]:
        """Heights of the synthesis blocks: 4, 8 … img_resolution."""
        return tuple(2**k for k in range(2, self.img_resolution.bit_length()))

    @property
    def img_width(self) -> int:
        """The picture's width."""
        return self.width_at(self.img_resolution)

    @property
    def num_ws(self) -> int:
        """Number of style vectors in w+: two a block."""
        return 2 * len(self.block_resolutions)

    def channels(self, resolution: int) -> int:
        """Feature channels of the block of that height."""
        return min(self.channel_base // resolution, self.channel_max)

    def width_at(self, resolution: int) -> int:
        """Width of the feature map of the block of that height."""
        return resolution // 2 if self.narrow else resolution


def _positive(value: object) -> bool:
    return isinstance(value, (int, float)) and 0 < value < math.inf
