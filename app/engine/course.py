"""The way from a picture to where an edit ended, to be gone again from another seed's picture.

Of all that happened in an edit, its course has what led to the last state: what was undone, and
pictures that were left for another seed, are not in it. Steps stand where they stood between the
commands, so that from its own seed a course leads where the edit led, bitwise on the same set-up if
nothing was undone. Another seed's points may be on their way still: they get steps until they are
there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from . import types as t
from .edit import EditError, EditState
from .editor import Editor
from .history import History
from .log import Event, FallBack, Move, Resume, SavedEdit, SwitchRunner
from .rerun import advance_to, rerun

LOOK_EVERY = 4  # steps between two looks at whether all points have arrived
ANOTHER_PICTURE = (t.SetSeed, t.SetClass)
NO_PART = (SwitchRunner, FallBack, Move, Resume, t.Undo, t.Redo, t.GoTo, t.SetPaused)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What to do to a picture.

    Attributes:
        start: before the first event; its seed is to be replaced.
        events: with steps counted from the start.
        steps: at the end.
        runner: the back-end that ran last.
    """

    start: EditState
    events: tuple[Event, ...]
    steps: int
    runner: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a course ended for one seed.

    Attributes:
        steps: done.
        points: at the end.
    """

    steps: int
    points: tuple[t.PointState, ...]


@dataclass(slots=True)
class _Leg:
    """One state of the tree: steps and events in order, and after how many of its parent's."""

    parent: int | None
    after: int
    start: EditState
    items: list[int | Event] = field(default_factory=list)
    until: dict[int, int] = field(default_factory=dict)  # the engine's step: so many items

    def step(self, steps: int, reached: int) -> None:
        """So many more steps, with which the engine reached that one."""
        self.items.append(steps)
        self.until[reached] = len(self.items)

    def before(self, event: Event) -> int:
        """How many items came before an event that led out of this state."""
        command = event.command
        end = len(self.items)
        return self.until.get(command.step, end) if isinstance(command, t.Revisit) else end


def course_of(saved: SavedEdit) -> Course:
    """The way to the last state of an edit; what makes no sense in a damaged one is left out."""
    history, done, runner = History.begin(saved.start), 0, saved.origin.backend
    legs = {0: _Leg(None, 0, saved.start)}
    for record in saved.records:
        new = max(record.step - done, 0)
        done += new
        legs[history.current].step(new, done)
        if not isinstance(record, Event):
            continue
        if isinstance(record.command, SwitchRunner):
            runner = record.command.name
        try:
            history = history.after(record).aligned(record.state)
        except EditError:
            continue
        number = history.current
        if number not in legs:
            parent = history.states[number].parent or 0
            legs[number] = _Leg(parent, legs[parent].before(record), history.edit)
        if not isinstance(record.command, NO_PART):
            legs[number].items.append(record)
    return _joined(_path(legs, history.current), runner)


def _path(legs: dict[int, _Leg], last: int) -> list[_Leg]:
    """From the state in which the last state's picture began to that state."""
    path, number, until = [], last, len(legs[last].items)
    while True:
        leg = legs[number]
        path.append(replace(leg, items=leg.items[:until]))
        if leg.parent is None or _is_another_picture(leg):
            return path[::-1]
        number, until = leg.parent, leg.after


def _is_another_picture(leg: _Leg) -> bool:
    first = next((item for item in leg.items if isinstance(item, Event)), None)
    return first is not None and isinstance(first.command, ANOTHER_PICTURE)


def _joined(path: list[_Leg], runner: str) -> Course:
    steps, events = 0, []
    for item in _items(path):
        if isinstance(item, int):
            steps += item
        else:
            events.append(replace(item, step=steps))
    start = replace(path[0].start, points=(), mask=None, paused=False)
    return Course(start, tuple(events), steps, runner)


def _items(path: list[_Leg]) -> Iterator[int | Event]:
    for number, leg in enumerate(path):
        drop = number == 0 and _is_another_picture(leg)
        yield from (i for i in leg.items if not (drop and _is_picture(i)))


def _is_picture(item: int | Event) -> bool:
    return isinstance(item, Event) and isinstance(item.command, ANOTHER_PICTURE)


def follow(editor: Editor, course: Course, seed: int, more_steps: int) -> Arrival:
    """Go a course from a seed's picture; the editor's own edit is forgotten.

    Args:
        editor: of the model that the edit was made on, or one like it.
        course: what to do.
        seed: of the picture.
        more_steps: for points that have not arrived at the course's end, at most so many.

    Raises:
        EditError: the course or the seed is not for this model.
        FloatingPointError: w+ or features are no longer finite.
    """
    editor.begin(replace(course.start, seed=seed))
    for event in course.events:
        rerun(editor, _revisiting(editor, event) if isinstance(event.command, t.Revisit) else event)
    advance_to(editor, course.steps)
    while True:
        points = editor.points(editor.look())
        left = course.steps + more_steps - editor.steps
        if left <= 0 or all(point.arrived for point in points):
            break
        for _ in range(min(LOOK_EVERY, left)):
            editor.advance()
    if not bool(editor.ws.isfinite().all()):
        raise FloatingPointError("w+ is no longer finite")
    return Arrival(editor.steps, points)


def _revisiting(editor: Editor, event: Event) -> Event:
    """The course has come to the moment that was returned to: it begins anew from there."""
    advance_to(editor, event.step)
    moment = editor.history.current, editor.steps
    editor.kept.wanted |= {moment}
    editor.kept.offer(*moment, editor.packed())
    return replace(event, command=t.Revisit(*moment))
