"""What the hand means: pointer and keys → commands. A pure state machine.

`react` is given what the pointer does now, what it did before (`InputState`), and what lies on the
screen (`Scene`); it answers with commands, strokes of the mask brush and a new view. It knows no
window: `canvas` reads the pointer, `window` carries the answer out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, assert_never

from ...engine.types import (
    AddPoints,
    DragPoint,
    MoveHandle,
    MoveTarget,
    Point,
    PointState,
    RemovePoint,
)
from .putting import put, straight
from .scene import (
    FIRST_ID,
    Button,
    Held,
    Hit,
    InputState,
    Painting,
    Panning,
    Part,
    PointerInput,
    Reaction,
    Scene,
    Stroke,
)
from .viewport import Spot

__all__ = [
    "FIRST_ID",
    "KEYS",
    "Action",
    "Button",
    "Held",
    "Hit",
    "InputState",
    "Painting",
    "Panning",
    "PointerInput",
    "Reaction",
    "Scene",
    "Stroke",
    "find",
    "react",
]

WHEEL_ZOOM = 1.18  # a notch of the wheel
DRAG_FROM_PX = 3.0  # a press that moves less is a click

Action = Literal[
    "random",
    "previous",
    "next",
    "pause",
    "record",
    "brush",
    "smaller",
    "larger",
    "reset_points",
    "reset_picture",
    "fit",
    "remove_point",
    "undo",
    "redo",
    "save",
    "keep_picture",
    "models",
    "preset_live",
    "preset_paper",
    "preset_official",
    "setting_above",
    "setting_below",
    "setting_less",
    "setting_more",
    "setting_default",
    "theme",
    "panel",
    "panel_wider",
    "panel_narrower",
    "figures",
    "keys",
    "open",
    "original",
    "split",
    "difference",
    "features",
    "split_left",
    "split_right",
    "gallery",
    "page_back",
    "page_on",
    "mix",
    "psi_down",
    "psi_up",
    "class_before",
    "class_after",
    "keep_slider",
    "slider_before",
    "slider_after",
    "weaker",
    "stronger",
    "rename_slider",
    "delete_slider",
    "earlier",
    "later",
    "branch_before",
    "branch_after",
    "first_state",
    "last_state",
    "reset_mask",
    "pin",
    "group",
    "mirror",
    "anchor",
    "numbers",
    "trails",
    "protect",
    "part",
    "erase",
    "invert",
    "show_mask",
    "softer",
    "harder",
    "load_mask",
    "save_mask",
]

# The keyboard, once: the window polls these, the tooltips name them.
KEYS: dict[Action, str] = {
    "random": "N",
    "previous": "Left",
    "next": "Right",
    "pause": "P",
    "record": "R",
    "brush": "B",
    "smaller": "[",
    "larger": "]",
    "reset_points": "X",
    "reset_picture": "Backspace",
    "fit": "F",
    "remove_point": "Delete",
    "undo": "Ctrl+Z",
    "redo": "Ctrl+Shift+Z",
    "save": "Ctrl+S",
    "keep_picture": "Ctrl+E",
    "models": "O",
    "preset_live": "Ctrl+1",
    "preset_paper": "Ctrl+2",
    "preset_official": "Ctrl+3",
    "setting_above": "Alt+Up",
    "setting_below": "Alt+Down",
    "setting_less": "Alt+Left",
    "setting_more": "Alt+Right",
    "setting_default": "Alt+Backspace",
    "theme": "Ctrl+L",
    "panel": "Tab",
    "panel_wider": "Ctrl+,",
    "panel_narrower": "Ctrl+.",
    "figures": "Ctrl+I",
    "keys": "?",
    "open": "Ctrl+O",
    "original": "C",
    "split": "V",
    "difference": "D",
    "features": "T",
    "split_left": ",",
    "split_right": ".",
    "gallery": "G",
    "page_back": "PageUp",
    "page_on": "PageDown",
    "mix": "J",
    "psi_down": "Ctrl+-",
    "psi_up": "Ctrl+=",
    "class_before": "Ctrl+PageUp",
    "class_after": "Ctrl+PageDown",
    "keep_slider": "K",
    "slider_before": "Up",
    "slider_after": "Down",
    "weaker": "-",
    "stronger": "=",
    "rename_slider": "F2",
    "delete_slider": "Ctrl+Delete",
    "earlier": "Ctrl+Left",
    "later": "Ctrl+Right",
    "branch_before": "Ctrl+Up",
    "branch_after": "Ctrl+Down",
    "first_state": "Home",
    "last_state": "End",
    "reset_mask": "Ctrl+X",
    "pin": "S",
    "group": "L",
    "mirror": "M",
    "anchor": "A",
    "numbers": "Y",
    "trails": "W",
    "protect": "Ctrl+B",
    "part": "Q",
    "erase": "E",
    "invert": "I",
    "show_mask": "H",
    "softer": "Ctrl+]",
    "harder": "Ctrl+[",
    "load_mask": "Ctrl+M",
    "save_mask": "Ctrl+Shift+M",
}


def react(state: InputState, pointer: PointerInput, scene: Scene) -> Reaction:
    """What the pointer's present moment means.

    Args:
        state: the answer of the moment before.
        pointer: now.
        scene: what lies on the screen; `points` includes what was posted and is not shown yet.
    """
    if pointer.hovered and pointer.wheel and scene.painting and not pointer.control:
        reaction = react(state, replace(pointer, wheel=0.0), scene)
        return replace(reaction, brush=WHEEL_ZOOM**pointer.wheel)
    view = scene.view
    if pointer.hovered and pointer.wheel and scene.editable:
        view = view.zoomed(WHEEL_ZOOM**pointer.wheel, pointer.spot)
    pressed = pointer.buttons - state.buttons
    scene = replace(scene, view=view)
    now = replace(state, buttons=pointer.buttons)
    if state.grab is None and pressed and pointer.hovered and scene.editable:
        return _press(now, pressed, pointer, scene)
    match state.grab:
        case None:
            return Reaction(now, view)
        case Held():
            return _pull(now, state.grab, pointer, scene)
        case Panning():
            return _pan(now, state.grab, pointer, scene)
        case Painting():
            return _paint(now, state.grab, pointer, scene)
        case _:
            assert_never(state.grab)


def find(scene: Scene, spot: Spot) -> Hit | None:
    """The marker nearest to `spot` within reach; the one drawn last wins among equals.

    A handle on its own target hides under it: who presses there wants to pull again.
    """
    best: Hit | None = None
    best_px = scene.reach_px
    for point in scene.points:
        for part, place in _markers(scene, point):
            distance_px = place.distance(spot)
            if distance_px <= best_px:
                best, best_px = Hit(point, part), distance_px
    return best


def _markers(scene: Scene, point: PointState) -> Sequence[tuple[Part, Spot]]:
    handle, target = scene.view.to_screen(point.handle), scene.view.to_screen(point.target)
    if point.pinned:
        return [("handle", target)]
    if point.arrived or handle.distance(target) < scene.reach_px:
        return [("target", target)]
    return [("handle", handle), ("target", target)]


def _press(
    state: InputState, pressed: frozenset[Button], pointer: PointerInput, scene: Scene
) -> Reaction:
    """A button goes down on the canvas."""
    if "middle" in pressed or ("left" in pressed and pointer.space):
        button: Button = "middle" if "middle" in pressed else "left"
        return Reaction(replace(state, grab=Panning(button, pointer.spot)), scene.view)
    if scene.picking or scene.painting:
        return _begin_mask(state, pressed, pointer, scene)
    hit = find(scene, pointer.spot)
    if "right" in pressed:
        gone = (RemovePoint(hit.point.id),) if hit else ()
        return Reaction(state, scene.view, gone)
    if hit is None:
        return _put(state, pointer, scene)
    if pointer.control:
        return Reaction(state, scene.view, chosen=hit.point.id)
    return _take(state, hit, pointer.spot, scene)


def _begin_mask(
    state: InputState, pressed: frozenset[Button], pointer: PointerInput, scene: Scene
) -> Reaction:
    """A stroke of the brush begins, or a part is taken at once."""
    left = "left" in pressed
    movable = scene.paints_movable == left
    if scene.picking:
        return Reaction(state, scene.view, picked=movable)
    place = scene.view.to_image(pointer.spot)
    brush = Painting("left" if left else "right", movable, place)
    stroke = Stroke(place, place, movable, scene.protects)
    return Reaction(replace(state, grab=brush), scene.view, strokes=(stroke,))


def _take(state: InputState, hit: Hit, spot: Spot, scene: Scene) -> Reaction:
    """Take hold of a marker; nothing moves before the pointer does."""
    place = scene.view.to_image(spot)
    marker = _place_of(hit.point, hit.part)
    grip = Point(place.x - marker.x, place.y - marker.y)
    held = Held(hit.point.id, hit.part, grip, marker, spot)
    return Reaction(replace(state, grab=held), scene.view)


def _place_of(point: PointState, part: Part) -> Point:
    return point.target if part == "target" or point.pinned else point.handle


def _put(state: InputState, pointer: PointerInput, scene: Scene) -> Reaction:
    """Put a new point where the picture is pressed, and pull it from there; with Ctrl, pin it."""
    place = scene.view.to_image(pointer.spot)
    if not scene.view.picture.contains(place):
        return Reaction(state, scene.view)
    place = scene.view.clamped(place)
    number = max([state.next_id, *(p.id + 1 for p in scene.points)])  # some came with the edit
    part: Part = "handle" if pointer.control else "target"
    held = Held(number, part, Point(0, 0), place, pointer.spot, moving=not pointer.control)
    first = DragPoint(number, place, place, pinned=pointer.control)
    command = put(first, scene.points, scene.view.picture, mirror=scene.mirrored)
    last = number + (isinstance(command, AddPoints))
    state = replace(state, grab=held, next_id=last + 1)
    return Reaction(state, scene.view, (command,))


def _pull(state: InputState, held: Held, pointer: PointerInput, scene: Scene) -> Reaction:
    """A held marker follows the pointer, also to where the button was let go."""
    point = next((p for p in scene.points if p.id == held.point_id), None)
    if point is None:  # deleted, or the picture changed, while it was in the hand
        return Reaction(replace(state, grab=None), scene.view)
    held = replace(held, moving=held.moving or pointer.spot.distance(held.pressed) > DRAG_FROM_PX)
    state = replace(state, grab=held if "left" in pointer.buttons else None)
    place = scene.view.to_image(pointer.spot)
    place = scene.view.clamped(Point(place.x - held.grip.x, place.y - held.grip.y))
    place = straight(held.start, place) if pointer.shift else place
    marker = _place_of(point, held.part)
    if not held.moving or place == marker:
        return Reaction(state, scene.view)
    move = MoveTarget if held.part == "target" else MoveHandle
    return Reaction(state, scene.view, (move(held.point_id, place),))


def _pan(state: InputState, grab: Panning, pointer: PointerInput, scene: Scene) -> Reaction:
    dx, dy = pointer.spot.x - grab.last.x, pointer.spot.y - grab.last.y
    view = scene.view.panned(dx, dy) if dx or dy else scene.view
    holding = grab.button in pointer.buttons
    grab = replace(grab, last=pointer.spot)
    return Reaction(replace(state, grab=grab if holding else None), view)


def _paint(state: InputState, grab: Painting, pointer: PointerInput, scene: Scene) -> Reaction:
    """A stroke from where the brush was: moves within a frame come as one."""
    place = scene.view.to_image(pointer.spot)
    stroke = Stroke(grab.last, place, grab.movable, scene.protects)
    strokes = (stroke,) if place != grab.last else ()
    holding = grab.button in pointer.buttons
    grab = replace(grab, last=place)
    return Reaction(replace(state, grab=grab if holding else None), scene.view, strokes=strokes)
