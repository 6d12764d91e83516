"""Builds the window's widgets and prints each control's name, kind and tooltip as JSON.

Nothing is shown, so it needs no display.
"""

import json
from itertools import pairwise
from pathlib import Path

import dearpygui.dearpygui as dpg

from draglive.app.gui.controls import KINDS, name_of
from draglive.app.gui.desk import Desk
from draglive.app.gui.dialogs.models import Models, Places
from draglive.app.gui.meters import Meters
from draglive.app.gui.panel.beside import SliderRow
from draglive.app.gui.parts import Parts
from draglive.app.gui.theme import make_look
from draglive.app.gui.trace import Trace
from draglive.app.gui.widgets import Bricks


def kind(item):
    return dpg.get_item_info(item)["type"].removeprefix("mvAppItemType::mv")


def tooltips():
    """Item → what its tooltip says; a tooltip comes after its item."""
    found = {}
    for container in dpg.get_all_items():
        row = dpg.get_item_children(container, 1)
        for before, item in pairwise(row):
            if kind(item) == "Tooltip":
                words = dpg.get_item_children(item, 1)
                found[before] = " ".join(str(dpg.get_value(each)) for each in words)
    return found


def controls():
    """What can be pressed; a drawing has its tooltip at the group around it."""
    said = tooltips()
    for item in dpg.get_all_items():
        if dpg.get_item_info(item)["type"] in KINDS and name_of(item):
            where = dpg.get_item_parent(item) if kind(item) == "Drawlist" else item
            yield name_of(item), kind(item), said.get(where, "")


if __name__ == "__main__":
    dpg.create_context()
    desk, look = Desk(None, Trace(None)), make_look(1.0)
    models = Models(None, Places(Path(), Path(), Path()))
    Parts.build(look, desk, Meters(), models, lambda _path: None)
    with dpg.window():
        SliderRow(Bricks(look, 300), desk, 1)  # there is one for every slider that is kept
    print(json.dumps(list(controls())))
    dpg.destroy_context()
