"""What the window says of the engine's state. Pure."""

from __future__ import annotations

from ..engine.types import EngineStatus, Failed, Loading, ModelInfo, Ready
from .picture.viewport import ViewTransform


def banner(status: EngineStatus) -> str:
    """What stands where no picture is yet."""
    match status:
        case Loading(what):
            return f"{what[:1].upper()}{what[1:]} …"
        case Failed():
            return "No picture"
        case _:
            return "The first picture is on its way …"


def facts(model: ModelInfo | None, view: ViewTransform | None) -> str:
    """What is shown, in a few words."""
    if model is None or view is None:
        return ""
    width, height = model.size
    return f"{model.name}   {width} x {height}   {view.zoom * 100:.0f} %"


def notice(status: EngineStatus) -> str:
    """What the status line says of a status; a failure that is over makes room."""
    match status:
        case Ready(notice=told):
            return told
        case Failed(error):
            return error
        case _:
            return ""
