"""Pictures that know how they were made: PNG, JPEG and WebP with a recipe in their metadata.

The recipe is JSON: the model's name and SHA-256, seed, settings, and w+ itself. It is in PNG's text
chunk `draglive`, and in the Exif user comment of the others. Opening the picture in the tool opens
the edit where it was: the same w+, without points and without the states before.
"""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from PIL import Image, PngImagePlugin

from ..engine.log import Checkpoint, Origin, SavedEdit
from .errors import FileError, LatentError
from .files import write_bytes
from .format import Session, require_sane
from .pictures import UNREADABLE, Picture

SUFFIXES: Final = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
KEY: Final = "draglive"
USER_COMMENT: Final = 0x9286
EXIF: Final = 0x8769
MOST_BYTES: Final = 1 << 20
MOST_PIXELS: Final = 1 << 26
QUALITY: Final = 95


class Recipe(msgspec.Struct, tag_field="kind", tag="recipe"):
    """How a picture was made."""

    version: int
    origin: Origin
    model_sha256: str
    tensors: str  # base64 of `snapshot.pack`


def write_picture(path: Path, rgba: Picture, recipe: Recipe | None = None) -> None:
    """Write a picture in one step, in the format that its name says.

    Args:
        path: ends in `.png`, `.jpg`, `.jpeg` or `.webp`.
        rgba: uint8 [H, W, 4]; alpha is left out.
        recipe: goes into the metadata.

    Raises:
        FileError: another suffix, or as `write_bytes`.
    """
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(SUFFIXES)
        raise FileError(f"{path}: a picture's name must end in {known}, not {path.suffix!r}")
    write_bytes(path, encode_picture(kind, rgba, recipe))


def encode_picture(kind: str, rgba: Picture, recipe: Recipe | None = None) -> bytes:
    """A picture's file, as of `write_picture`; `kind` is one of `SUFFIXES`' values."""
    text = msgspec.json.encode(recipe).decode() if recipe else ""
    image = Image.fromarray(np.ascontiguousarray(rgba[..., :3]))
    content = io.BytesIO()
    if kind == "PNG":
        chunk = PngImagePlugin.PngInfo()
        if text:
            chunk.add_text(KEY, text)
        image.save(content, kind, pnginfo=chunk)
    else:
        exif = Image.Exif()
        if text:
            exif.get_ifd(EXIF)[USER_COMMENT] = b"ASCII\0\0\0" + text.encode()
        image.save(content, kind, quality=QUALITY, exif=exif)
    return content.getvalue()


def recipe_of(origin: Origin, model_sha256: str, tensors: bytes) -> Recipe:
    """The recipe of a picture; of the model only its file's name is told."""
    origin = replace(origin, path=Path(origin.path).name)
    return Recipe(1, origin, model_sha256, base64.b64encode(tensors).decode())


def read_recipe(path: Path) -> Session:
    """The edit in a picture's metadata, as of a session file.

    Raises:
        LatentError: no picture, no recipe in it, or a damaged or newer one.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged Exif, and what else is told below
            found = _found(path)
    except UNREADABLE as error:
        raise LatentError(f"{path}: not a picture that can be read: {error}") from error
    return parse_recipe(found, str(path))


def _found(path: Path) -> object:
    """The recipe's text in a picture's metadata; its pixels are not looked at."""
    with Image.open(path, formats=[*SUFFIXES.values()]) as image:
        if image.width * image.height > MOST_PIXELS:
            raise LatentError(f"{path}: larger than any picture that draglive makes")
        return image.info.get(KEY) or _comment(image)


def _comment(image: Image.Image) -> str:
    comment = image.getexif().get_ifd(EXIF).get(USER_COMMENT, b"")
    return comment[8:].decode("ascii", "replace") if isinstance(comment, bytes) else ""


def parse_recipe(text: object, name: str) -> Session:
    """As `read_recipe`, from the metadata's text."""
    if not isinstance(text, str) or not text:
        raise LatentError(f"{name}: has no draglive recipe in its metadata")
    try:
        if len(text) > MOST_BYTES:
            raise LatentError(f"{name}: its recipe is too long")
        recipe = msgspec.json.decode(text.encode(), type=Recipe)
        tensors = base64.b64decode(recipe.tensors, validate=True)
    except (msgspec.MsgspecError, UnicodeError, binascii.Error, ValueError) as error:
        raise LatentError(f"{name}: its recipe is damaged: {error}") from error
    if recipe.version != 1:
        raise LatentError(f"{name}: its recipe is of version {recipe.version}; please update")
    require_sane(recipe.origin, name)
    records = (Checkpoint(0, 0, 0.0, left=False, content=tensors),)
    edit = SavedEdit(recipe.origin, records)
    return Session(edit, recipe.model_sha256, unsaved=0, ended=True, lost=0)
