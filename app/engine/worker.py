"""The engine's loop: drain, step, render, publish, fail.

It takes the newest commands, runs as many drag steps as fit into one frame's time, finishes a
picture and publishes it with the points that belong to it. When every point has arrived it sleeps
until the next command. Nobody waits for anybody: readers only touch mailbox and outbox.

A command that makes no sense is refused with a notice. Anything else that goes wrong becomes the
status `Failed`; commands are still taken, and a reset or another seed starts afresh.
"""

from __future__ import annotations

import itertools
import time
import traceback
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from draglive.stylegan2_jit.compile import in_a_line

from . import types as t
from .answering import answer
from .asking import Inquiry
from .backends import RunnerChooser
from .device import Device, FrameSlot, give_memory_back, is_out_of_memory
from .drag import View
from .edit import EditError
from .editor import Editor
from .frames import Request
from .loading import elsewhere, move
from .mailbox import Batch, CommandMailbox, FrameMailbox
from .pace import Pace, Rates

NAP_S = 0.2  # how long an idle loop sleeps before it looks for a finished back-end
KEEP_S = 0.5  # between two times that all tensors are logged, while they change
PATIENCE_STEPS = 300  # so many without coming nearer, and a drag rests
MOST_FALLS = 6  # so often within `FALLS_WITHIN_STEPS` one goes back to the last good w+
FALLS_WITHIN_STEPS = 500
STILL_AFTER_S = 0.1  # without a command for so long, a hand rests
TIDY_AFTER_S = 2.0  # without anything to do for so long, memory goes back to the kernel
IN_FLIGHT = 1  # frames on their way while the next steps are made
BUFFERS = 3 + IN_FLIGHT  # the reader's, the newest, the one being asked for
PROGRESS_PX = 0.25  # nearer by less than this is not nearer


class Outbox:
    """What the loop hands out, to be read from any thread."""

    def __init__(self) -> None:
        self.frames: FrameMailbox[FrameSlot] = FrameMailbox()
        self.status: t.EngineStatus = t.Loading("loading the model")
        self.rates = Rates()
        self.sinks: tuple[t.FrameSink, ...] = ()
        self.inquiry = Inquiry()


@dataclass(frozen=True, slots=True)
class Pending:
    """A frame whose picture is on its way to the host."""

    request: Request
    input_s: float | None
    commands: int  # of those posted, so many it knows of
    state: int  # of the tree


