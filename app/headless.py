"""An edit without a window: points in, picture and report out. No thread, no clock to keep."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .engine.device import FrameSlot
from .engine.drag import View
from .engine.editor import Editor
from .engine.types import AddPoint, DragPoint, Point, PointState
from .session.overlay import draw_points
from .session.patches import match_patch
from .session.pictures import Picture
from .session.video import VideoWriter

FPS = 30  # of the video: one drag step a picture
HOLD_FRAMES = 15  # the result stays on for half a second


@dataclass(frozen=True, slots=True)
class Edit:
    """How a headless edit ended."""

    before: Picture
    after: Picture
    starts: tuple[Point, ...]
    points: tuple[PointState, ...]
    steps: int
    seconds: float  # of the steps; loading and video not counted

    def report(self) -> list[dict[str, object]]:
        """Per point: start, target, end, distance left, and whether its patch really went."""
        pairs = zip(self.starts, self.points, strict=True)
        return [describe_point(self.before, start, self.after, point) for start, point in pairs]


def describe_point(
    before: Picture, start: Point, after: Picture, point: PointState
) -> dict[str, object]:
    """How one point ended, ready for JSON.

    Args:
        before: the picture in which the handle was put at `start`.
        start: where it was put.
        after: the picture at the end.
        point: where it is then.
    """
    return {
        "start": list(start),
        "target": list(point.target),
        "end": list(point.handle),
        "distance_left_px": round(point.distance_px, 3),
        "arrived": point.arrived,
        "patch": asdict(match_patch(before, start, after, point.target)),
    }


class Filming:
    """The pictures of an edit as it goes, into a video if one is wanted."""

    def __init__(self, editor: Editor, path: Path | None, *, overlay: bool) -> None:
        self._editor = editor
        self._slot = FrameSlot(editor.device, editor.model.size)
        self._video = VideoWriter(path, editor.model.size, FPS) if path else None
        self._overlay = overlay

    def picture(self, view: View) -> Picture:
        """A view's picture on the host: a copy."""
        self._editor.render(view, self._slot)
        self._slot.wait()
        return self._slot.rgba.copy()

    def add(self, view: View, points: Sequence[PointState], times: int = 1) -> None:
        """Film a view, if a video is wanted."""
        if self._video is None:
            return
        picture = self.picture(view)
        if self._overlay:
            draw_points(picture, points)
        for _ in range(times):
            self._video.add(picture)

    def close(self) -> None:
        """Finish the video."""
        if self._video is not None:
            self._video.close()


def drag(
    editor: Editor,
    points: Sequence[tuple[Point, Point]],
    *,
    max_steps: int,
    video: Path | None = None,
    overlay: bool = True,
) -> Edit:
    """Pull all points at once until they arrive or the steps run out.

    Args:
        editor: freshly loaded; a mask may be set.
        points: handle and target of each.
        max_steps: at least 1.
        video: where to write one, a picture per step.
        overlay: draw the points into the video.

    Raises:
        EditError: a point outside the picture.
        RecorderError: the video cannot be written.
    """
    for number, (handle, target) in enumerate(points, start=1):
        editor.apply(AddPoint(DragPoint(number, handle, target)))
    filming = Filming(editor, video, overlay=overlay)
    try:
        before = filming.picture(editor.look())
        seconds = 0.0
        for moment in _moments(editor, max_steps):
            filming.add(moment.view, moment.points)
            seconds += moment.seconds
        filming.add(moment.view, moment.points, HOLD_FRAMES)
        after = filming.picture(moment.view)
    finally:
        filming.close()
    starts = tuple(handle for handle, _ in points)
    return Edit(before, after, starts, moment.points, editor.steps, seconds)


@dataclass(frozen=True, slots=True)
class Moment:
    """The edit after some steps, and the seconds since the moment before."""

    view: View
    points: tuple[PointState, ...]
    seconds: float


def _moments(editor: Editor, max_steps: int) -> Iterator[Moment]:
    """Step until all points have arrived, at most `max_steps` times."""
    done = False
    while not done:
        start = time.perf_counter()
        view = editor.step()
        points = editor.points(view)
        yield Moment(view, points, time.perf_counter() - start)
        done = all(point.arrived for point in points) or editor.steps == max_steps
