"""Pointer and keyboard in the window: read here, understood by `input`, carried out by the desk."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ...engine.types import AddPoint, AddPoints, EndGesture
from ..desk import Desk
from ..keyboard import Keyboard
from ..theme import Look
from .canvas import Canvas
from .input import KEYS, Held, Hit, InputState, Painting, PointerInput, Reaction, Scene, find, react
from .markers import Marks
from .overlay import Overlay
from .splitline import SplitLine
from .viewport import Spot, ViewTransform

REACH_PX = 14.0  # so near to a marker is on it
HINT = f"Press on the picture and pull. {KEYS['keys']} shows all keys."  # the first time
TOOL_HINTS = {
    "movable": "Paint what may move. The right button erases, the wheel sizes the brush.",
    "protect": "Paint what must stay. The right button frees it, the wheel sizes the brush.",
    "part": "Click a part that may move. The right button takes it away again.",
}
PAUSED = "Paused. P goes on."


class Hand:
    """What the person does; needs a Dear PyGui context.

    Args:
        look: lengths.
        canvas: where the pointer is read.
        desk: what is acted on.
        split: takes the pointer where it is on its line.
    """

    def __init__(self, look: Look, canvas: Canvas, desk: Desk, split: SplitLine) -> None:
        self._canvas, self._desk, self._split = canvas, desk, split
        self._reach_px = REACH_PX * look.scale
        self._keyboard = Keyboard()
        self._state = InputState()
        self._pointer = PointerInput(Spot(-1, -1))
        self._wheel = 0.0
        with dpg.handler_registry():  # only a handler learns of the wheel
            dpg.add_mouse_wheel_handler(callback=self._turn_wheel)

    @property
    def quits(self) -> bool:
        """Whether the keyboard asks to close the window."""
        return self._keyboard.quits

    def let_go(self) -> None:
        """The picture is another one: what was in the hand is gone."""
        self._state = InputState()

    def read(self, *, typing: bool) -> bool:
        """Carry out what pointer and keys ask for since the last call.

        Args:
            typing: letters go elsewhere.

        Returns:
            Whether the hand did anything.
        """
        pointer, self._wheel = self._canvas.pointer(self._wheel), 0.0
        moved, self._pointer = pointer != self._pointer, pointer
        if (scene := self._scene()) is not None:
            if not self._split.read(pointer, scene.view, busy=self._state.grab is not None):
                self._react(scene)
            self._desk.point_at(self._hit(scene))
        actions = self._keyboard.pressed()
        self._desk.beside.hold(self._keyboard.holds_original and not typing)
        for action in () if typing else actions:
            self._desk.perform(action)
        return bool(moved or actions or pointer.buttons)

    def overlay(self, banner: str) -> Overlay:
        """What is to be drawn over the picture now.

        Args:
            banner: for as long as there is no picture.
        """
        scene = self._scene()
        if scene is None:
            return Overlay(banner=banner)
        brush = None
        marking = self._desk.marking
        marks = Marks(
            scene.points,
            self._hit(scene),
            marking.chosen,
            marking.numbers,
            marking.trails.all if marking.show_trails else (),
        )
        if scene.painting and (self._pointer.hovered or self._state.grab is not None):
            brush = (self._pointer.spot, self._desk.brush_px * scene.view.zoom)
        return Overlay(scene.view, marks, brush, self._note())

    def _react(self, scene: Scene) -> None:
        reaction = react(self._state, self._pointer, scene)
        held, self._state = self._state.grab, reaction.state
        self._desk.view = reaction.view
        for command in reaction.commands:
            if isinstance(command, AddPoint | AddPoints) and not self._desk.memory.now.hinted:
                self._desk.memory.change(hinted=True)
            self._desk.post(command)
        self._desk.paint(reaction.strokes)
        if reaction.brush != 1.0:
            self._desk.size_brush(self._desk.brush_px * reaction.brush)
        if reaction.chosen is not None:
            self._desk.marking.choose(reaction.chosen)
        self._point_region(reaction, scene)
        if isinstance(held, Held | Painting) and reaction.state.grab is None:
            self._desk.post(EndGesture())

    def _point_region(self, reaction: Reaction, scene: Scene) -> None:
        """Tell the region what is under the pointer, and whether it is taken."""
        region, pointer = self._desk.region, self._pointer
        region.point_at(scene.view.to_image(pointer.spot) if pointer.hovered else None)
        if reaction.picked is not None:
            region.pick(movable=reaction.picked)

    def _scene(self) -> Scene | None:
        view: ViewTransform | None = self._desk.view
        if view is None:
            return None
        return Scene(
            view=view,
            points=self._desk.intents.points,
            painting=self._desk.painting,
            paints_movable=self._desk.region.paints_movable,
            protects=self._desk.region.tool == "protect",
            picking=self._desk.region.tool == "part",
            mirrored=self._desk.marking.mirror,
            reach_px=self._reach_px,
        )

    def _hit(self, scene: Scene) -> Hit | None:
        """The marker in the hand, or else under the pointer."""
        grab = self._state.grab
        if isinstance(grab, Held):
            held = (p for p in scene.points if p.id == grab.point_id)
            return next((Hit(point, grab.part) for point in held), None)
        if scene.painting or scene.picking or not self._pointer.hovered:
            return None
        return find(scene, self._pointer.spot)

    def _note(self) -> str:
        desk = self._desk
        if desk.region.tool != "pull":
            empty = desk.mask is None or desk.mask.is_empty
            fresh = empty and not isinstance(self._state.grab, Painting)
            return TOOL_HINTS[desk.region.tool] if fresh else ""
        if desk.marking.note:
            return desk.marking.note
        if desk.paused:
            return PAUSED
        return "" if desk.memory.now.hinted or desk.intents.points else HINT

    def _turn_wheel(self, _sender: int, notches: float, _data: object) -> None:
        self._wheel += notches
