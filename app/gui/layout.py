"""Which part of the window is where. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

PANEL_PX = 300
NARROWEST_PX, WIDEST_PX = 270, 520  # of the panel
EDGE_PX = 6  # between canvas and panel: pulls the panel wider
STATUS_PX = 34
HUD_PX = 208
STRIP_PX = 76
GALLERY_PX = 252
SMALLEST_CANVAS_PX = 160


class Box(NamedTuple):
    """A rectangle in the window, in pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The window's parts; together they cover it, and none lies on another.

    `gallery`, `panel`, its `edge` and `hud` are None where they are not shown.
    """

    gallery: Box | None
    canvas: Box
    strip: Box
    status: Box
    edge: Box | None
    panel: Box | None
    hud: Box | None

    @classmethod
    def of(
        cls,
        width: int,
        height: int,
        scale: float,
        *,
        panel: int = PANEL_PX,
        figures: bool = True,
        gallery: bool = False,
    ) -> Layout:
        """Canvas left, timeline and status line under it, panel right, figures under the panel.

        The panel scrolls where it is too low for its controls; the canvas gives way last.

        Args:
            width: of the window, in pixels.
            height: of the window, in pixels.
            scale: of all that is drawn.
            panel: its width at scale 1, with or without figures; 0: there is none.
            figures: they are under the panel.
            gallery: it is left of the canvas, where there is room for both.
        """
        status_px = min(round(STATUS_PX * scale), height // 4)
        edge_px = round(EDGE_PX * scale) if panel else 0
        most_px = max(width - SMALLEST_CANVAS_PX - edge_px, 1)
        panel_px = min(round(panel * scale), most_px) if panel else 0
        hud_px = min(round(HUD_PX * scale), height // 2) if figures else 0
        right, top = width - panel_px, height - hud_px
        left = right - edge_px
        strip_px = min(round(STRIP_PX * scale), (height - status_px) // 4)
        gallery_px = round(GALLERY_PX * scale) if gallery else 0
        if left - gallery_px < round(SMALLEST_CANVAS_PX * scale):
            gallery_px = 0
        floor = height - status_px - strip_px
        return cls(
            gallery=Box(0, 0, gallery_px, floor) if gallery_px else None,
            canvas=Box(gallery_px, 0, left - gallery_px, floor),
            strip=Box(0, floor, left, strip_px),
            status=Box(0, height - status_px, left, status_px),
            edge=Box(left, 0, edge_px, height) if panel else None,
            panel=Box(right, 0, panel_px, top) if panel else None,
            hud=Box(right, top, panel_px, hud_px) if panel and figures else None,
        )


def panel_width(x_px: float, width_px: int, scale: float) -> int:
    """How wide the panel is to be, at scale 1, when its edge is pulled to a place.

    Args:
        x_px: of the place, in the window.
        width_px: of the window.
        scale: of all that is drawn.
    """
    return allowed_width(round((width_px - x_px) / scale - EDGE_PX / 2))


def allowed_width(panel_px: int) -> int:
    """The nearest width that a panel may have."""
    return max(NARROWEST_PX, min(panel_px, WIDEST_PX))
