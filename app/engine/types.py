"""Frozen values that cross threads: commands in, frames and status out.

Coordinates are image pixels, order (x, y), y down, (0, 0) the centre of the top-left pixel
(docs/conventions.md). This module knows numpy and nothing else: no torch, no window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .opening import Opening, OpenModel

Tracker = Literal["l1", "l2"]
Activity = Literal["idle", "dragging", "paused"]


class Point(NamedTuple):
    """A position in image pixels."""

    x: float
    y: float

    def distance(self, other: Point) -> float:
        """Euclidean distance in pixels."""
        return float(np.hypot(self.x - other.x, self.y - other.y))


class Size(NamedTuple):
    """A picture's size in pixels."""

    width: int
    height: int

    def contains(self, point: Point) -> bool:
        """Whether the point lies on a pixel of the picture."""
        return (
            -0.5 <= point.x <= self.width - 0.5 and -0.5 <= point.y <= self.height - 0.5
        )  # also False for NaN


@dataclass(frozen=True, slots=True)
class DragPoint:
    """What a person asked for: the patch at `handle` is to go to `target`."""

    id: int
    handle: Point
    target: Point


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

    @property
    def reach_px(self) -> float:
        """How far from a handle, before it is tracked, the features are read."""
        return self.track_radius_px + self.motion_radius_px + self.speed_px

    @classmethod
    def for_model(cls, size: Size, preset: Mapping[str, float | int | str]) -> DragConfig:
        """The defaults for one model: radii scaled to its size, then its preset's values.

        Args:
            size: the model's picture size; radii are the paper's 3/512 and 12/512 of its height.
            preset: field name → value, from the checkpoint's metadata.

        Raises:
            ValueError: the preset names a field that does not exist or a value out of range.
        """
        scale = size.height / 512
        values: dict[str, float | int | str] = {
            "motion_radius_px": max(3 * scale, 1.0),
            "track_radius_px": max(round(12 * scale), 2),
            "feature_resolution": min(128, size.height),
        }
        unknown = sorted(set(preset) - {f.name for f in fields(cls)})
        if unknown:
            raise ValueError(f"drag preset: unknown field {unknown[0]!r}")
        return cls(**{**values, **preset})  # type: ignore[arg-type]


def _require(holds: bool, name: str, rule: str, config: DragConfig) -> None:
    if not holds:
        raise ValueError(f"{name} must be {rule}, not {getattr(config, name)!r}")


# --- Commands: what a person (or a script) asks of the engine -----------------------------------


@dataclass(frozen=True, slots=True)
class AddPoint:
    """Put a handle on the patch now at `handle` and pull it to `target`."""

    point: DragPoint


@dataclass(frozen=True, slots=True)
class MoveTarget:
    """Aim a point elsewhere."""

    id: int
    target: Point


@dataclass(frozen=True, slots=True)
class MoveHandle:
    """Take hold of another patch: the handle's reference feature is taken anew."""

    id: int
    handle: Point


@dataclass(frozen=True, slots=True)
class RemovePoint:
    """Let a point go; the picture stays as it is."""

    id: int


@dataclass(frozen=True, slots=True)
class ClearPoints:
    """Let all points go; the picture stays as it is."""


@dataclass(frozen=True, slots=True)
class ResetPicture:
    """Back to the picture of the seed: w+ as the mapping made it, no points; the mask stays."""


@dataclass(frozen=True, slots=True)
class SetSeed:
    """Another picture: points and mask belonged to the old one and go with it."""

    seed: int


@dataclass(frozen=True, slots=True)
class SetClass:
    """Another class of a conditional model, None for none: another picture, as `SetSeed`."""

    index: int | None


@dataclass(frozen=True, slots=True)
class SetTruncation:
    """Truncation psi (StyleGAN section B); the edit so far is kept as an offset in w+."""

    psi: float


@dataclass(frozen=True, slots=True)
class SetConfig:
    """New drag settings, from the next step on."""

    config: DragConfig


