"""Thumbnails as textures: loaded one a frame, so that a full folder holds nothing up."""

from __future__ import annotations

from pathlib import Path

import cv2
import dearpygui.dearpygui as dpg
import numpy as np

from ..theme import CONTROL, Item


class ThumbnailTextures:
    """Textures by file, kept: Dear PyGui leaks those that are deleted. GUI thread only."""

    def __init__(self) -> None:
        self._registry = dpg.add_texture_registry()
        self._textures: dict[Path, tuple[Item, int, int] | None] = {}
        self._wanted: list[Path] = []
        nothing = np.array(CONTROL, np.float32) / 255
        self.blank = dpg.add_static_texture(1, 1, nothing, parent=self._registry), 1, 1

    def get(self, path: Path) -> tuple[Item, int, int] | None:
        """The texture of a PNG, its width and height; None as long as, or if, there is none."""
        if path not in self._textures and path not in self._wanted:
            self._wanted.append(path)
        return self._textures.get(path)

    def load_one(self) -> bool:
        """Load one that was asked for; whether there was one."""
        if not self._wanted:
            return False
        path = self._wanted.pop(0)
        self._textures[path] = self._load(path)
        return True

    def _load(self, path: Path) -> tuple[Item, int, int] | None:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            return None
        height, width = picture.shape[:2]
        rgba = cv2.cvtColor(picture, cv2.COLOR_BGR2RGBA).astype(np.float32) / 255
        item = dpg.add_static_texture(width, height, rgba.ravel(), parent=self._registry)
        return item, width, height
