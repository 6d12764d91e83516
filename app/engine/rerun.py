"""An edit done again from what was written down of it.

`rerun` carries out one event as it was carried out then: the event's step number says when. On the
same machine, back-end and precision, that leads to bitwise the same w+. `resume` goes on with an
edit from its last checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from .edit import EditError
from .editor import Editor
from .history import fold_damaged
from .log import Checkpoint, Event, FallBack, Move, Record, Resume, SavedEdit, SwitchRunner
from .moments import Moment
from .snapshot import of_latent, pack
from .types import Revisit

MOST_STEPS = 20_000  # between two events; more is damage, or somebody's joke


def rerun(editor: Editor, event: Event) -> None:
    """Step until an event is due, and carry it out; which back-end runs is the caller's affair.

    Raises:
        EditError: it makes no sense here.
    """
    advance_to(editor, event.step)
    if event.looked:
        editor.look()
    match event.command:
        case SwitchRunner() | Move() | Resume():
            pass
        case FallBack():
            editor.fall_back()
        case command:
            editor.apply(command)


def advance_to(editor: Editor, step: int) -> None:
    """Step until so many were done.

    Raises:
        EditError: these would be more than `MOST_STEPS`.
    """
    missing = step - editor.steps
    if missing > MOST_STEPS:
        raise EditError(f"step {step} is {missing} after step {editor.steps}: too many")
    for _ in range(missing):
        editor.advance()


def resume(editor: Editor, saved: SavedEdit) -> None:
    """Go on with an edit, on a fresh editor: from its last checkpoint, what followed done again.

    Raises:
        EditError: it is not for this model.
    """
    if saved.origin.size != editor.model.size or saved.origin.num_ws != editor.model.num_ws:
        size, own = saved.origin.size, editor.model.size
        raise EditError(
            f"this edit is of {size.width}x{size.height} pixels by model {saved.origin.model}, "
            f"{editor.model.name} makes {own.width}x{own.height}"
        )
    records = saved.records
    end = max((n for n, r in enumerate(records, 1) if isinstance(r, Checkpoint)), default=0)
    events = [r for r in records[:end] if isinstance(r, Event)]
    history = fold_damaged(saved.start, events)
    if end:
        history = history.aligned(records[end - 1].state)
    editor.stand(SavedEdit(saved.origin, records[:end]), history)
    editor.kept.wanted = revisited(records)
    for record in records[end:]:
        if isinstance(record, Event):
            _rerun_if_possible(editor, record)


def revisited(records: Sequence[Record]) -> frozenset[Moment]:
    """The moments that an edit goes back to: who does it again must keep them."""
    commands = (record.command for record in records if isinstance(record, Event))
    return frozenset((c.state, c.step) for c in commands if isinstance(c, Revisit))


def begin_at(editor: Editor, ws: Tensor) -> None:
    """Begin an edit at a w+, float32 [1, num_ws, w_dim], on a fresh editor.

    Raises:
        EditError: it is not of this model's shape.
    """
    content = pack(of_latent(ws))
    start = Checkpoint(0, 0, 0.0, left=False, content=content)
    resume(editor, SavedEdit(editor.origin, (start,)))


def _rerun_if_possible(editor: Editor, event: Event) -> None:
    try:
        rerun(editor, event)
    except EditError:  # an event before it was lost
        return
