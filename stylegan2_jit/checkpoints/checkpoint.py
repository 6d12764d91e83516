"""What reading a file yields: a generator with what its file says of it, or only the latter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..config import GeneratorConfig
from ..networks import Generator

ModuleName = Literal["G_ema", "G"]  # the moving average over training (prettier), or the last step
Progress = Callable[[float], None]  # gets the share done, 0 to 1
Cancelled = Callable[[], bool]  # asked now and then: True ends the work


@dataclass(frozen=True, slots=True)
class PrecisionAdvice:
    """Whether float16 is safe for a model, and why; bfloat16 and float32 always are."""

    half_safe: bool
    reason: str  # one line for a person

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Names of the compute dtypes that do not overflow."""
        return ("bfloat16", "float32", *(("float16",) if self.half_safe else ()))


NO_ADVICE = PrecisionAdvice(False, "nobody has looked at this model's weights")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A generator with what its file says of it."""

    generator: Generator
    name: str
    drag_preset: Mapping[str, float | int | str]
    path: Path
    format: str = "made in this process"
    precision: PrecisionAdvice = NO_ADVICE


@dataclass(frozen=True, slots=True)
class CheckpointInfo:
    """What a file holds, without its weights having been read.

    Attributes:
        path: of the file.
        format: the container and who writes it, for people.
        name: the model's, from the file, or else the file's.
        config: of the generator; resolution, classes, ws and channels follow from it.
        modules: names of the networks in the file, the one described here first.
        parameters: number of trained values of the generator.
        precision: in which dtypes it runs.
        size_bytes: of the file.
        licence: of the weights, if the file says so.
        sha256: of the file's bytes, in hex, if asked for.
    """

    path: Path
    format: str
    name: str
    config: GeneratorConfig
    modules: tuple[str, ...]
    parameters: int
    precision: PrecisionAdvice
    size_bytes: int
    licence: str | None = None
    sha256: str | None = None

    @property
    def width(self) -> int:
        """The picture's, in pixels."""
        return self.config.img_width

    @property
    def height(self) -> int:
        """The picture's, in pixels."""
        return self.config.img_resolution

    @property
    def num_ws(self) -> int:
        """Style vectors in w+."""
        return self.config.num_ws

    @property
    def classes(self) -> int:
        """Classes to choose from; 0 for an unconditional model."""
        return self.config.c_dim

    @property
    def channels(self) -> Mapping[int, int]:
        """Block height → feature channels."""
        return {r: self.config.channels(r) for r in self.config.block_resolutions}

    def to_dict(self) -> dict[str, object]:
        """All of it, ready for JSON."""
        return {
            "path": str(self.path),
            "format": self.format,
            "name": self.name,
            "width": self.width,
            "height": self.height,
            "num_ws": self.num_ws,
            "classes": self.classes,
            "channels": {str(r): c for r, c in self.channels.items()},
            "parameters": self.parameters,
            "modules": list(self.modules),
            "precision": {"dtypes": list(self.precision.dtypes), "reason": self.precision.reason},
            "size_bytes": self.size_bytes,
            "licence": self.licence,
            "sha256": self.sha256,
            "config": self.config.to_dict(),
        }
