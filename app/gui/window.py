"""The window: its layout and THE render loop. All of Dear PyGui runs on this one thread.

The loop draws, reads the hand, posts commands, takes the newest frame; it waits for nobody. The
engine is stopped before Dear PyGui's context goes: a call after that would crash the process.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import dearpygui.dearpygui as dpg
import numpy as np
from numpy.typing import NDArray

from ..engine.edit import EditState
from ..engine.opening import Opening
from ..engine.types import (
    EngineClient,
    EngineStatus,
    Failed,
    Frame,
    Loading,
    ModelInfo,
    Ready,
    Size,
)
from ..session.errors import RecorderError
from .agreement import believed, known
from .desk import Desk, Message
from .dialogs.dialog import Trouble
from .dialogs.doors import Doors
from .dialogs.models import Models, Places
from .keeping import Keeping
from .layout import Layout
from .meters import Laps, Meters
from .options import WindowOptions
from .pacing import Pacer
from .parts import Parts
from .picture.markers import Marks
from .picture.texture import Tint
from .picture.viewport import ViewTransform
from .preferences import Memory
from .shell import Shell
from .theme import GROUND, make_look, wear
from .trace import Trace
from .words import banner, facts, notice

MARGIN_PX = 20  # around a fitted picture
NAP_S = 0.002


class DisplayError(RuntimeError):
    """There is no display to open a window on; Dear PyGui would abort the process."""


class Window:
    """A window on a started engine.

    Args:
        engine: started; it is stopped when the window closes.
        options: see there.
        keeping: the edit's files.
        memory: what is remembered between runs; None remembers nothing.

    Raises:
        OSError: the trace cannot be written.
    """

    def __init__(
        self,
        engine: EngineClient,
        options: WindowOptions,
        keeping: Keeping | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._engine, self._options = engine, options
        self._memory = memory or Memory()
        self._shell = Shell(self._memory)
        self._trace = Trace(options.trace)
        self._desk = Desk(
            engine,
            self._trace,
            options.recordings_dir,
            seed=options.seed,
            psi=options.psi,
            keeping=keeping,
        )
        self._desk.memory = self._memory
        self._desk.teach(self._shell.actions())
        self._models = Models(engine, Places(), bundled=options.bundled)
        self._doors = Doors(self._desk, self._models, self._shell, self._stop)
        self._opening: Opening | None = None
        self._trouble: Trouble | None = None  # to be told
        self._meters, self._laps = Meters(), Laps()
        self._pacer = Pacer(options.max_frames_per_second)
        self._status: EngineStatus = Loading("Starting")
        self._frame: Frame | None = None  # the one shown; its buffer is ours until the next
        self._fresh = False  # it is not on the screen yet
        self._tint: Tint | None = None
        self._mask_edits = -1
        self._looks: object = None  # what else is shown in the picture's place
        self._part: NDArray[np.float32] | None = None  # of the picture, which a click would take
        self._layout: Layout | None = None
        self._quit = False

    def run(self) -> int:
        """Show the window until it is closed; the exit code.

        Raises:
            DisplayError: there is no display.
        """
        if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
            raise DisplayError("no display: DISPLAY is not set")
        with self._closing(), self._signals():
            parts = self._open()
            while dpg.is_dearpygui_running() and not self._quit:
                self._cycle(parts)
        return 0

    # Opening and closing.

    def _open(self) -> Parts:
        dpg.create_context()
        # Dear PyGui's own callback thread races with the loop and crashes.
        dpg.configure_app(manual_callback_management=True)
        options = self._options
        dpg.create_viewport(
            title=options.title,
            width=options.width,
            height=options.height,
            x_pos=0,
            y_pos=0,
            min_width=640,
            min_height=480,
            clear_color=GROUND,
            disable_close=True,  # it asks first
        )
        dpg.set_exit_callback(lambda *_: self._shell.wish("close"))
        dpg.setup_dearpygui()
        wear(self._memory.now.theme)
        parts = Parts.build(
            make_look(options.scale), self._desk, self._meters, self._models, self._doors.open
        )
        dpg.show_viewport()
        return parts

    @contextmanager
    def _closing(self) -> Iterator[None]:
        """Whatever happens: videos are finished, the engine is stopped, then the context goes."""
        try:
            yield
        finally:
            try:
                self._desk.tell_finished(self._desk.recording.close())
            except RecorderError as error:
                print(f"draglive: {error}", file=sys.stderr)
            finally:
                self._trace.state(believed(self._desk), known(self._engine.status()))
                self._engine.stop()
                self._models.close()
                self._remember_size()
                self._memory.close()
                dpg.destroy_context()
                self._trace.close(self._meters)

    def _remember_size(self) -> None:
        """The next window is as large."""
        size = dpg.get_viewport_width(), dpg.get_viewport_height()
        if min(size) > 0 and size != (self._options.width, self._options.height):
            self._memory.change(size=size)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM close the window as its button does."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._stop) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, *_: object) -> None:
        self._quit = True

    # One turn of the loop.

    def _cycle(self, parts: Parts) -> None:
        self._wait_for_frame()
        self._pacer.begin()
        laps = self._laps
        laps.begin()
        self._follow_status(parts)
        self._follow_opening(parts)
        self._follow_shell(parts)
        self._follow_size(parts)
        laps.lap("follow")
        self._show_picture(parts)
        laps.lap("picture")
        self._refresh(parts)
        laps.lap("refresh")
        self._render()
        laps.lap("render")
        self._run_callbacks(parts)
        self._read_hand(parts)
        laps.lap("hand")
        self._trace.turn(laps)
        self._meters.turned(self._pacer.end())

    def _follow_status(self, parts: Parts) -> None:
        """Tell what became of the engine."""
        status, before = self._engine.status(), self._status
        if status is before:
            return
        self._status = status
        self._trace.status(status)
        model = None if isinstance(status, Loading) else status.model
        if model is not None and model is not self._desk.model:
            history = status.history if isinstance(status, Ready) else None
            self._adopt(model, history.edit if history else None, parts)
        if isinstance(status, Failed):
            self._tell_failure(status, parts)
        elif isinstance(status, Ready):
            self._desk.follow(status)
            if status.notice != notice(before):
                self._desk.say(status.notice)

    def _adopt(self, model: ModelInfo, edit: EditState | None, parts: Parts) -> None:
        self._desk.adopt(model, edit)
        if self._models.adopted(model.path):
            self._desk.keeping.begin()
            self._desk.say(f"Opened {model.name}.")
        parts.panel.adopt(model)
        parts.hand.let_go()
        dpg.set_viewport_title(f"{model.name} - {self._options.title}")

    def _follow_opening(self, parts: Parts) -> None:
        """Show the models when they are asked for, and tell how an opening goes."""
        if self._desk.browsing:
            self._desk.browsing = False
            parts.browser.show()
        opening = self._engine.opening()
        if opening is not self._opening:
            self._opening = opening
            self._trace.opening(opening)
            self._pacer.stir()
        failed = self._models.failure()
        if failed is not None and failed.failure is not None and self._desk.model is not None:
            self._desk.say(failed.what, "error")
            parts.browser.close()
            title = "That model could not be opened. This one stays."
            self._trouble = Trouble(title, failed.what, failed.failure.detail)
        elif self._trouble is not None and not parts.is_asking:  # a frame after the browser went
            parts.dialog.show(self._trouble)
            self._trouble = None
        if parts.browser.refresh():
            self._pacer.stir()
        self._trace.models(parts.browser.titles)

    def _tell_failure(self, failure: Failed, parts: Parts) -> None:
        if failure.model is None:
            title, remedy = "The model could not be loaded.", ""
        else:
            title, remedy = "The last step failed. The edit can start over.", "Start over"
        self._desk.say(failure.error, "error")
        parts.dialog.show(Trouble(title, failure.error, failure.detail, remedy))

    def _follow_shell(self, parts: Parts) -> None:
        """Do what the person wants of the window itself."""
        if complaint := self._memory.poll():
            self._desk.say(complaint, "error")
        wear(self._memory.now.theme)
        self._doors.serve(parts)

    def _follow_size(self, parts: Parts) -> None:
        width, height = dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
        shown = self._memory.now
        layout = Layout.of(
            width,
            height,
            parts.look.scale,
            panel=shown.panel_px if shown.panel else 0,
            figures=shown.figures,
            gallery=self._desk.beside.gallery.shown,
        )
        if layout == self._layout:
            return
        self._layout = layout
        dpg.configure_item(parts.ground, width=width, height=height)
        parts.place(layout)
        if self._desk.view is not None:
            self._desk.view = self._desk.view.resized(parts.canvas.area)

    def _wait_for_frame(self) -> None:
        """Until it is time to draw; a frame that comes while all is quiet is shown at once."""
        while (left_s := self._pacer.left_s) > 0 and not self._quit:
            if self._pacer.is_idle and self._take_frame():
                return
            time.sleep(min(left_s, NAP_S))
        self._take_frame()

    def _take_frame(self) -> bool:
        frame = self._engine.take_frame()
        if frame is None:
            return False
        self._frame, self._fresh = frame, True
        self._desk.saw(frame)
        self._pacer.stir()
        return True

    def _show_picture(self, parts: Parts) -> None:
        """Bring a new frame, or a new mask over the old one, to the screen."""
        if self._frame is None:
            return
        part = self._desk.region.preview
        masked = self._desk.mask_edits != self._mask_edits or part is not self._part
        if masked:
            self._mask_edits, self._part = self._desk.mask_edits, part
            mask = self._desk.mask.mask() if self._desk.mask and self._desk.show_mask else None
            self._tint = Tint.over(mask, self._part)
        looks = self._desk.beside.look
        if self._fresh or masked or looks != self._looks:
            self._looks = looks
            height, width = self._frame.rgba.shape[:2]
            if self._desk.view is None or self._desk.view.picture != (width, height):
                margin = parts.look.px(MARGIN_PX)
                size = Size(width, height)
                self._desk.view = ViewTransform.fit(size, parts.canvas.area, margin)
            parts.canvas.show(self._desk.beside.picture(self._frame.rgba), self._tint)

    def _refresh(self, parts: Parts) -> None:
        beside = self._desk.beside
        overlay = parts.hand.overlay(banner(self._status))
        if beside.hides_points:
            overlay = replace(overlay, marks=Marks())
        parts.canvas.draw(overlay)
        parts.split.draw(self._desk.view, past=beside.hides_points)
        if self._desk.view is not None:
            self._trace.view(self._desk.view, parts.canvas.origin)
        self._trace.controls(parts.controls.look)
        parts.edge.refresh()
        parts.panel.refresh()
        parts.refresh_modals()
        parts.hud.refresh(self._engine, self._status)
        opening = self._models.opening if self._desk.model is not None else None
        parts.opening.refresh(opening, time.perf_counter())
        if opening is None:
            parts.status.refresh(self._desk.message, facts(self._desk.model, self._desk.view))
        else:  # its line takes this one's place
            parts.status.refresh(Message(""), "")
        self._desk.tell_finished(self._desk.recording.poll())
        self._keep(parts)

    def _keep(self, parts: Parts) -> None:
        """Tell what became of the edit's files; offer what a program that died left."""
        keeping = self._desk.keeping
        for text, tone in keeping.news():
            self._desk.say(text, tone)
        if keeping.offer is not None and not parts.is_asking and self._trouble is None:
            parts.offer.show(keeping.offer)

    def _render(self) -> None:
        dpg.render_dearpygui_frame()
        if self._fresh and self._frame is not None:
            self._fresh = False
            late_ms = self._meters.shown(self._frame.input_s)
            self._trace.frame(self._frame, late_ms)

    def _run_callbacks(self, parts: Parts) -> None:
        """Run what widgets asked for; an error is shown and the window lives on."""
        for job in dpg.get_callback_queue() or ():
            if job[0] is None:
                continue
            self._pacer.stir()
            try:
                job[0](*job[1:4])
            except Exception as error:  # whatever it is, the person must see it
                detail = traceback.format_exc()
                self._trace.trouble(str(error), detail)
                parts.dialog.show(Trouble("Something went wrong.", str(error), detail))

    def _read_hand(self, parts: Parts) -> None:
        """Carry out what pointer and keys ask for."""
        typing, asking = parts.is_typing, parts.is_asking
        acted = parts.hand.read(typing=asking or typing)
        acted |= parts.strip.refresh(typing=asking or typing)
        acted |= parts.gallery.refresh(blocked=asking)
        if acted | self._desk.beside.turn():
            self._pacer.stir()
        if parts.hand.quits:
            self._shell.wish("close")
