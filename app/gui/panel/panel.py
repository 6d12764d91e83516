"""The side panel: sections under titles that fold, few of them unfolded. Each shows the desk.

`refresh` brings the widgets to the desk's state, so that keys and panel never disagree.
"""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ...engine.types import ModelInfo
from ..desk import Desk
from ..layout import Box
from ..theme import Look
from ..widgets import Bricks
from .beside import CompareSection, MixSection, SlidersSection
from .drag import DragSection
from .files import FilesSection
from .picture import PictureSection
from .points import PointsSection
from .region import RegionSection
from .sections import MakeSection, Section
from .settings import SettingsSection
from .window import WindowSection

SECTIONS: tuple[MakeSection, ...] = (  # from the top
    PictureSection,
    DragSection,
    PointsSection,
    RegionSection,
    CompareSection,
    MixSection,
    SlidersSection,
    SettingsSection,
    FilesSection,
    WindowSection,
)


class Panel:
    """The controls; built inside the window that is being built.

    Args:
        look: lengths and fonts.
        desk: what the controls show and change.
    """

    def __init__(self, look: Look, desk: Desk) -> None:
        self._look, self._desk = look, desk
        self._model: ModelInfo | None = None
        with dpg.child_window(always_use_window_padding=True) as self._child:
            self._build()
        dpg.bind_item_theme(self._child, look.padded)

    def _build(self) -> None:
        memory = self._desk.memory
        self._width_px = memory.now.panel_px
        self._bricks = Bricks(self._look, self._width_px, memory.now.folds, memory.fold)
        self._sections: tuple[Section, ...] = tuple(s(self._bricks, self._desk) for s in SECTIONS)
        self._bricks.enable(False)

    def _rebuild(self) -> None:
        """Controls as wide as the panel is now, scrolled to where it was."""
        scrolled = dpg.get_y_scroll(self._child)
        dpg.delete_item(self._child, children_only=True)
        dpg.push_container_stack(self._child)
        self._build()
        dpg.pop_container_stack()
        if self._model is not None:
            self.adopt(self._model)
        dpg.set_y_scroll(self._child, scrolled)

    @property
    def is_typing(self) -> bool:
        """Whether letters go into a field, and are no shortcuts."""
        return self._bricks.is_typing

    def place(self, box: Box | None) -> None:
        """Put the panel there; None hides it."""
        dpg.configure_item(self._child, show=box is not None)
        if box is None:
            return
        dpg.configure_item(self._child, pos=(box.x, box.y), width=box.width, height=box.height)

    def adopt(self, model: ModelInfo) -> None:
        """The engine has a model: ranges follow its size and defaults."""
        self._model = model
        for section in self._sections:
            section.adopt(model)
        self._bricks.enable(True)

    def refresh(self) -> None:
        """Show the desk as it is now."""
        held = dpg.is_mouse_button_down(dpg.mvMouseButton_Left)
        if self._width_px != self._desk.memory.now.panel_px and not held:
            self._rebuild()
        for section in self._sections:
            section.refresh()
