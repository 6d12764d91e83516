"""The timeline under the picture: thumbnails to press and scrub along. It shows `Timeline`."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ..keyboard import CONTROL
from ..keymap import shown
from ..layout import Box
from ..picture.input import KEYS
from ..picture.viewport import Spot
from ..theme import ACCENT, PADDING_PX, SMALL_PX, TEXT, Colour, Look
from .scrubbing import Timeline
from .sheet import Sheet
from .timeline import Place, Ruler, name

THUMB_PX = 48
GAP_PX = 8
TOP_PX = 8
WORDS_PX = 6  # under a thumbnail, to the words
MOST_SLOTS = 40
BEHIND: Colour = (17, 18, 21, 150)  # what lies ahead of the present state is dimmed
HINT = (
    "Drag along the strip to see the edit again; let go to go on from there "
    f"({shown(KEYS['earlier'])}, {shown(KEYS['later'])}; {KEYS['first_state']} and "
    f"{KEYS['last_state']}; another branch: {shown(KEYS['branch_before'])}, "
    f"{shown(KEYS['branch_after'])})"
)


class Strip:
    """A drawlist in a child window; built inside the window that is being built."""

    def __init__(self, look: Look, timeline: Timeline) -> None:
        self._look, self._timeline = look, timeline
        self._sheet = Sheet(look.px(THUMB_PX), MOST_SLOTS)
        self._ruler = Ruler(0, 0, 1, 1)
        self._slots = 1
        self._box = Box(0, 0, 1, 1)
        self._drawn: object = None
        self._left_down = self._grabbed = False
        with (
            dpg.child_window(no_scrollbar=True, no_scroll_with_mouse=True) as self._child,
            dpg.group() as group,  # a drawlist takes no tooltip
        ):
            self._drawlist = dpg.add_drawlist(1, 1, user_data="Timeline")
        with dpg.theme() as theme, dpg.theme_component(dpg.mvChildWindow):
            dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, 0, 0)
        dpg.bind_item_theme(self._child, theme)
        with dpg.tooltip(group, delay=0.4, hide_on_activity=True) as self._tip:
            self._words = dpg.add_text(HINT, wrap=look.px(320))
            dpg.bind_item_font(self._words, look.small)
        dpg.bind_item_theme(self._tip, look.tooltip)

    def place(self, box: Box) -> None:
        """Put the strip there."""
        self._box = box
        dpg.configure_item(self._child, pos=(box.x, box.y), width=box.width, height=box.height)
        dpg.configure_item(self._drawlist, width=max(box.width, 1), height=max(box.height, 1))
        pitch = self._look.px(THUMB_PX + GAP_PX)
        room = box.width - 2 * self._look.px(PADDING_PX) + self._look.px(GAP_PX)
        self._slots = max(min(room // pitch, MOST_SLOTS), 1)
        self._drawn = None

    def refresh(self, *, typing: bool) -> bool:
        """Read the hand and show the timeline; whether the hand did something."""
        acted = self._read(typing=typing)
        dpg.configure_item(self._tip, show=self._timeline.scrub is None)
        self._draw()
        return acted

    # The hand.

    def _read(self, *, typing: bool) -> bool:
        timeline, spot = self._timeline, self._spot()
        down = dpg.is_mouse_button_down(dpg.mvMouseButton_Left)
        pressed, self._left_down = down and not self._left_down, down
        if timeline.scrub is not None and dpg.is_key_pressed(dpg.mvKey_Escape):
            self._grabbed = False
            timeline.cancel()
        elif self._grabbed:
            timeline.move(self._ruler.at(spot.x))
            if not down:
                self._grabbed = False
                timeline.let_go()
        elif timeline.by_keys and timeline.scrub is not None:
            if not any(dpg.is_key_down(key) for key in CONTROL):
                timeline.let_go()
        elif pressed and not typing and dpg.is_item_hovered(self._drawlist):
            self._press(spot)
        else:
            self._explain(spot)
            return False
        return True

    def _press(self, spot: Spot) -> None:
        index = self._ruler.at(spot.x)
        if spot.y > self._look.px(TOP_PX + THUMB_PX) and self._fork_at(index):
            self._timeline.switch(1, index)
            return
        self._grabbed = True
        self._timeline.take(index)

    def _fork_at(self, index: int) -> str:
        """What stands under a place from which branches leave."""
        line = self._timeline.line
        if not 0 <= index < len(line.places) or line.places[index].step is not None:
            return ""
        fork = dict(line.forks).get(line.places[index].state)
        return f"{fork.taken + 1} of {len(fork.children)}" if fork else ""

    def _explain(self, spot: Spot) -> None:
        """Name what is under the pointer."""
        history, line = self._timeline.history, self._timeline.line
        if history is None or not dpg.is_item_hovered(self._drawlist) or not line.places:
            return
        index = self._ruler.at(spot.x)
        words = name(history, line.places[index])
        branches = (
            f"\nBranches: press below, or {KEYS['branch_before']}, {KEYS['branch_after']}"
            if self._fork_at(index)
            else ""
        )
        dpg.set_value(self._words, f"{index + 1}. {words}{branches}\n{HINT}")

    def _spot(self) -> Spot:
        x, y = dpg.get_mouse_pos(local=False)
        left, top = dpg.get_item_rect_min(self._drawlist)
        return Spot(x - left, y - top)

    # What is to be seen.

    def _draw(self) -> None:
        timeline, look = self._timeline, self._look
        scrub = timeline.scrub
        line = scrub.line if scrub else timeline.line
        pitch = look.px(THUMB_PX + GAP_PX)
        self._ruler = Ruler(len(line.places), look.px(PADDING_PX), pitch, self._slots)
        places = [line.places[self._ruler.thumbnail(s)] for s in range(self._ruler.shown)]
        timeline.shown = tuple(dict.fromkeys(places))
        for slot, place in enumerate(places):
            self._sheet.put(slot, timeline.thumbnail(place))
        index = scrub.index if scrub else line.current
        wanted = line, index, scrub is not None, self._box, tuple(ACCENT)
        if wanted != self._drawn:
            self._drawn = wanted
            dpg.delete_item(self._drawlist, children_only=True)
            self._draw_places(places, index)
            self._draw_cursor(index, moving=scrub is not None)

    def _draw_places(self, places: list[Place], index: int) -> None:
        look, ruler = self._look, self._ruler
        side, top = look.px(THUMB_PX), look.px(TOP_PX)
        for slot in range(len(places)):
            left = ruler.left_px + slot * ruler.pitch_px
            low, high = self._sheet.corners(slot)
            box = (left, top), (left + side, top + side)
            dpg.draw_image(
                self._sheet.texture, *box, uv_min=low, uv_max=high, parent=self._drawlist
            )
            at = ruler.thumbnail(slot)
            if at > index:
                dpg.draw_rectangle(*box, color=BEHIND, fill=BEHIND, parent=self._drawlist)
            if words := self._fork_at(at):
                spot = left, look.px(TOP_PX + THUMB_PX + WORDS_PX)
                dpg.draw_text(
                    spot, words, color=ACCENT, size=look.px(SMALL_PX), parent=self._drawlist
                )

    def _draw_cursor(self, index: int, *, moving: bool) -> None:
        look, ruler = self._look, self._ruler
        if not ruler.count:
            return
        side, top, middle = look.px(THUMB_PX), look.px(TOP_PX), ruler.middle_px(index)
        colour = TEXT if moving else ACCENT
        if ruler.count <= ruler.slots:
            left = middle - ruler.pitch_px / 2
            low, high = (left - 2, top - 2), (left + side + 2, top + side + 2)
            dpg.draw_rectangle(
                low, high, color=colour, thickness=look.px(2), rounding=3, parent=self._drawlist
            )
        else:
            ends = (middle, top - look.px(4)), (middle, top + side + look.px(4))
            dpg.draw_line(*ends, color=colour, thickness=look.px(3), parent=self._drawlist)
