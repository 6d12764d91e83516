"""Pointer and keyboard in the window: read here, understood by `input`, carried out by the desk."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ..engine.types import AddPoint, EndGesture
from .canvas import Canvas
from .desk import Desk
from .input import KEYS, Held, Hit, InputState, Painting, PointerInput, Scene, find, react
from .keyboard import Keyboard
from .overlay import Overlay
from .splitline import SplitLine
from .theme import Look
from .viewport import Spot, ViewTransform

REACH_PX = 14.0  # so near to a marker is on it
HINT = f"Press on the picture and pull. {KEYS['keys']} shows all keys."  # the first time
PAINT_HINT = "Paint what may move. The right button erases."
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
        if scene.painting and (self._pointer.hovered or self._state.grab is not None):
            brush = (self._pointer.spot, self._desk.brush_px * scene.view.zoom)
        return Overlay(scene.view, scene.points, self._hit(scene), brush, self._note())

    def _react(self, scene: Scene) -> None:
        reaction = react(self._state, self._pointer, scene)
        held, self._state = self._state.grab, reaction.state
        self._desk.view = reaction.view
        for command in reaction.commands:
            if isinstance(command, AddPoint) and not self._desk.memory.now.hinted:
                self._desk.memory.change(hinted=True)
            self._desk.post(command)
        self._desk.paint(reaction.strokes)
        if isinstance(held, Held | Painting) and reaction.state.grab is None:
            self._desk.post(EndGesture())

    def _scene(self) -> Scene | None:
        view: ViewTransform | None = self._desk.view
        if view is None:
            return None
        return Scene(
            view=view,
            points=self._desk.intents.points,
            painting=self._desk.painting,
            reach_px=self._reach_px,
        )

    def _hit(self, scene: Scene) -> Hit | None:
        """The marker in the hand, or else under the pointer."""
        grab = self._state.grab
        if isinstance(grab, Held):
            held = (p for p in scene.points if p.id == grab.point_id)
            return next((Hit(point, grab.part) for point in held), None)
        if scene.painting or not self._pointer.hovered:
            return None
        return find(scene, self._pointer.spot)

    def _note(self) -> str:
        desk = self._desk
        if desk.painting:
            empty = desk.mask is None or desk.mask.is_empty
            return PAINT_HINT if empty and not isinstance(self._state.grab, Painting) else ""
        if desk.paused:
            return PAUSED
        return "" if desk.memory.now.hinted else HINT

    def _turn_wheel(self, _sender: int, notches: float, _data: object) -> None:
        self._wheel += notches
