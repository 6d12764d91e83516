"""The side panel: sections under titles that fold, few of them unfolded. Each shows the desk.

`refresh` brings the widgets to the desk's state, so that keys and panel never disagree.
"""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ...engine.types import ModelInfo
from ..desk import Desk
from ..layout import PANEL_PX, Box
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
        memory = desk.memory
        self._bricks = Bricks(look, PANEL_PX, memory.now.folds, memory.fold)
        with dpg.child_window(always_use_window_padding=True) as self._child:
            self._sections: tuple[Section, ...] = tuple(s(self._bricks, desk) for s in SECTIONS)
        dpg.bind_item_theme(self._child, look.padded)
        self._bricks.enable(False)

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
        for section in self._sections:
            section.adopt(model)
        self._bricks.enable(True)

    def refresh(self) -> None:
        """Show the desk as it is now."""
        for section in self._sections:
            section.refresh()
