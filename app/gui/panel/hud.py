"""The clockwork at a glance: rates, latencies, step time over time, what runs on which device."""

from __future__ import annotations

import math
import time
from collections import deque

import dearpygui.dearpygui as dpg

from ...engine.types import BackendInfo, EngineClient, EngineStatus, Ready, StageStats
from ..layout import PANEL_PX, Box
from ..meters import Meters, Percentiles
from ..theme import FAINT, HAIRLINE, MUTED, PADDING_PX, TEXT, Colour, Item, Look
from ..widgets import TOOLTIP_AFTER_S, TOOLTIP_WRAP_PX

REFRESH_S = 0.25
SAMPLES = 120  # of the plot: 30 s
PLOT_PX = 56
COLUMN_PX = 98
STEP = "step"  # the stage that is plotted
NOTHING = "—"


class Hud:
    """Figures, table, plot; built inside the window that is being built."""

    def __init__(self, look: Look, meters: Meters) -> None:
        self._look, self._meters = look, meters
        self._next_s = 0.0
        self._width = look.px(PANEL_PX - 2 * PADDING_PX)
        self._typical: deque[float] = deque(maxlen=SAMPLES)
        self._slow: deque[float] = deque(maxlen=SAMPLES)
        self._backend: BackendInfo | None = None
        with dpg.child_window(always_use_window_padding=True, no_scrollbar=True) as self._child:
            self._hairline()
            with dpg.group(horizontal=True, xoffset=look.px(COLUMN_PX)):
                self._frames = self._figure("frames/s")
                self._steps = self._figure("steps/s")
            self._table()
            self._plot()
            self._machine = self._small("", FAINT)
            with dpg.tooltip(self._machine, delay=TOOLTIP_AFTER_S):
                self._about = dpg.add_text("", wrap=look.px(TOOLTIP_WRAP_PX))
                dpg.bind_item_font(self._about, look.small)
        with dpg.theme() as theme, dpg.theme_component(dpg.mvAll):
            dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, look.px(PADDING_PX), 0)
            dpg.add_theme_style(dpg.mvStyleVar_ItemSpacing, look.px(8), look.px(4))
            # Text in a row is as high as a control otherwise.
            dpg.add_theme_style(dpg.mvStyleVar_FramePadding, 0, 0)
        dpg.bind_item_theme(self._child, theme)

    def place(self, box: Box | None) -> None:
        """Put the HUD there; None hides it."""
        dpg.configure_item(self._child, show=box is not None)
        if box is None:
            return
        dpg.configure_item(self._child, pos=(box.x, box.y), width=box.width, height=box.height)
        self._widen(max(box.width - self._look.px(2 * PADDING_PX), 1))

    def refresh(self, engine: EngineClient, status: EngineStatus) -> None:
        """Show the newest figures, a few times a second."""
        now_s = time.perf_counter()
        if now_s < self._next_s or not isinstance(status, Ready):
            return
        self._next_s = now_s + REFRESH_S
        stats = engine.stats()
        step = stats.stages.get(STEP)
        dragging = status.activity == "dragging"
        if dragging:
            dpg.set_value(self._frames, f"{self._meters.frame_rate:.0f}")
            dpg.set_value(self._steps, f"{stats.steps_per_second:.0f}")
        for figure in (self._frames, self._steps):  # the last ones stay, as past
            dpg.configure_item(figure, color=TEXT if dragging else FAINT)
        self._fill(self._step_row, step)
        self._fill(self._mouse_row, self._meters.mouse_to_frame)
        if dragging and step:
            self._extend(step)
        if status.backend != self._backend:
            self._tell_machine(status.backend)

    def _hairline(self) -> None:
        """A separator as wide as the panel's controls; Dear PyGui's own runs to the edge."""
        with dpg.drawlist(self._width, self._look.px(10)) as self._ground:
            end, thickness = (self._width, 0), self._look.px(1)
            self._hair = dpg.draw_line((0, 0), end, color=HAIRLINE, thickness=thickness)

    def _widen(self, width: int) -> None:
        """As wide as the panel's controls are now."""
        if width != self._width:
            self._width, self._backend = width, None
            dpg.configure_item(self._ground, width=width)
            dpg.configure_item(self._hair, p2=(width, 0))
            dpg.configure_item(self._plotted, width=width)

    def _figure(self, caption: str) -> Item:
        with dpg.group():
            number: Item = dpg.add_text(NOTHING, color=FAINT)
            dpg.bind_item_font(number, self._look.figure)
            self._small(caption, MUTED)
        return number

    def _small(self, text: str, colour: Colour) -> Item:
        item: Item = dpg.add_text(text, color=colour)
        dpg.bind_item_font(item, self._look.small)
        return item

    def _table(self) -> None:
        dpg.add_spacer(height=self._look.px(4))
        self._row("ms", "median", "p95", FAINT)
        self._step_row = self._row("Step", NOTHING, NOTHING, MUTED)
        self._mouse_row = self._row("Mouse to frame", NOTHING, NOTHING, MUTED)

    def _row(self, label: str, middle: str, high: str, colour: Colour) -> tuple[Item, Item]:
        with dpg.group(horizontal=True, xoffset=self._look.px(COLUMN_PX)):
            self._small(label, colour)
            return self._small(middle, colour), self._small(high, colour)

    def _fill(self, row: tuple[Item, Item], values: StageStats | Percentiles | None) -> None:
        if values is not None:
            dpg.set_value(row[0], _milliseconds(values.p50_ms))
            dpg.set_value(row[1], _milliseconds(values.p95_ms))

    def _plot(self) -> None:
        with dpg.plot(
            width=self._width,
            height=self._look.px(PLOT_PX),
            no_inputs=True,
            no_title=True,
            no_menus=True,
            no_mouse_pos=True,
        ) as self._plotted:
            across = dpg.add_plot_axis(dpg.mvXAxis, no_tick_labels=True, no_gridlines=True)
            dpg.set_axis_limits(across, 0, SAMPLES - 1)
            with dpg.plot_axis(dpg.mvYAxis) as self._up:
                self._shade = dpg.add_shade_series([0.0], [0.0], y2=[0.0])
                self._line = dpg.add_line_series([0.0], [0.0])
        dpg.bind_item_font(self._plotted, self._look.small)
        self._scale_to(1.0)

    def _extend(self, step: StageStats) -> None:
        self._typical.append(step.p50_ms)
        self._slow.append(step.p95_ms)
        # The newest sample is at the right edge. Dear PyGui crashes on unequal lengths.
        across = [float(SAMPLES - len(self._slow) + i) for i in range(len(self._slow))]
        dpg.set_value(self._shade, [across, list(self._slow), list(self._typical)])
        dpg.set_value(self._line, [across, list(self._typical)])
        self._scale_to(max(self._slow))

    def _scale_to(self, largest_ms: float) -> None:
        top = _round_up(largest_ms)
        dpg.set_axis_limits(self._up, 0, top)
        dpg.set_axis_ticks(self._up, (("0", 0), (f"{top:g}", top)))

    def _tell_machine(self, backend: BackendInfo) -> None:
        self._backend = backend
        text = f"{backend.name} · {backend.dtype} · {backend.device}"
        dpg.set_value(self._machine, shorten(text, self._width, self._look.small))
        dpg.set_value(self._about, f"{text}\n{backend.reason}")


def shorten(text: str, width_px: float, font: Item) -> str:
    """The text, cut with an ellipsis where it would not fit."""
    cut = text
    while len(cut) > 1 and (size := dpg.get_text_size(cut, font=font)) and size[0] > width_px:
        cut = cut.removesuffix("…")[:-1].rstrip() + "…"
    return cut


def _milliseconds(value_ms: float) -> str:
    return f"{value_ms:.1f}" if value_ms < 100 else f"{value_ms:.0f}"


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 …: a scale that does not jitter."""
    power = 10.0 ** math.floor(math.log10(max(value, 1e-3)))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)