class Worker:
    """The loop's state, owned by the engine's thread.

    Args:
        editor: the model and the edit.
        chooser: watched for better back-ends.
        commands: where commands come from.
        outbox: where frames and status go.
        frame_interval_s: when a frame is due after the one before.
    """

    def __init__(
        self,
        editor: Editor,
        chooser: RunnerChooser,
        commands: CommandMailbox,
        outbox: Outbox,
        frame_interval_s: float,
    ) -> None:
        self._editor, self._chooser = editor, chooser
        self._commands, self._outbox = commands, outbox
        self._pace = Pace(frame_interval_s)
        self._numbers = itertools.count()
        self._pending: deque[Pending] = deque()
        self._input_s: float | None = None
        self._commands_taken = 0
        self._kept_s = time.perf_counter()  # when the tensors were logged last
        self._kept_step = editor.steps
        self._falls: list[int] = []  # the steps at which one had to go back
        self._greeted: tuple[t.FrameSink, ...] = ()
        self._commanded_s = -1.0
        self._worked_s: float | None = None  # when there was something to do; None: tidied since
        self._working = False  # points are on their way
        self._stale = True  # no frame shows the present state yet
        self._nearest_px, self._give_up_at = float("inf"), PATIENCE_STEPS
        self._notice = ""
        self._shortages = 0  # times that memory ran out
        self._least_coarse = 0  # no finer pictures than these: there is no memory for them
        self._make_buffers()
        self._tell()

    def close(self) -> None:
        """Let the model go: its tensors are logged, what is on its way or beside it ends."""
        for pending in self._pending:
            pending.request.slot.wait()
        try:
            if self._kept_step != self._editor.steps:
                self._editor.checkpoint()
            self._editor.device.synchronize()
        finally:
            self._chooser.close()

    def cycle(self) -> None:
        """One round; sleeps while there is nothing to do."""
        resting = not (self._working or self._stale or self._pending)
        batch = self._commands.drain(self._nap_s() if resting else 0.0)
        try:
            self._take(batch)
            self._poll_backends()
            if self._working or self._stale:
                self._worked_s = time.perf_counter()
            if self._working:
                self._drag()
            elif self._stale:
                self._show(self._editor.look())
            self._deliver(leave=IN_FLIGHT if self._working else 0)
            self._keep()
            self._answer()
            self._tidy()
        except (FloatingPointError, MemoryError, RuntimeError) as error:
            self._recover(error)
        except Exception as error:  # whatever it is, the person must see it
            self._fail(error)

    def _take(self, batch: Batch) -> None:
        for command in batch.commands:
            try:
                self._editor.apply(command)
            except EditError as error:
                self._notice = str(error)
            else:
                self._working = self._works_after(command)
        self._commands_taken = batch.posted
        if batch.commands:
            self._commanded_s = time.perf_counter()
            self._nearest_px = float("inf")
            self._give_up_at = self._editor.steps + PATIENCE_STEPS
            self._input_s = self._input_s or batch.oldest_s
            self._stale = True
            self._tell()
        if self._outbox.sinks != self._greeted:  # a new one gets the present picture
            self._greeted, self._stale = self._outbox.sinks, True

    def _works_after(self, command: t.Command) -> bool:
        """A state that one went back to rests, as it was, until somebody does something to it."""
        state = self._editor.state
        if isinstance(command, t.EndGesture):
            return self._working
        if isinstance(command, t.Undo | t.Redo | t.GoTo):
            return False
        return bool(state.points) and not state.paused

    def _nap_s(self) -> float:
        """How long to sleep; who moves the mouse gets no questions answered in between."""
        if not self._outbox.inquiry.pending:
            return NAP_S
        return max(STILL_AFTER_S - (time.perf_counter() - self._commanded_s), 0.0)

    def _answer(self) -> None:
        """One question, once there is nothing else to do."""
        still = time.perf_counter() - self._commanded_s >= STILL_AFTER_S
        busy = bool(self._working or self._stale or self._pending) or not still
        question = self._outbox.inquiry.next(busy=busy)
        if question is not None:
            self._deliver(leave=0)  # its buffers may be the answer's
            self._outbox.inquiry.tell(answer(self._editor, question))
            self._worked_s = time.perf_counter()

    def _tidy(self) -> None:
        """Once after a spell of work: what it left in glibc's heap would only grow."""
        worked_s = self._worked_s
        if worked_s is not None and time.perf_counter() - worked_s > TIDY_AFTER_S:
            self._worked_s = None
            give_memory_back()

    def _keep(self) -> None:
        """Have the tensors logged, so that nobody loses more than the last second."""
        now_s = time.perf_counter()
        resting = not (self._working or self._stale or self._pending)
        if self._kept_step != self._editor.steps and (now_s - self._kept_s > KEEP_S or resting):
            self._editor.checkpoint()
            self._kept_s, self._kept_step = now_s, self._editor.steps
            self._tell()

    def _poll_backends(self) -> None:
        news = self._chooser.poll()
        if news:
            self._editor.use_runner()
        trouble = self._editor.take_trouble()
        if news or trouble:
            self._notice = news or trouble or ""
            self._tell()

    def _drag(self) -> None:
        """The steps of one frame, each with the newest commands, and the frame."""
        start = time.perf_counter()
        coarser = self._coarser(start)
        steps = 0
        for _ in range(self._pace.steps_per_frame(coarser)):
            if steps > 0:
                self._take(self._commands.drain(0.0))
                if not self._working:
                    break
            self._editor.advance()
            steps += 1
        view = self._editor.look()
        stepped = time.perf_counter()
        self._show(view, coarser)
        shown = time.perf_counter()
        timers = self._editor.timers  # a card is still at work when the host is through
        step_s = max((stepped - start) / steps, timers.latest_s("step"))
        frame_s = max(shown - stepped, timers.latest_s("render"))
        self._pace.observe(step_s, frame_s, coarser)
        self._outbox.rates.add_round(steps, shown - start)

    def _coarser(self, now_s: float) -> int:
        """A moving hand may get previews; a still one and a recording get the picture itself."""
        moving = now_s - self._commanded_s < STILL_AFTER_S
        if self._outbox.sinks or not moving:
            return 0
        return self._pace.coarser(self._editor.runner.previews)

    def _show(self, view: View, coarser: int = 0) -> None:
        """Start a frame on its way; the one before has arrived when this returns."""
        coarser = max(coarser, self._least_coarse)
        slot = self._outbox.frames.acquire()
        try:
            request = self._editor.render(view, slot, coarser)
        except Exception:
            self._outbox.frames.give_back(slot)
            raise
        state = self._editor.history.current
        self._pending.append(Pending(request, self._input_s, self._commands_taken, state))
        self._input_s, self._stale = None, coarser > self._least_coarse
        self._deliver(leave=IN_FLIGHT)

    def _deliver(self, *, leave: int) -> None:
        """Publish the frames whose pictures are there; wait until no more than `leave` are not."""
        while self._pending:
            slot = self._pending[0].request.slot
            if len(self._pending) > leave:
                slot.wait()
            elif not slot.ready():
                return
            self._publish(self._pending[0])

    def _publish(self, pending: Pending) -> None:
        self._editor.timers.harvest()
        frame, slot = self._frame(pending), pending.request.slot
        self._pending.popleft()
        self._outbox.rates.add_frame(pending.input_s)
        for sink in self._outbox.sinks:
            sink(frame)
        self._outbox.frames.publish(frame, slot)
        if pending.commands == self._commands_taken:
            self._consider_resting(frame)

    def _frame(self, pending: Pending) -> t.Frame:
        request = pending.request
        points = request.points()
        return t.Frame(
            sequence=next(self._numbers),
            step=request.step,
            rgba=request.slot.rgba,
            points=points,
            input_s=pending.input_s,
            arrived=all(point.arrived for point in points),
            commands=pending.commands,
            state=pending.state,
        )

    def _consider_resting(self, frame: t.Frame) -> None:
        """Rest when all have arrived, or when nothing has come nearer for long."""
        if not self._working:
            return
        left_px = sum(point.distance_px for point in frame.points if not point.arrived)
        if left_px < self._nearest_px - PROGRESS_PX:
            self._nearest_px = left_px
            self._give_up_at = self._editor.steps + PATIENCE_STEPS
        if frame.arrived or self._editor.steps > self._give_up_at:
            self._working = False
            if not frame.arrived:
                self._notice = "no point comes nearer any more: resting until something changes"
            self._tell()

    def _recover(self, error: Exception) -> None:
        """Go on from the last good w+: in smaller steps, or with the memory that others left."""
        steps = self._editor.steps
        self._falls = [fall for fall in self._falls if steps - fall < FALLS_WITHIN_STEPS]
        overflow, scarce = isinstance(error, FloatingPointError), is_out_of_memory(error)
        if not (overflow or scarce) or len(self._falls) >= MOST_FALLS:
            self._fail(error)
            return
        self._falls.append(steps)
        self._drop_pending()
        try:
            how = self._step_less() if overflow else self._take_less()
        except Exception as worse:  # whatever it is, the person must see it
            self._fail(worse)
            return
        self._notice = f"{in_a_line(error)}: back to the last good picture, {how}"
        self._stale = True
        self._tell()

    def _step_less(self) -> str:
        """Go back, and on in smaller steps; in words."""
        self._editor.fall_back()
        config = self._editor.state.config
        slower = replace(config, step_size=config.step_size / 2)
        self._editor.apply(t.SetConfig(slower))
        return f"with half the step size, {slower.step_size:.2g}"

    def _take_less(self) -> str:
        """Go back, and on in less memory; each time in another way, as long as there is one."""
        self._shortages += 1
        self._editor.device.free_caches()
        there = elsewhere(self._editor.device)
        if self._shortages > 1 and not self._least_coarse and self._editor.runner.previews:
            self._least_coarse = 1
            how = "with pictures of half the size"
        elif self._shortages > 1 and there:
            return self._go_on_at(there)
        else:
            how = "after freeing what could be freed"
        self._editor.fall_back()
        return how

    def _go_on_at(self, places: Sequence[Device]) -> str:
        """Compute elsewhere from now on, at the first place with room; in words."""
        self._chooser.close()
        for there in places:
            try:
                self._chooser = move(self._editor, there)
                break
            except (MemoryError, RuntimeError) as error:
                if there is places[-1] or not is_out_of_memory(error):
                    raise
                self._editor.device.free_caches()
        self._least_coarse = 0
        self._make_buffers()
        return f"on {there.name} in {there.dtype_name}"

    def _make_buffers(self) -> None:
        editor = self._editor
        slots = [FrameSlot(editor.device, editor.model.size) for _ in range(BUFFERS)]
        self._outbox.frames.replace_buffers(slots)

    def _drop_pending(self) -> None:
        for pending in self._pending:
            self._outbox.frames.give_back(pending.request.slot)
        self._pending.clear()

    def _fail(self, error: Exception) -> None:
        self._drop_pending()
        self._working, self._stale = False, False
        self._chooser.make_way(busy=False)
        self._outbox.status = t.Failed(in_a_line(error), traceback.format_exc(), self._editor.model)

    def _tell(self) -> None:
        """Publish the status; what runs in the background follows it."""
        editor = self._editor
        self._chooser.make_way(busy=self._working)
        paused: t.Activity = "paused" if editor.state.paused else "idle"
        self._outbox.status = t.Ready(
            model=editor.model,
            backend=t.BackendInfo(
                name=editor.runner.name,
                device=editor.device.name,
                dtype=editor.device.dtype_name,
                reason="; ".join(filter(None, [self._chooser.reason, editor.device.note])),
            ),
            activity="dragging" if self._working else paused,
            notice=self._notice,
            history=editor.history,
            commands=self._commands_taken,
            moments=editor.kept.moments.all(),
        )
