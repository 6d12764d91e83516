"""What the window remembers between runs: its look, what is unfolded, the settings of the drag.

One small JSON file in the person's config folder, written whole or not at all, seldom, on a thread
of its own. A damaged file is put aside with a line, and the defaults serve. No Dear PyGui.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import platformdirs

from ..engine.settings import Disc, Space, Tracker
from ..engine.types import DragConfig, ModelInfo
from ..session.errors import FileError
from ..session.files import write_json
from .layout import NARROWEST_PX, PANEL_PX, WIDEST_PX

Theme = Literal["dark", "light"]
Suffix = Literal[".png", ".jpg", ".webp"]
Side = Annotated[int, msgspec.Meta(ge=200, le=32_768)]
Value = float | int | str
Positive = Annotated[float, msgspec.Meta(gt=0, lt=1e6)]
Count = Annotated[int, msgspec.Meta(ge=0, le=4096)]

WRITE_AFTER_S = 1.0  # so long after a change: a slider makes many
MOST_BYTES = 1 << 20
MOST_MODELS = 200  # whose settings are kept


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The fields of `DragConfig` in which a person drags a model otherwise than it came."""

    step_size: Positive | None = None
    motion_radius_px: Positive | None = None
    track_radius_px: Count | None = None
    speed_px: Positive | None = None
    stop_px: Positive | None = None
    mask_weight: Annotated[float, msgspec.Meta(ge=0, lt=1e6)] | None = None
    first_layer: Count | None = None
    last_layer: Count | None = None
    feature_resolution: Count | None = None
    tracker: Tracker | None = None
    disc: Disc | None = None
    momentum: Annotated[float, msgspec.Meta(ge=0, lt=1)] | None = None
    space: Space | None = None
    common_spread: Annotated[float, msgspec.Meta(ge=0, lt=1)] | None = None

    @classmethod
    def of(cls, config: DragConfig, defaults: DragConfig) -> Settings:
        """Those in which a model is not dragged its own way."""
        mine: dict[str, Value] = msgspec.to_builtins(config)
        others = {k: v for k, v in mine.items() if v != getattr(defaults, k)}
        return msgspec.convert(others, cls)

    def values(self) -> dict[str, Value]:
        """Field → value."""
        found: dict[str, Value] = msgspec.to_builtins(self)
        return found


class Preferences(msgspec.Struct, frozen=True):
    """All that is remembered.

    Attributes:
        theme: of the window.
        size: of the window, in pixels at scale 1; None for the program's own.
        panel: the side panel is shown.
        panel_px: its width at scale 1.
        figures: the figures under the panel are shown.
        folds: whether a section of the panel is unfolded, by its title.
        picture: how pictures are saved.
        hinted: the first run's hint has done its work.
        settings: of the drag, by the model's name.
    """

    theme: Theme = "dark"
    size: tuple[Side, Side] | None = None
    panel: bool = True
    panel_px: Annotated[int, msgspec.Meta(ge=NARROWEST_PX, le=WIDEST_PX)] = PANEL_PX
    figures: bool = True
    folds: dict[str, bool] = {}
    hinted: bool = False
    picture: Suffix = ".png"
    settings: dict[str, Settings] = {}


def preferences_file() -> Path:
    """Where this person's are."""
    return platformdirs.user_config_path("draglive") / "window.json"


class Memory:
    """The preferences and their file; GUI thread only.

    Args:
        path: of the file; None remembers nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.complaint = ""  # why the file could not be used, one line
        self.now = self._read(path) if path is not None else Preferences()
        self._written = self.now
        self._changed_s: float | None = None
        self._thread: threading.Thread | None = None

    def change(self, **fields: object) -> None:
        """Remember other values of some fields."""
        self.now = msgspec.structs.replace(self.now, **fields)
        if self._changed_s is None:
            self._changed_s = time.monotonic()

    def fold(self, title: str, unfolded: bool) -> None:
        """Remember whether a section of the panel is unfolded."""
        self.change(folds={**self.now.folds, title: unfolded})

    def keep_settings(self, model: ModelInfo, config: DragConfig) -> None:
        """Remember how this model is dragged, where that is not its own way."""
        others = {k: v for k, v in self.now.settings.items() if k != model.name}
        mine = Settings.of(config, model.defaults)
        if mine != Settings():
            others[model.name] = mine  # at the end: those of long ago go first
        self.change(settings=dict(list(others.items())[-MOST_MODELS:]))

    @property
    def settings(self) -> dict[str, dict[str, Value]]:
        """How models are dragged: model → field → value."""
        return {name: settings.values() for name, settings in self.now.settings.items()}

    def poll(self) -> str:
        """Write what has changed, once it has rested; what the disk said of it, or nothing."""
        if self._changed_s is not None and time.monotonic() - self._changed_s > WRITE_AFTER_S:
            self._changed_s = None
            self._thread = threading.Thread(target=self._write, name="draglive-preferences")
            self._thread.start()
        complaint, self.complaint = self.complaint, ""
        return complaint

    def close(self) -> None:
        """Write what has not been written."""
        if self._thread is not None:
            self._thread.join()
        self._write()

    def _write(self) -> None:
        now = self.now
        if self._path is None or now == self._written:
            return
        try:
            write_json(self._path, msgspec.to_builtins(now), make_folder=True)
            self._written = now
        except FileError as error:
            self.complaint = f"not remembered: {error}"

    def _read(self, path: Path) -> Preferences:
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                raise msgspec.ValidationError(f"it is larger than {MOST_BYTES} bytes")
            return msgspec.json.decode(content, type=Preferences)
        except FileNotFoundError:
            return Preferences()
        except OSError as error:
            self.complaint = f"{path}: cannot be read: {error.strerror}: the defaults serve"
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self.complaint = f"{path}: cannot be used: {error}: the defaults serve"
            self._put_aside(path)
        return Preferences()

    def _put_aside(self, path: Path) -> None:
        """Whoever wants to know what was wrong finds it; the next write does not overwrite it."""
        try:
            path.replace(path.with_suffix(".damaged.json"))
        except OSError:
            self._path = None  # what cannot be moved is not overwritten either