@dataclass(frozen=True, slots=True, eq=False)
class SetMask:
    """The movable region: float32 [H, W] in 0..1, 1 = movable; None lets everything move."""

    mask: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class SetPaused:
    """Stop or go on stepping."""

    paused: bool


Command: TypeAlias = (
    AddPoint
    | MoveTarget
    | MoveHandle
    | RemovePoint
    | ClearPoints
    | ResetPicture
    | SetSeed
    | SetClass
    | SetTruncation
    | SetConfig
    | SetMask
    | SetPaused
)


@dataclass(frozen=True, slots=True)
class Event:
    """One command as the engine drained it: after `step` steps, `time_s` after the start."""

    step: int
    time_s: float
    command: Command


# --- What comes back ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PointState:
    """A point as one frame shows it: where its patch is in *that* picture."""

    id: int
    handle: Point
    target: Point
    arrived: bool

    @property
    def distance_px(self) -> float:
        """How far the handle is from its target."""
        return self.handle.distance(self.target)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture with the points that belong to it.

    `rgba` is uint8 [H, W, 4] in a pooled buffer: valid until the reader takes the next frame
    from the mailbox, or, for a frame sink, until the sink returns.
    """

    sequence: int
    step: int
    rgba: NDArray[np.uint8]
    points: tuple[PointState, ...]
    input_s: float | None  # time.perf_counter() of the oldest command that it first answers
    arrived: bool  # every point has arrived (or there is none)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The loaded generator, as the window and reports show it; `path` is its file."""

    name: str
    path: Path
    size: Size
    num_ws: int
    classes: int
    feature_resolutions: tuple[int, ...]
    defaults: DragConfig


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """What runs the generator, and why it was picked."""

    name: str
    device: str  # the hardware's name
    dtype: str
    reason: str


@dataclass(frozen=True, slots=True)
class Loading:
    """No picture yet; `what` is a line for the person who waits."""

    what: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The model is loaded; `notice` is the last thing worth telling, or empty."""

    model: ModelInfo
    backend: BackendInfo
    activity: Activity
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """Something broke; `error` is one line, `detail` the traceback.

    With `model` the engine still takes commands (reset or another seed heals it); without, the
    model could not be loaded.
    """

    error: str
    detail: str
    model: ModelInfo | None = None


EngineStatus: TypeAlias = Loading | Ready | Failed


@dataclass(frozen=True, slots=True)
class StageStats:
    """Latency percentiles of one stage over its recent samples, in milliseconds."""

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class EngineStats:
    """The engine's clockwork: percentiles and rates of the last seconds, totals since the start."""

    stages: Mapping[str, StageStats] = field(default_factory=dict)
    steps_per_second: float = 0.0
    frames_per_second: float = 0.0
    mouse_to_frame: StageStats | None = None  # a command's post to the frame that shows it
    steps: int = 0
    frames: int = 0  # made while dragging
    active_s: float = 0.0  # time spent dragging; idle time is not in it


FrameSink: TypeAlias = Callable[[Frame], None]


class EngineClient(Protocol):
    """All that a window or a script needs of an engine, wherever it runs."""

    def post(self, command: Command) -> None:
        """Hand over a command; never waits."""

    def take_frame(self) -> Frame | None:
        """The newest frame not taken yet, or None; the frame taken before it becomes invalid."""

    def status(self) -> EngineStatus:
        """What the engine is doing now."""

    def stats(self) -> EngineStats:
        """Latencies and rates of the recent past."""

    def add_sink(self, sink: FrameSink) -> None:
        """Call `sink` with every frame, on the engine's thread: it must copy and return."""

    def remove_sink(self, sink: FrameSink) -> None:
        """Stop calling `sink`."""

    def open_model(self, request: OpenModel) -> None:
        """Load another model beside the one in use, which it replaces once it is ready.

        Then the status has another `model`, and what was posted for the old one is forgotten.
        """

    def cancel_opening(self) -> None:
        """Give up loading another model; forget that the last one could not be loaded."""

    def opening(self) -> Opening | None:
        """The model on its way, or the last one if it could not be loaded."""

    def stop(self) -> None:
        """End the engine and wait for its thread."""
