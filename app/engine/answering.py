"""Answers to what is asked beside the edit (`asking`), by a generator that is not dragging now."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from draglive.stylegan2_jit.compile import in_a_line

from .asking import (
    Answer,
    Dragged,
    FeaturePicture,
    Made,
    PartMask,
    Print,
    Question,
    SeedPicture,
    StatePicture,
)
from .edit import EditError
from .editor import Editor
from .snapshot import of_latent, pack

LARGE = 512  # pictures up to this high are drawn whole: previews are paler, and hardly faster
CONTRAST = 2.5  # standard deviations of a feature direction, to either side of grey


def answer(editor: Editor, question: Question) -> Answer:
    """Find an answer; what cannot be answered is said in its place. Waits for the device."""
    try:
        kept = isinstance(question, Print)
        made = Made(editor.origin, pack(of_latent(editor.ws))) if kept else None
        return Answer(question, _find(editor, question), made=made)
    except (EditError, ValueError, FloatingPointError, RuntimeError) as error:
        return Answer(question, None, in_a_line(error))


@torch.no_grad()
def _find(editor: Editor, question: Question) -> NDArray[np.generic]:
    match question:
        case SeedPicture(seed, psi, class_index, height):
            ws = editor.seed_ws(seed, psi, class_index)
            return _drawn(editor, ws, height)
        case StatePicture(state, height, step):
            return _drawn(editor, editor.ws_of(state, step), height)
        case FeaturePicture():
            return colour(editor.features())
        case PartMask(x, y):
            return editor.parts.find(editor.ws, editor.cut, x, y)
        case Print():
            return editor.draw(editor.ws)
        case Dragged():
            dragged: NDArray[np.float32] = editor.dragged[0].cpu().numpy()
            return dragged


def _drawn(editor: Editor, ws: Tensor, height: int) -> NDArray[np.uint8]:
    """A picture at least so high; the whole picture for 0."""
    smaller, own = 1, editor.model.size.height
    while height and own // (2 * smaller) >= height:
        smaller *= 2
    level = smaller.bit_length() - 1 if own > LARGE else 0
    picture = editor.draw(ws, min(level, editor.runner.previews))
    if smaller == 1:
        return picture
    planes = torch.from_numpy(picture).permute(2, 0, 1).float()
    pooled = torch.nn.functional.avg_pool2d(planes, smaller)
    shown: NDArray[np.uint8] = pooled.permute(1, 2, 0).byte().contiguous().numpy()
    return shown


def colour(features: Tensor) -> NDArray[np.uint8]:
    """A feature map's three main directions as red, green and blue.

    Args:
        features: float [1, C, h, w].

    Returns:
        uint8 [h, w, 4], opaque. A direction's sign is free: here most of its weights are positive,
        so that colours stay from picture to picture.
    """
    _, channels, height, width = features.shape
    rows = features[0].float().reshape(channels, -1).T
    rows = rows - rows.mean(0)
    _, axes = torch.linalg.eigh(rows.T @ rows)
    axes = axes[:, -3:].flip(1)
    axes = axes * torch.where(axes.sum(0) < 0, -1.0, 1.0)
    seen = rows @ axes
    seen = seen / (CONTRAST * seen.std(0) + 1e-9) / 2 + 0.5
    rgba = torch.ones(height, width, 4, device=features.device)
    rgba[..., : seen.shape[1]] = seen.reshape(height, width, -1).clamp(0, 1)
    picture: NDArray[np.uint8] = (255 * rgba).byte().cpu().numpy()
    return picture
