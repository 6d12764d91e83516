"""The engine as a window or a script sees it: a thread behind two mailboxes."""

from __future__ import annotations

import threading
import traceback
from dataclasses import dataclass
from pathlib import Path

import torch

from draglive.stylegan2_jit.checkpoints import load_checkpoint
from draglive.stylegan2_jit.compile import in_a_line
from draglive.stylegan2_jit.latents import seed_to_ws

from . import types as t
from .backends import BackendChoice, RunnerChooser
from .device import open_device
from .editor import Editor
from .mailbox import CommandMailbox
from .worker import Outbox, Worker


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to start an engine.

    Attributes:
        model: checkpoint; None for the default model.
        device: see `device.open_device`.
        dtype: see `device.open_device`.
        backend: 'auto', or one by name.
        seed: of the first picture.
        psi: truncation psi of the first picture.
        class_index: of a conditional model.
        frames_per_second: how often frames are due; steps fill the time between.
        spare_core: leave one of the CPU's cores to a window: it may have to be drawn by the CPU.
        background: with 'auto', find and build the fastest back-end beside the work.
    """

    model: Path | None = None
    device: str = "auto"
    dtype: str = "auto"
    backend: BackendChoice = "auto"
    seed: int = 0
    psi: float = 1.0
    class_index: int | None = None
    frames_per_second: float = 60.0
    spare_core: bool = False
    background: bool = True


def load_editor(options: EngineOptions) -> tuple[Editor, RunnerChooser]:
    """Load the model and set an editor up on it.

    Raises:
        CheckpointError, DeviceError, BackendError, EditError, ValueError: what was asked for is
            not there or not possible; one line each.
    """
    device = open_device(options.device, options.dtype)
    checkpoint = load_checkpoint(options.model)
    checkpoint.generator.prepare(device.dtype, device.on)
    ws = seed_to_ws(checkpoint.generator, 0)
    chooser = RunnerChooser(checkpoint, device, options.backend, ws, background=options.background)
    try:
        editor = Editor(
            checkpoint,
            device,
            chooser,
            seed=options.seed,
            psi=options.psi,
            class_index=options.class_index,
        )
    except Exception:
        chooser.close()
        raise
    return editor, chooser


class Engine:
    """A thread that loads a model and drags on it (`types.EngineClient`).

    Args:
        options: what to load and how; loading happens on the engine's thread after `start`.
    """

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._commands = CommandMailbox()
        self._outbox = Outbox()
        self._sinks_lock = threading.Lock()
        self._stopping = threading.Event()
        self._editor: Editor | None = None
        self._thread = threading.Thread(target=self._run, name="draglive-engine", daemon=True)

    def start(self) -> None:
        """Start the thread, which loads the model."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopping.set()
        self._commands.wake()
        if self._thread.is_alive():
            self._thread.join()

    def post(self, command: t.Command) -> None:
        """Hand over a command; never waits."""
        self._commands.post(command)

    def take_frame(self) -> t.Frame | None:
        """The newest frame not taken yet, or None."""
        return self._outbox.frames.take()

    def status(self) -> t.EngineStatus:
        """What the engine is doing now."""
        return self._outbox.status

    def stats(self) -> t.EngineStats:
        """Latencies and rates of the recent past, totals since the start."""
        return self._outbox.rates.stats(self._editor.timers.stats() if self._editor else {})

    def events(self) -> tuple[t.Event, ...]:
        """Every command as it was drained; `edit.fold` of them is the state."""
        return tuple(self._editor.events) if self._editor else ()

    def add_sink(self, sink: t.FrameSink) -> None:
        """Call `sink` with every frame from now on, the present one first."""
        with self._sinks_lock:
            self._outbox.sinks = (*self._outbox.sinks, sink)
        self._commands.wake()

    def remove_sink(self, sink: t.FrameSink) -> None:
        """Stop calling `sink`; one call may still be under way."""
        with self._sinks_lock:
            self._outbox.sinks = tuple(s for s in self._outbox.sinks if s != sink)

    def _run(self) -> None:
        if self._options.spare_core:
            torch.set_num_threads(max(torch.get_num_threads() - 1, 1))
        try:
            editor, chooser = load_editor(self._options)
        except Exception as error:  # whatever it is, the person must see it
            self._outbox.status = t.Failed(in_a_line(error), traceback.format_exc())
            return
        self._editor = editor
        interval_s = 1.0 / self._options.frames_per_second
        worker = Worker(editor, chooser, self._commands, self._outbox, interval_s)
        try:
            with editor.device.stream():
                while not self._stopping.is_set():
                    worker.cycle()
        finally:
            chooser.close()
