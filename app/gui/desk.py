"""What the person works on: the picture's settings, the points as they are meant, the mask.

Keys and panel act on the desk; the desk posts commands and keeps what the panel shows. It knows
no widget and no torch. GUI thread only.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..engine.edit import EditState
from ..engine.types import (
    ClearPoints,
    Command,
    DragConfig,
    EndGesture,
    EngineClient,
    Frame,
    GoTo,
    ModelInfo,
    Ready,
    Redo,
    RemovePoint,
    ResetPicture,
    Revisit,
    SetClass,
    SetConfig,
    SetMask,
    SetPaused,
    SetSeed,
    SetTruncation,
    Undo,
)
from ..session.errors import RecorderError, SessionError
from ..session.recorder import RecordingSummary
from .beside.beside import Beside
from .intents import Intents
from .keeping import Keeping
from .panel.recording import Recording
from .panel.tuning import Tuning, tuning_actions
from .picture.brush import MaskPaint
from .picture.input import Action, Hit, Stroke
from .picture.marking import Marking
from .picture.region import Region
from .picture.viewport import ViewTransform, clamp
from .preferences import Memory
from .trace import Trace

MAX_SEED = 2**32 - 1  # numpy's RandomState takes no more
MAX_RANDOM_SEED = 99_999  # the random button stays with seeds that can be read out
BRUSH_STEP = 1.25
SMALLEST_BRUSH_PX = 1.0
NO_CLASS = "none"

NO_WORK = (  # what one does not mind to lose
    EndGesture,
    GoTo,
    Redo,
    Revisit,
    SetClass,
    SetConfig,
    SetPaused,
    SetSeed,
    SetTruncation,
    Undo,
)

Tone = Literal["info", "error"]


@dataclass(frozen=True, slots=True)
class Message:
    """A line for the person."""

    text: str
    tone: Tone = "info"


class Desk:
    """The state behind the controls.

    Args:
        engine: where commands go.
        trace: told of every command and message.
        recordings: folder for videos; None for the person's own.
        seed: the picture that the engine starts with.
        psi: the truncation that it starts with.
        keeping: the edit's files; None where nothing is written down.
    """

    def __init__(
        self,
        engine: EngineClient,
        trace: Trace,
        recordings: Path | None = None,
        *,
        seed: int = 0,
        psi: float = 1.0,
        keeping: Keeping | None = None,
    ) -> None:
        self._engine, self._trace = engine, trace
        self.recording = Recording(engine, recordings)
        self.keeping = keeping or Keeping(engine)
        self.memory = Memory()  # of nothing, until there is one
        self.tuning = Tuning(self)
        self.intents = Intents()
        self.model: ModelInfo | None = None
        self.mask: MaskPaint | None = None
        self.seed, self.psi = seed, psi
        self.class_index: int | None = None
        self.browsing = False  # the person asked for the models
        self.wanted: Path | None = None  # or for this file
        self.config = DragConfig()
        self.paused = False
        self.record_points = False
        self.show_mask = True
        self.brush_px = SMALLEST_BRUSH_PX
        self.message = Message("")
        self.view: ViewTransform | None = None  # where the picture is, once there is one
        self.mask_edits = 0  # changes whenever the mask does
        self._hover: Hit | None = None
        self._posted = 0
        self._returning = True  # an edit that is gone on with begins somewhere else
        self._actions: dict[Action, Callable[[], None]] = {
            "random": lambda: self.choose_seed(random.randint(0, MAX_RANDOM_SEED)),
            "previous": lambda: self.choose_seed(max(self.seed - 1, 0)),
            "next": lambda: self.choose_seed(min(self.seed + 1, MAX_SEED)),
            "pause": self._toggle_pause,
            "record": self._toggle_recording,
            "smaller": lambda: self.size_brush(self.brush_px / BRUSH_STEP),
            "larger": lambda: self.size_brush(self.brush_px * BRUSH_STEP),
            "reset_points": lambda: self.post(ClearPoints()),
            "reset_picture": lambda: self.post(ResetPicture()),
            "remove_point": self._remove_hovered,
            "fit": self._fit,
            "undo": lambda: self.post(Undo()),
            "redo": lambda: self.post(Redo()),
            "save": self._save,
            "models": self._browse,
        }
        self.beside = Beside(engine, self)
        self._actions |= self.beside.actions

        self.region = Region(self)
        self.marking = Marking(self, lambda: self.intents.points)
        for actions in (tuning_actions(self.tuning), self.region.actions, self.marking.actions):
            self.teach(actions)

    def teach(self, actions: Mapping[Action, Callable[[], None]]) -> None:
        """What other parts of the window do for keys and buttons."""
        self._actions.update(actions)

    def adopt(self, model: ModelInfo, edit: EditState | None = None) -> None:
        """The engine has a model: its defaults and its size are the desk's from now on.

        Args:
            model: what it is.
            edit: on it, where the engine tells.
        """
        self.model = model
        self.intents = Intents(model.size)
        self.marking.trails.forget()
        self.config = model.defaults
        self.mask = MaskPaint(model.size)
        if edit is not None:
            self._show(edit)
        self._returning = True  # what was posted meanwhile may have changed it
        self.brush_px = max(model.size.height / 12, SMALLEST_BRUSH_PX)
        self.mask_edits += 1
        self.beside.adopt(model)

    def post(self, command: Command) -> None:
        """Hand a command to the engine, and remember what it means for the points."""
        self._posted = self._engine.post(command)
        if not isinstance(command, NO_WORK):
            self.keeping.work()
        self._returning |= isinstance(command, Undo | Redo | GoTo | Revisit)
        self._trace.command(command)
        self.intents.note(command)
        self.marking.note_command(command)

    def saw(self, frame: Frame) -> None:
        """A frame is to be shown."""
        self.intents.settle(frame.points, frame.sequence)
        self.beside.saw(frame)
        self.marking.trails.follow(frame.points)
        self.region.saw(frame.state, frame.step)

    def follow(self, status: Ready) -> None:
        """Show the engine's state where it is another, once it knows all commands."""
        known = status.commands >= self._posted
        self.beside.follow(status, known=known)
        if not known or status.history is None:
            return
        edit = status.history.edit
        self.config = edit.config  # which the engine changes where numbers overflow
        if not self._returning:
            return
        self._returning = False
        self._show(edit)
        if self.model is not None:
            self.memory.keep_settings(self.model, edit.config)

    def _show(self, edit: EditState) -> None:
        """Be what the engine is."""
        self.seed, self.psi, self.class_index = edit.seed, edit.psi, edit.class_index
        self.config, self.paused = edit.config, edit.paused
        if self.mask is not None:
            self.mask.become(edit.mask)
            self.mask_edits += 1

    def say(self, text: str, tone: Tone = "info") -> None:
        """Tell the person something."""
        self.message = Message(text, tone)
        self._trace.message(text)

    def perform(self, action: Action) -> None:
        """Carry out what a key or a button asks for."""
        self._actions[action]()

    def point_at(self, hover: Hit | None) -> None:
        """Remember the marker under the pointer, which a key may mean."""
        self._hover = hover
        self.marking.point_at(hover)

    def choose_seed(self, seed: int) -> None:
        """Another picture; points and mask belonged to the old one."""
        self.seed = seed
        self.post(SetSeed(seed))
        if self.mask is not None:
            self.mask.clear()
            self.mask_edits += 1

    def enter_seed(self, text: str) -> None:
        """The seed as typed; nonsense is answered with the rule."""
        digits = text.strip()
        if not (digits.isascii() and digits.isdecimal() and int(digits) <= MAX_SEED):
            self.say(f"A seed is a whole number from 0 to {MAX_SEED}, not “{digits}”.", "error")
        elif int(digits) != self.seed:
            self.choose_seed(int(digits))

    def choose_class(self, index: int | None) -> None:
        """Another class of a conditional model: another picture, as by another seed."""
        self.class_index = index
        self.post(SetClass(index))
        if self.mask is not None:
            self.mask.clear()
            self.mask_edits += 1

    def enter_class(self, text: str) -> None:
        """The class as typed, empty for none; nonsense is answered with the rule."""
        digits, classes = text.strip(), self.model.classes if self.model else 0
        if digits in ("", NO_CLASS):
            index = None
        elif digits.isascii() and digits.isdecimal() and int(digits) < classes:
            index = int(digits)
        else:
            self.say(f"A class is a number from 0 to {classes - 1}, or nothing.", "error")
            return
        if index != self.class_index:
            self.choose_class(index)

    def step_class(self, by: int) -> None:
        """The class before or after; before the first there is none."""
        classes = self.model.classes if self.model else 0
        index = min((-1 if self.class_index is None else self.class_index) + by, classes - 1)
        chosen = index if index >= 0 else None
        if chosen != self.class_index:
            self.choose_class(chosen)

    def show_region(self, shown: bool) -> None:
        """Tint the movable region, or not."""
        self.show_mask = shown
        self.mask_edits += 1

    def draw_into_video(self, points: bool) -> None:
        """Whether the next video has the points drawn in."""
        self.record_points = points

    def choose_psi(self, psi: float) -> None:
        """Truncation, live; the edit stays."""
        self.psi = psi
        self.post(SetTruncation(psi))

    def configure(self, config: DragConfig) -> None:
        """Other drag settings, from the next step on."""
        if config != self.config:
            self.config = config
            self.post(SetConfig(config))
            if self.model is not None:
                self.memory.keep_settings(self.model, config)

    def size_brush(self, radius_px: float) -> None:
        """The mask brush, in image pixels."""
        self.brush_px = clamp(radius_px, SMALLEST_BRUSH_PX, self.largest_brush_px)

    @property
    def largest_brush_px(self) -> float:
        """Half the picture's height."""
        return self.model.size.height / 2 if self.model else SMALLEST_BRUSH_PX

    def paint(self, strokes: Sequence[Stroke]) -> None:
        """Draw strokes into the mask; the next step obeys them."""
        if self.mask is None or not strokes:
            return
        for stroke in strokes:
            if stroke.protects:
                self.mask.protect()
            self.mask.paint(stroke, self.brush_px, self.region.softness)
        self.post_mask()

    def clear_mask(self) -> None:
        """Let everything move again."""
        if self.mask is not None and not self.mask.is_empty:
            self.mask.clear()
            self.post_mask()

    def post_mask(self) -> None:
        """The mask has changed; the next step obeys it."""
        self.mask_edits += 1
        self.post(SetMask(self.mask.mask() if self.mask is not None else None))

    @property
    def painting(self) -> bool:
        """Whether a brush is in the hand."""
        return self.region.tool in ("movable", "protect")

    def tell_finished(self, videos: Sequence[RecordingSummary]) -> None:
        """Say where finished videos are, or what went wrong with them."""
        for video in videos:
            self._trace.recording(video)
            if video.error:
                self.say(video.error, "error")
            else:
                self.say(f"Saved {video.seconds:.1f} s to {video.path}")

    def _toggle_pause(self) -> None:
        self.paused = not self.paused
        self.post(SetPaused(self.paused))

    def _save(self) -> None:
        try:
            self.keeping.save(self.seed)
        except SessionError as error:
            self.say(str(error), "error")

    def _fit(self) -> None:
        if self.view is not None:
            self.view = self.view.refit()

    def _browse(self) -> None:
        self.browsing = True

    def _remove_hovered(self) -> None:
        if self._hover is not None:
            self.post(RemovePoint(self._hover.point.id))

    def _toggle_recording(self) -> None:
        if self.recording.seconds is not None:
            self.recording.stop()
            return
        try:
            self.recording.start(self.seed, overlay=self.record_points)
        except RecorderError as error:
            self.say(str(error), "error")
