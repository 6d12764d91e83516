"""How it looks: colours, spacing, type, once. Calm: the picture is what stands out.

All lengths are given at scale 1 and pass through `Look.px`; fonts are rasterised at the scaled
size, so that they are crisp on HiDPI.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import dearpygui.dearpygui as dpg

from ..session.overlay import HALO, HANDLE, OUTLINE, TARGET

Colour: TypeAlias = Sequence[int]  # red, green, blue, alpha: 0 to 255
Item: TypeAlias = int | str
Kind = Literal[
    "primary", "toggled", "recording", "fold", "section", "quiet", "card", "chosen", "marked"
]
Scheme = Literal["dark", "light"]

__all__ = ["HALO", "HANDLE", "OUTLINE", "TARGET", "Look", "make_look", "wear"]

DARK: dict[str, tuple[int, ...]] = {
    "ground": (17, 18, 21, 255),  # behind everything
    "raised": (30, 32, 37, 255),  # dialogs, tooltips
    "control": (38, 41, 47, 255),
    "control_hover": (49, 53, 61, 255),
    "control_active": (60, 65, 74, 255),
    "grab": (98, 105, 118, 255),
    "hairline": (40, 43, 49, 255),
    "text": (227, 230, 235, 255),
    "muted": (149, 155, 166, 255),
    "faint": (112, 118, 130, 255),
    "accent": (78, 196, 168, 255),  # movable region, switched on
    "accent_deep": (35, 108, 93, 255),
    "accent_hover": (43, 128, 110, 255),
    "plot_line": (122, 178, 255, 255),
    "plot_shade": (122, 178, 255, 56),
    "error": (255, 138, 128, 255),
    "record": (190, 56, 56, 255),
    "record_hover": (208, 70, 70, 255),
    "dim": (8, 9, 11, 150),  # over what a dialog asks to leave alone
}
LIGHT: dict[str, tuple[int, ...]] = {
    "ground": (238, 239, 242, 255),
    "raised": (251, 251, 252, 255),
    "control": (219, 222, 228, 255),
    "control_hover": (207, 211, 219, 255),
    "control_active": (192, 197, 207, 255),
    "grab": (124, 131, 144, 255),
    "hairline": (213, 216, 222, 255),
    "text": (27, 29, 34, 255),
    "muted": (82, 88, 100, 255),
    "faint": (110, 116, 127, 255),
    "accent": (18, 148, 118, 255),
    "accent_deep": (147, 214, 195, 255),
    "accent_hover": (128, 203, 182, 255),
    "plot_line": (40, 104, 200, 255),
    "plot_shade": (40, 104, 200, 56),
    "error": (176, 34, 26, 255),
    "record": (242, 158, 152, 255),
    "record_hover": (236, 142, 136, 255),
    "dim": (60, 64, 72, 120),
}
SCHEMES: dict[Scheme, dict[str, tuple[int, ...]]] = {"dark": DARK, "light": LIGHT}
_worn: dict[str, list[int]] = {name: list(colour) for name, colour in DARK.items()}

# Whoever holds one of these has the colour that is worn now: `wear` changes them in place.
GROUND: Colour = _worn["ground"]
RAISED: Colour = _worn["raised"]
CONTROL: Colour = _worn["control"]
CONTROL_HOVER: Colour = _worn["control_hover"]
CONTROL_ACTIVE: Colour = _worn["control_active"]
GRAB: Colour = _worn["grab"]
HAIRLINE: Colour = _worn["hairline"]
TEXT: Colour = _worn["text"]
MUTED: Colour = _worn["muted"]
FAINT: Colour = _worn["faint"]
ACCENT: Colour = _worn["accent"]
ACCENT_DEEP: Colour = _worn["accent_deep"]
ACCENT_HOVER: Colour = _worn["accent_hover"]
PLOT_LINE: Colour = _worn["plot_line"]
PLOT_SHADE: Colour = _worn["plot_shade"]
ERROR: Colour = _worn["error"]
RECORD: Colour = _worn["record"]
RECORD_HOVER: Colour = _worn["record_hover"]
DIM: Colour = _worn["dim"]
CLEAR: Colour = (0, 0, 0, 0)
ON_PICTURE: Colour = (227, 230, 235, 255)  # words on a dark plate over the picture, in any scheme

FONTS = Path(__file__).parent / "fonts"
REGULAR, SEMIBOLD = FONTS / "Inter-Regular.otf", FONTS / "Inter-SemiBold.otf"
BODY_PX, SMALL_PX, FIGURE_PX = 15, 13, 24
GAP_PX = 8
SECTION_GAP_PX = 12
PADDING_PX = 16
SCROLLBAR_PX = 8
TIGHT_PX = 3
BUTTON_PADDING_PX = 5  # above and below its words
FRAME_PX = 3  # around a thumbnail


@dataclass(frozen=True, slots=True)
class Look:
    """Scale, fonts and themes of single items, once they are made."""

    scale: float
    body: Item
    strong: Item
    small: Item
    figure: Item
    tooltip: Item
    padded: Item  # for a part of the window; the window itself has no padding
    tight: Item  # for a group whose lines belong together
    buttons: Mapping[Kind, Item]

    def px(self, length: float) -> int:
        """A length at scale 1, in pixels."""
        return round(length * self.scale)


def make_look(scale: float | None) -> Look:
    """Load the fonts and bind the theme; needs a Dear PyGui context.

    Args:
        scale: of all that is drawn; None for `DRAGLIVE_SCALE`, or the desktop's own.
    """
    scale = scale or desktop_scale()
    with dpg.font_registry():
        body = dpg.add_font(str(REGULAR), round(BODY_PX * scale))
        strong = dpg.add_font(str(SEMIBOLD), round(BODY_PX * scale))
        small = dpg.add_font(str(REGULAR), round(SMALL_PX * scale))
        figure = dpg.add_font(str(SEMIBOLD), round(FIGURE_PX * scale))
    dpg.bind_font(body)
    buttons: dict[Kind, Item] = {
        "primary": _button(ACCENT_DEEP, ACCENT_HOVER, TEXT),
        "toggled": _button(ACCENT_DEEP, ACCENT_HOVER, TEXT),
        "recording": _button(RECORD, RECORD_HOVER, TEXT),
        "fold": _button(CLEAR, CLEAR, MUTED, padding=(0, round(5 * scale))),
        "section": _button(CLEAR, CLEAR, TEXT, padding=(0, round(3 * scale))),
        "quiet": _button(CLEAR, CONTROL_HOVER, MUTED),
        "card": _card(CONTROL, CONTROL_ACTIVE, round(FRAME_PX * scale)),
        "chosen": _card(ACCENT, ACCENT, round(FRAME_PX * scale)),
        "marked": _marked(),
    }
    look = Look(
        scale=scale,
        body=body,
        strong=strong,
        small=small,
        figure=figure,
        tooltip=_padding(scale, 10, 7),
        padded=_padding(scale, PADDING_PX, PADDING_PX),
        tight=_spacing(round(GAP_PX * scale), round(TIGHT_PX * scale)),
        buttons=buttons,
    )
    dpg.bind_theme(_base(look))
    return look


def wear(scheme: Scheme) -> None:
    """Change to a colour scheme: what is made from now on has it, and all that is there already."""
    new = SCHEMES[scheme]
    change = {tuple(old): list(new[name]) for name, old in _worn.items() if tuple(old) != new[name]}
    for name, colour in _worn.items():
        colour[:] = new[name]
    if not change:
        return
    for item in dpg.get_all_items():
        if dpg.get_item_info(item)["type"] == "mvAppItemType::mvThemeColor":
            worn = tuple(round(part) for part in dpg.get_value(item))
            if worn in change:
                dpg.set_value(item, change[worn])
        else:
            _recolour(item, change)
    dpg.set_viewport_clear_color(list(GROUND))


def _recolour(item: Item, change: Mapping[tuple[int, ...], list[int]]) -> None:
    configuration = dpg.get_item_configuration(item)
    for part in ("color", "fill"):
        value = configuration.get(part)
        if isinstance(value, list | tuple) and len(value) == 4:
            worn = tuple(round(255 * share) for share in value)
            if worn in change:
                dpg.configure_item(item, **{part: change[worn]})


def desktop_scale() -> float:
    """What environment variables say about the display; 1 when they say nothing usable."""
    for name in ("DRAGLIVE_SCALE", "GDK_SCALE", "QT_SCALE_FACTOR"):
        try:
            scale = float(os.environ.get(name, ""))
        except ValueError:
            continue
        if 0.5 <= scale <= 4:
            return scale
    return 1.0


def _button(
    colour: Colour, hover: Colour, text: Colour, padding: tuple[int, int] | None = None
) -> Item:
    theme: Item
    with dpg.theme() as theme, dpg.theme_component(dpg.mvButton):
        dpg.add_theme_color(dpg.mvThemeCol_Button, colour)
        dpg.add_theme_color(dpg.mvThemeCol_ButtonHovered, hover)
        dpg.add_theme_color(dpg.mvThemeCol_ButtonActive, colour)
        dpg.add_theme_color(dpg.mvThemeCol_Text, text)
        if padding is not None:  # flush with the labels
            dpg.add_theme_style(dpg.mvStyleVar_ButtonTextAlign, 0.0, 0.5)
            dpg.add_theme_style(dpg.mvStyleVar_FramePadding, *padding)
    return theme


def _marked() -> Item:
    """A field that is chosen."""
    theme: Item
    with dpg.theme() as theme, dpg.theme_component(dpg.mvInputText):
        dpg.add_theme_color(dpg.mvThemeCol_Text, ACCENT)
    return theme


def _card(colour: Colour, hover: Colour, frame_px: int) -> Item:
    """A thumbnail that is a button, or the button that stands for one."""
    theme: Item
    with dpg.theme() as theme:
        for kind in (dpg.mvImageButton, dpg.mvButton):
            with dpg.theme_component(kind):
                dpg.add_theme_color(dpg.mvThemeCol_Button, colour)
                dpg.add_theme_color(dpg.mvThemeCol_ButtonHovered, hover)
                dpg.add_theme_color(dpg.mvThemeCol_ButtonActive, hover)
                dpg.add_theme_style(dpg.mvStyleVar_FramePadding, frame_px, frame_px)
    return theme


def _padding(scale: float, x_px: int, y_px: int) -> Item:
    theme: Item
    with dpg.theme() as theme, dpg.theme_component(dpg.mvAll):
        dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, round(x_px * scale), round(y_px * scale))
    return theme


def _spacing(x_px: int, y_px: int) -> Item:
    theme: Item
    with dpg.theme() as theme, dpg.theme_component(dpg.mvAll):
        dpg.add_theme_style(dpg.mvStyleVar_ItemSpacing, x_px, y_px)
    return theme


def _base(look: Look) -> Item:
    theme: Item
    with dpg.theme() as theme:
        with dpg.theme_component(dpg.mvAll):
            for target, colour in _colours().items():
                dpg.add_theme_color(target, colour)
            for target, lengths in _lengths().items():
                dpg.add_theme_style(target, *map(look.px, lengths))
            for target, colour in _plot_colours().items():
                dpg.add_theme_color(target, colour, category=dpg.mvThemeCat_Plots)
            _plot_lengths(look)
        with dpg.theme_component(dpg.mvCheckbox):
            dpg.add_theme_style(dpg.mvStyleVar_FramePadding, look.px(3), look.px(3))
        for kind in (dpg.mvButton, dpg.mvSliderFloat, dpg.mvSliderInt, dpg.mvCheckbox):
            _disabled(kind)
        _disabled(dpg.mvInputText)
    return theme


def _colours() -> dict[int, Colour]:
    return {
        # A large opaque layer costs 5 to 10 ms a frame under software GL at 1366x768: the ground is
        # the viewport's clear colour, and what lies on it is see-through.
        dpg.mvThemeCol_WindowBg: RAISED,
        dpg.mvThemeCol_ChildBg: CLEAR,
        dpg.mvThemeCol_PopupBg: RAISED,
        dpg.mvThemeCol_ModalWindowDimBg: DIM,
        dpg.mvThemeCol_Border: HAIRLINE,
        dpg.mvThemeCol_Text: TEXT,
        dpg.mvThemeCol_TextDisabled: FAINT,
        dpg.mvThemeCol_TextSelectedBg: ACCENT_DEEP,
        dpg.mvThemeCol_FrameBg: CONTROL,
        dpg.mvThemeCol_FrameBgHovered: CONTROL_HOVER,
        dpg.mvThemeCol_FrameBgActive: CONTROL_HOVER,
        dpg.mvThemeCol_Button: CONTROL,
        dpg.mvThemeCol_ButtonHovered: CONTROL_HOVER,
        dpg.mvThemeCol_ButtonActive: CONTROL_ACTIVE,
        dpg.mvThemeCol_SliderGrab: GRAB,
        dpg.mvThemeCol_SliderGrabActive: TEXT,
        dpg.mvThemeCol_CheckMark: ACCENT,
        dpg.mvThemeCol_Header: CLEAR,
        dpg.mvThemeCol_HeaderHovered: CONTROL,
        dpg.mvThemeCol_HeaderActive: CONTROL_HOVER,
        dpg.mvThemeCol_Separator: HAIRLINE,
        dpg.mvThemeCol_ScrollbarBg: CLEAR,
        dpg.mvThemeCol_ScrollbarGrab: CONTROL,
        dpg.mvThemeCol_ScrollbarGrabHovered: CONTROL_HOVER,
        dpg.mvThemeCol_ScrollbarGrabActive: CONTROL_ACTIVE,
        dpg.mvThemeCol_TitleBg: RAISED,
        dpg.mvThemeCol_TitleBgActive: RAISED,
        dpg.mvThemeCol_NavCursor: CLEAR,
        dpg.mvThemeCol_PlotHistogram: ACCENT,  # a progress bar's
    }


def _lengths() -> dict[int, tuple[int, ...]]:
    return {
        dpg.mvStyleVar_WindowPadding: (PADDING_PX, PADDING_PX),
        dpg.mvStyleVar_WindowBorderSize: (0,),
        dpg.mvStyleVar_WindowRounding: (0,),
        dpg.mvStyleVar_ChildBorderSize: (0,),
        dpg.mvStyleVar_PopupRounding: (6,),
        dpg.mvStyleVar_PopupBorderSize: (0,),
        dpg.mvStyleVar_FramePadding: (8, BUTTON_PADDING_PX),
        dpg.mvStyleVar_FrameRounding: (6,),
        dpg.mvStyleVar_ItemSpacing: (GAP_PX, GAP_PX),
        dpg.mvStyleVar_ItemInnerSpacing: (8, 4),
        dpg.mvStyleVar_IndentSpacing: (0,),
        dpg.mvStyleVar_ScrollbarSize: (SCROLLBAR_PX,),
        dpg.mvStyleVar_ScrollbarRounding: (4,),
        dpg.mvStyleVar_GrabMinSize: (6,),
        dpg.mvStyleVar_GrabRounding: (3,),
    }


def _plot_colours() -> dict[int, Colour]:
    return {
        dpg.mvPlotCol_FrameBg: CLEAR,
        dpg.mvPlotCol_PlotBg: CLEAR,
        dpg.mvPlotCol_PlotBorder: CLEAR,
        dpg.mvPlotCol_AxisGrid: HAIRLINE,
        dpg.mvPlotCol_AxisTick: CLEAR,
        dpg.mvPlotCol_AxisText: MUTED,
        dpg.mvPlotCol_AxisBg: CLEAR,
        dpg.mvPlotCol_Line: PLOT_LINE,
        dpg.mvPlotCol_Fill: PLOT_SHADE,
    }


def _plot_lengths(look: Look) -> None:
    lengths = {
        dpg.mvPlotStyleVar_PlotPadding: (0, 6),
        dpg.mvPlotStyleVar_LabelPadding: (4, 2),
        dpg.mvPlotStyleVar_MajorTickLen: (0, 0),
        dpg.mvPlotStyleVar_MinorTickLen: (0, 0),
        dpg.mvPlotStyleVar_PlotMinSize: (20, 20),
        dpg.mvPlotStyleVar_MajorGridSize: (1, 1),
    }
    for target, (x, y) in lengths.items():
        dpg.add_theme_style(target, look.px(x), look.px(y), category=dpg.mvThemeCat_Plots)


def _disabled(kind: int) -> None:
    with dpg.theme_component(kind, enabled_state=False):
        dpg.add_theme_color(dpg.mvThemeCol_Text, FAINT)
        for target in (
            dpg.mvThemeCol_Button,
            dpg.mvThemeCol_ButtonHovered,
            dpg.mvThemeCol_ButtonActive,
            dpg.mvThemeCol_FrameBg,
            dpg.mvThemeCol_FrameBgHovered,
            dpg.mvThemeCol_FrameBgActive,
        ):
            dpg.add_theme_color(target, RAISED)
        dpg.add_theme_color(dpg.mvThemeCol_SliderGrab, FAINT)
        dpg.add_theme_color(dpg.mvThemeCol_CheckMark, FAINT)
