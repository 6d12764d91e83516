"""Frozen values that cross threads: commands in, frames and status out.

Coordinates are image pixels, order (x, y), y down, (0, 0) the centre of the top-left pixel
(docs/conventions.md). This module knows numpy and nothing else: no torch, no window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import blends, marks, settings

if TYPE_CHECKING:
    from .asking import Answer, Question
    from .history import History
    from .masks import PackedMask
    from .opening import Opening, OpenModel

# Trust: 91 pulls on the default model that followed their patch ended from 0.70 up; two places
# of one picture that have nothing to do with each other are at 0.73 in the median.
LOST_BELOW = 0.65
UNSURE_BELOW = 0.85

Activity = Literal["idle", "dragging", "paused"]


Point = marks.Point
Size = marks.Size
DragPoint = marks.DragPoint
Tracker = settings.Tracker
DragConfig = settings.DragConfig
Mix = blends.Mix
Direction = blends.Direction
Slider = blends.Slider
SetMix = blends.SetMix
AddDirection = blends.AddDirection
SetStrength = blends.SetStrength
RemoveDirection = blends.RemoveDirection
AddPoint = marks.AddPoint
AddPoints = marks.AddPoints
MoveTarget = marks.MoveTarget
MoveHandle = marks.MoveHandle
RemovePoint = marks.RemovePoint
ClearPoints = marks.ClearPoints
PinPoint = marks.PinPoint
UnpinPoint = marks.UnpinPoint
GroupPoints = marks.GroupPoints
UngroupPoints = marks.UngroupPoints


# --- Commands: what a person (or a script) asks of the engine -----------------------------------


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

    mask: NDArray[np.float32] | PackedMask | None


@dataclass(frozen=True, slots=True)
class SetPaused:
    """Stop or go on stepping."""

    paused: bool


@dataclass(frozen=True, slots=True)
class EndGesture:
    """The hand let go: what comes next is another action, with a state of its own to undo to."""


@dataclass(frozen=True, slots=True)
class Undo:
    """Back to the state before the last action; what was undone stays in the tree of states."""


@dataclass(frozen=True, slots=True)
class Redo:
    """Forward again, to the state that was left last."""


@dataclass(frozen=True, slots=True)
class GoTo:
    """To any state of the tree, by its number."""

    state: int


@dataclass(frozen=True, slots=True)
class Revisit:
    """Go on from a moment within a state: its picture as of a step, nothing pulling at it."""

    state: int
    step: int


EditCommand: TypeAlias = (
    marks.Command
    | ResetPicture
    | SetSeed
    | SetClass
    | SetTruncation
    | SetConfig
    | SetMask
    | SetPaused
    | blends.Command
    | Revisit
)
Navigation: TypeAlias = Undo | Redo | GoTo
Command: TypeAlias = EditCommand | EndGesture | Navigation


# --- What comes back ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PointState:
    """A point as one frame shows it: where its patch is in *that* picture.

    Attributes:
        id, target, pinned, group, flipped: see `DragPoint`.
        handle: where the patch is now.
        arrived: it need not go farther.
        trust: how like the patch under the handle is to the one that was taken: 1 = the same,
            0 = nothing of it (`kernels.report_points`).
    """

    id: int
    handle: Point
    target: Point
    arrived: bool
    pinned: bool = False
    group: int = 0
    flipped: bool = False
    trust: float = 1.0

    @property
    def lost(self) -> bool:
        """Whether something else is under the handle than what was taken there."""
        return self.trust < LOST_BELOW

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
    commands: int = 0  # of all that were posted, so many are known to it (`EngineClient.post`)
    state: int = 0  # of the tree of states, the one it shows


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
    w_dim: int = 512


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
    """The model is loaded; `notice` is the last thing worth telling, or empty.

    `history` has the present state, and all those one can go back to, as of the first `commands`
    commands posted. `moments` are those within states that can be gone on from (`Revisit`), each a
    state and a step, in the order of time.
    """

    model: ModelInfo
    backend: BackendInfo
    activity: Activity
    notice: str = ""
    history: History | None = None
    commands: int = 0
    moments: Sequence[tuple[int, int]] = ()


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

    def post(self, command: Command) -> int:
        """Hand over a command; never waits.

        Returns:
            How many were posted so far: a frame or status with at least so many `commands` knows
            of this one, be it carried out, refused or replaced by a newer one.
        """

    def take_frame(self) -> Frame | None:
        """The newest frame not taken yet, or None; the frame taken before it becomes invalid."""

    def status(self) -> EngineStatus:
        """What the engine is doing now."""

    def stats(self) -> EngineStats:
        """Latencies and rates of the recent past."""

    def ask(self, questions: Sequence[Question]) -> None:
        """All that one wants to know beside the edit, in this order; never waits.

        What was asked before and is not answered yet is forgotten.
        """

    def answers(self) -> Sequence[Answer]:
        """What was answered since the last call."""

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
