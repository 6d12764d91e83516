"""The part of the window that shows the picture and takes the hand: texture, overlay, pointer."""

from __future__ import annotations

import dearpygui.dearpygui as dpg
import numpy as np
from numpy.typing import NDArray

from ...engine.types import Size
from ..keyboard import CONTROL, SHIFT
from ..layout import Box
from ..theme import Item, Look
from .input import Button, PointerInput
from .overlay import Overlay, OverlayLayer
from .texture import PictureTexture, Tint
from .viewport import Spot

BUTTONS: dict[Button, int] = {
    "left": dpg.mvMouseButton_Left,
    "middle": dpg.mvMouseButton_Middle,
    "right": dpg.mvMouseButton_Right,
}


class Canvas:
    """A drawlist in a child window; built inside the window that is being built."""

    def __init__(self, look: Look) -> None:
        self._texture = PictureTexture()
        self._shown: Item | None = None
        self._size = (1, 1)
        with dpg.child_window(no_scrollbar=True, no_scroll_with_mouse=True) as self._child:
            self.drawlist: Item = dpg.add_drawlist(1, 1)
        with dpg.theme() as theme, dpg.theme_component(dpg.mvChildWindow):
            dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, 0, 0)
        dpg.bind_item_theme(self._child, theme)
        self._image_layer = dpg.add_draw_layer(parent=self.drawlist)
        self._image: Item | None = None
        self._overlay = OverlayLayer(look, self.drawlist)

    @property
    def area(self) -> Size:
        """The canvas, in screen pixels."""
        return Size(*self._size)

    @property
    def origin(self) -> Spot:
        """Where the canvas is in the window."""
        x, y = dpg.get_item_rect_min(self.drawlist)
        return Spot(x, y)

    def place(self, box: Box) -> None:
        """Put the canvas there."""
        self._size = (box.width, box.height)
        dpg.configure_item(self._child, pos=(box.x, box.y), width=box.width, height=box.height)
        dpg.configure_item(self.drawlist, width=box.width, height=box.height)

    def show(self, rgba: NDArray[np.uint8], tint: Tint | None) -> None:
        """Show a picture: uint8 [H, W, 4]."""
        texture = self._texture.write(rgba, tint)
        if texture != self._shown:
            self._shown = texture
            dpg.delete_item(self._image_layer, children_only=True)
            self._image = dpg.draw_image(texture, (0, 0), (1, 1), parent=self._image_layer)

    def draw(self, overlay: Overlay) -> None:
        """Put the picture where the view says, and the overlay over it."""
        if overlay.view is not None and self._image is not None:
            top_left, bottom_right = overlay.view.corners()
            dpg.configure_item(self._image, pmin=top_left, pmax=bottom_right)
        self._overlay.draw(overlay, self._size)

    def pointer(self, wheel: float) -> PointerInput:
        """What the pointer does now.

        Args:
            wheel: notches turned since the last call; only a handler learns of them.
        """
        x, y = dpg.get_mouse_pos(local=False)
        origin = self.origin
        down = (name for name, code in BUTTONS.items() if dpg.is_mouse_button_down(code))
        return PointerInput(
            spot=Spot(x - origin.x, y - origin.y),
            hovered=dpg.is_item_hovered(self.drawlist),
            buttons=frozenset(down),
            wheel=wheel,
            space=dpg.is_key_down(dpg.mvKey_Spacebar),
            shift=_is_down(SHIFT),
            control=_is_down(CONTROL),
        )


def _is_down(keys: tuple[int, int]) -> bool:
    return any(dpg.is_key_down(key) for key in keys)
