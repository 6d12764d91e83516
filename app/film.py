"""The video of a replay: at any rate, smoother than it was live.

Live, pictures came when they were ready. Here each video picture shows the moment that it is due:
w+ and handles between two steps are interpolated, except over a cut (another seed, an undo). Times
when nothing moved are cut short.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

from .engine import types as t
from .engine.editor import Editor
from .engine.log import Event, FallBack, Record
from .engine.rerun import MOST_STEPS
from .session import animation
from .session.animation import AnimationWriter
from .session.overlay import draw_points
from .session.pictures import Picture
from .session.video import VideoWriter

LONGEST_REST_S = 1.0
GLIDE_S = 0.2
HOLD_S = 0.5  # the result stays on
CUTS = (
    t.SetSeed,
    t.SetClass,
    t.SetTruncation,
    t.SetMix,
    t.ResetPicture,
    t.Undo,
    t.Redo,
    t.GoTo,
    t.Revisit,
    FallBack,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """The edit after one step."""

    time_s: float
    ws: Tensor  # float32 [1, num_ws, w_dim]
    points: tuple[t.PointState, ...]


class Film:
    """Films an editor while it is taken through its records; `end` finishes the file.

    Args:
        editor: at the edit's beginning.
        path: the video, `.mp4`, `.gif` or `.webp`.
        fps: its pictures a second.
        height: of its pictures; None for the model's own.
        overlay: draw the points.

    Raises:
        PlaceError, EncoderError: as `VideoWriter`.
    """

    def __init__(
        self, editor: Editor, path: Path, *, fps: int, height: int | None, overlay: bool
    ) -> None:
        own = editor.model.size
        self._scale = (height or own.height) / own.height
        size = t.Size(round(own.width * self._scale), round(own.height * self._scale))
        animated = path.suffix.lower() in animation.SUFFIXES
        self._video: VideoWriter | AnimationWriter
        self._video = (AnimationWriter if animated else VideoWriter)(path, size, fps)
        self._editor, self._overlay = editor, overlay
        self._before: Moment | None = None
        self._record_s = 0.0  # when, in the edit, the last record was
        self._now_s = 0.0  # the same, in the video

    def advance(self, record: Record) -> None:
        """Film what happens until a record is due, stepping there."""
        steps = record.step - self._editor.steps
        passed_s = max(record.time_s - self._record_s, 0.0)
        self._record_s = record.time_s
        if self._before is None and record.looked and steps <= 0:
            self._before = self._moment()
        if 0 < steps <= MOST_STEPS:
            for _ in range(steps):
                self._editor.advance()
                self._now_s += min(passed_s / steps, LONGEST_REST_S)
                self._show(self._moment())
        else:
            self._rest(min(passed_s, LONGEST_REST_S))
        if isinstance(record, Event) and isinstance(record.command, CUTS):
            self._before = None

    def glide(self) -> None:
        """The picture was put elsewhere, though nearby: let it get there within a moment."""
        self._now_s += GLIDE_S if self._before is not None else 0.0
        if self._before is not None:
            self._show(self._moment())

    def end(self) -> None:
        """Show the result, and finish the file.

        Raises:
            EncoderError: as `VideoWriter.close`.
        """
        self._before = self._moment()
        self._rest(HOLD_S)
        self._video.close()

    def close(self) -> None:
        """Finish the file as it is; after `end`, nothing."""
        self._video.close()

    def _moment(self) -> Moment:
        editor = self._editor
        points = editor.points(editor.look()) if self._overlay else ()
        return Moment(self._now_s, editor.ws.clone(), points)

    def _rest(self, seconds: float) -> None:
        self._now_s += seconds if self._before is not None else 0.0
        if self._before is not None:
            self._show(replace(self._before, time_s=self._now_s))

    def _show(self, moment: Moment) -> None:
        """Write the pictures that are due between the moment before and this one."""
        before, self._before = self._before or moment, moment
        span_s = moment.time_s - before.time_s
        while (due_s := self._video.frames / self._video.fps) <= moment.time_s:
            share = (due_s - before.time_s) / span_s if span_s > 0 else 1.0
            self._write(between(before, moment, min(max(share, 0.0), 1.0)))

    def _write(self, moment: Moment) -> None:
        size = self._video.size
        picture: Picture = self._editor.draw(moment.ws)
        if self._scale != 1:
            shrinks = self._scale < 1
            way = cv2.INTER_AREA if shrinks else cv2.INTER_LANCZOS4
            picture = np.asarray(cv2.resize(picture, size, interpolation=way), np.uint8)
        if self._overlay:
            picture = picture.copy()
            draw_points(picture, [_scaled(point, self._scale) for point in moment.points])
        self._video.add(picture)


def between(before: Moment, after: Moment, share: float) -> Moment:
    """The moment at `share` of the way, 0 to 1; points are those that are there after it."""
    handles = {point.id: point.handle for point in before.points}
    points = tuple(
        replace(point, handle=_mixed(handles.get(point.id, point.handle), point.handle, share))
        for point in after.points
    )
    ws = before.ws + share * (after.ws - before.ws) if share < 1 else after.ws
    return Moment(after.time_s, ws, points)


def _mixed(a: t.Point, b: t.Point, share: float) -> t.Point:
    return t.Point(a.x + share * (b.x - a.x), a.y + share * (b.y - a.y))


def _scaled(point: t.PointState, scale: float) -> t.PointState:
    """In the pixels of a picture `scale` as large: pixel centres stay pixel centres."""
    handle, target = (
        t.Point((p.x + 0.5) * scale - 0.5, (p.y + 0.5) * scale - 0.5)
        for p in (point.handle, point.target)
    )
    return replace(point, handle=handle, target=target)
