"""The window's widgets, built once and put together."""

from __future__ import annotations

from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from ..engine.types import ResetPicture
from ..models.library import SUFFIXES as MODELS
from ..session.format import SUFFIX
from ..session.recipe import SUFFIXES as PICTURES
from .beside.gallery_view import GalleryView
from .beside.strip import Strip
from .controls import Controls
from .desk import Desk
from .dialogs.browser import ModelBrowser, Open
from .dialogs.dialog import TroubleDialog
from .dialogs.help import KeyMap
from .dialogs.models import Models
from .dialogs.offer import OfferDialog
from .dialogs.picker import FilePicker
from .dialogs.progress import OpeningLine
from .dialogs.question import UnsavedQuestion
from .keeping import own_edits
from .layout import Layout
from .meters import Meters
from .panel.edge import PanelEdge
from .panel.hud import Hud
from .panel.panel import Panel
from .panel.statusline import StatusLine
from .picture.canvas import Canvas
from .picture.hand import Hand
from .picture.splitline import SplitLine
from .theme import Item, Look

OPENED = (SUFFIX, *MODELS, *PICTURES)  # edits, models, pictures with an edit in them

MASKS = (".png",)
MASK = "Take the movable region from a PNG"


@dataclass(frozen=True, slots=True)
class Parts:
    """The widgets, once they are built."""

    look: Look
    ground: Item
    gallery: GalleryView
    canvas: Canvas
    split: SplitLine
    strip: Strip
    hand: Hand
    edge: PanelEdge
    panel: Panel
    hud: Hud
    status: StatusLine
    opening: OpeningLine
    browser: ModelBrowser
    dialog: TroubleDialog
    offer: OfferDialog
    controls: Controls
    keys: KeyMap
    question: UnsavedQuestion
    picker: FilePicker
    mask_picker: FilePicker

    @property
    def is_asking(self) -> bool:
        """Whether something lies over the window and has the keyboard."""
        asking = (self.dialog, self.browser, self.offer, self.keys, self.question)
        return any(part.is_open for part in (*asking, self.picker, self.mask_picker))

    def refresh_modals(self) -> None:
        """Escape takes dialogs away; the desktop's may have been answered."""
        for modal in (self.dialog, self.keys, self.question, self.picker, self.mask_picker):
            modal.refresh()

    def clear(self) -> None:
        """Take away what may be, to ask something else: two modals at once cannot be."""
        for modal in (self.dialog, self.keys, self.browser, self.picker, self.mask_picker):
            modal.close()

    def place(self, layout: Layout) -> None:
        """Put everything where it belongs."""
        self.gallery.place(layout.gallery)
        self.canvas.place(layout.canvas)
        self.strip.place(layout.strip)
        self.status.place(layout.status)
        self.opening.place(layout.status)
        self.browser.place()
        self.edge.place(layout.edge)
        self.panel.place(layout.panel)
        self.hud.place(layout.hud)

    @property
    def is_typing(self) -> bool:
        """Whether letters go into a field, and are no shortcuts."""
        return self.panel.is_typing or self.gallery.is_typing

    @classmethod
    def build(
        cls, look: Look, desk: Desk, meters: Meters, models: Models, open_path: Open
    ) -> Parts:
        """Build all of them in the present context."""
        picker = FilePicker(look, "Open", OPENED, open_path, own_edits())
        # Not Dear PyGui's "primary window": filling that one takes 6 ms a frame in software GL at
        # 1366x768; this one shows the viewport's clear colour at no cost.
        with dpg.window(
            pos=(0, 0),
            no_title_bar=True,
            no_move=True,
            no_resize=True,
            no_background=True,
            no_scrollbar=True,
            no_scroll_with_mouse=True,
            no_bring_to_front_on_focus=True,
        ) as ground:
            gallery, canvas = GalleryView(look, desk), Canvas(look)
            split = SplitLine(look, canvas.drawlist, desk.beside.compare)
            parts = cls(
                look=look,
                ground=ground,
                gallery=gallery,
                canvas=canvas,
                split=split,
                strip=Strip(look, desk.beside.timeline),
                hand=Hand(look, canvas, desk, split),
                edge=PanelEdge(look, desk.memory),
                panel=Panel(look, desk),
                hud=Hud(look, meters),
                status=StatusLine(look, desk.perform),
                opening=OpeningLine(look, models.cancel),
                browser=ModelBrowser(look, models, open_path, picker.show),
                dialog=TroubleDialog(look, lambda: desk.post(ResetPicture())),
                offer=OfferDialog(look, desk.keeping),
                controls=Controls(),
                keys=KeyMap(look),
                question=UnsavedQuestion(look),
                picker=picker,
                mask_picker=FilePicker(look, MASK, MASKS, desk.region.load, own_edits()),
            )
        with dpg.theme() as edgeless, dpg.theme_component(dpg.mvWindowAppItem):
            dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, 0, 0)
        dpg.bind_item_theme(ground, edgeless)
        return parts
