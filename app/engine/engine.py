"""The engine as a window or a script sees it: a thread behind two mailboxes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

import torch

from draglive.stylegan2_jit.compile import in_a_line

from . import types as t
from .asking import Answer, Question
from .backends import RunnerChooser
from .device import Device, FrameSlot, give_memory_back, open_device
from .editor import Editor
from .loading import EngineOptions, load_editor
from .log import EditLog, NoLog
from .mailbox import CommandMailbox
from .opener import Opener
from .opening import Opening, OpenModel, Tell
from .rerun import resume
from .worker import NAP_S, Outbox, Worker

__all__ = ["Engine", "EngineOptions", "load_editor"]


class Engine:
    """A thread that drags on a model, and one that loads another (`types.EngineClient`).

    Args:
        options: what to load first and how; loading begins with `start`.
        log: told of everything that happens, on the engine's thread.
    """

    def __init__(self, options: EngineOptions, log: EditLog | None = None) -> None:
        self._options, self._log = options, log or NoLog()
        self._threads = max(torch.get_num_threads() - options.spare_core, 1)
        self._commands = CommandMailbox()
        self._outbox = Outbox()
        self._sinks_lock = threading.Lock()
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._device: Device | None = None
        self._editor: Editor | None = None
        self._opener = Opener(self._load, _close, self._wake, in_a_line)
        self._thread = threading.Thread(target=self._run, name="draglive-engine", daemon=True)

    def start(self) -> None:
        """Start the threads; the first model is loaded."""
        first = self._options
        self.open_model(
            OpenModel(
                first.model, first.seed, first.psi, first.class_index, first.edit, first.settings
            )
        )
        self._thread.start()

    def stop(self) -> None:
        """End the engine's thread and wait for it; a model on its way is given up."""
        self._stopping.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join()

    def post(self, command: t.Command) -> int:
        """Hand over a command; never waits. How many were posted so far (`EngineClient`)."""
        return self._commands.post(command)

    def take_frame(self) -> t.Frame | None:
        """The newest frame not taken yet, or None."""
        return self._outbox.frames.take()

    def status(self) -> t.EngineStatus:
        """What the engine is doing now."""
        return self._outbox.status

    def stats(self) -> t.EngineStats:
        """Latencies and rates of the recent past, totals since the start."""
        return self._outbox.rates.stats(self._editor.timers.stats() if self._editor else {})

    def ask(self, questions: Sequence[Question]) -> None:
        """All that one wants to know beside the edit (`EngineClient.ask`)."""
        self._outbox.inquiry.ask(questions)
        self._commands.wake()

    def answers(self) -> Sequence[Answer]:
        """What was answered since the last call."""
        return self._outbox.inquiry.take()

    def add_sink(self, sink: t.FrameSink) -> None:
        """Call `sink` with every frame from now on, the present one first."""
        with self._sinks_lock:
            self._outbox.sinks = (*self._outbox.sinks, sink)
        self._commands.wake()

    def remove_sink(self, sink: t.FrameSink) -> None:
        """Stop calling `sink`; one call may still be under way."""
        with self._sinks_lock:
            self._outbox.sinks = tuple(s for s in self._outbox.sinks if s != sink)

    def open_model(self, request: OpenModel) -> None:
        """Load another model beside the one in use, which it replaces once it is ready."""
        self._opener.open(request)

    def cancel_opening(self) -> None:
        """Give up loading another model; the one in use stays."""
        self._opener.cancel()

    def opening(self) -> Opening | None:
        """The model on its way to replace the one in use, or why the last one could not."""
        return self._opener.opening

    def _wake(self) -> None:
        self._news.set()
        self._commands.wake()

    def _run(self) -> None:
        """Rounds of the worker of the newest model that could be loaded."""
        torch.set_num_threads(self._threads)
        worker: Worker | None = None
        with ExitStack() as in_use:
            while not self._stopping.is_set():
                model = self._opener.take()
                if model is not None:
                    in_use.close()
                    worker = self._adopt(*model, in_use)
                    give_memory_back()
                if worker is None:
                    self._await_first()
                else:
                    worker.cycle()
        self._opener.cancel()

    def _adopt(self, editor: Editor, chooser: RunnerChooser, in_use: ExitStack) -> Worker:
        """Go on with another model; the one before it was closed."""
        if self._editor is not None:
            self._commands.drain()  # they were meant for the other picture
            self._outbox.inquiry.forget()
        self._editor = editor
        editor.log_to(self._log)
        in_use.enter_context(editor.device.stream())
        interval_s = 1.0 / self._options.frames_per_second
        worker = Worker(editor, chooser, self._commands, self._outbox, interval_s)
        in_use.callback(worker.close)
        return worker

    def _await_first(self) -> None:
        """Tell how the first model comes along, until there is news."""
        opening = self._opener.opening
        match opening:
            case None:
                status: t.EngineStatus = t.Failed("no model is open: loading was cancelled", "")
            case Opening(failure=t.Failed() as failure):
                status = failure
            case Opening(what=what):
                status = t.Loading(what)
        if status != self._outbox.status:
            self._outbox.status = status
        self._news.wait(NAP_S)
        self._news.clear()

    def _load(self, request: OpenModel, tell: Tell) -> tuple[Editor, RunnerChooser]:
        """On the opener's thread."""
        torch.set_num_threads(self._threads)
        if self._device is None:
            self._device = open_device(self._options.device, self._options.dtype)
        options = replace(
            self._options,
            model=request.path,
            seed=request.seed,
            psi=request.psi,
            class_index=request.class_index,
            settings=request.settings,
        )
        editor, chooser = load_editor(options, self._device, tell)
        with ExitStack() as given_up:
            given_up.callback(chooser.close)
            if request.edit is not None:
                tell("going on with the edit", None)
                resume(editor, request.edit)
            if self._editor is not None:  # the old model serves until then
                tell("drawing the first picture", None)
                _draw_once(editor)
            given_up.pop_all()
        return editor, chooser


def _draw_once(editor: Editor) -> None:
    """What is set up at the first picture is set up here."""
    with editor.device.stream():
        editor.render(editor.look(), FrameSlot(editor.device, editor.model.size))
    editor.device.synchronize()


def _close(model: tuple[Editor, RunnerChooser]) -> None:
    _, chooser = model
    chooser.close()
