"""All tensors that a drag's next step depends on, as they were at one moment, and as bytes.

Given back, they make w+, Adam's moments and step count, tracked handles and reference features
bitwise what they were. Not kept, but made again from them by the same arithmetic: the features of
the present picture, and those that a mask protects (from the w+ that they were taken at).

The bytes are safetensors: loading them runs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

MOST_FEATURES = 1 << 16  # channels of a reference


class SnapshotError(ValueError):
    """Bytes that are no snapshot of an edit on this model."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The tensors of a drag at one moment; nobody changes them.

    Attributes:
        ws: float32 [1, num_ws, w_dim].
        mean, square: Adam's moments, of the same shape.
        count: float32 scalar, Adam's steps.
        handles, targets: float32 [P, 2], (x, y) image pixels.
        fresh: bool [P], put where the features were not looked at yet.
        references: float32 [P, C]; C is 0 before the first tracking.
        ids: int64 [P], the points' ids by slot.
        active: bool [P], the slots in use.
        protected: the w+ of the picture that the mask protects; without rows when there is none.
    """

    ws: Tensor
    mean: Tensor
    square: Tensor
    count: Tensor
    handles: Tensor
    targets: Tensor
    fresh: Tensor
    references: Tensor
    ids: Tensor
    active: Tensor
    protected: Tensor

    @property
    def slots(self) -> list[int | None]:
        """Which slot holds which point."""
        pairs = zip(self.ids.tolist(), self.active.tolist(), strict=True)
        return [point_id if active else None for point_id, active in pairs]

    @property
    def is_finite(self) -> bool:
        """Whether all numbers are; waits for the device."""
        floats = (self.ws, self.mean, self.square, self.handles, self.references)
        return all(bool(tensor.isfinite().all()) for tensor in floats)


def of_latent(ws: Tensor) -> Snapshot:
    """A drag that begins at a w+, float32 [1, num_ws, w_dim]: no points, no momentum."""
    none = ws[:, :0]
    return Snapshot(
        ws=ws,
        mean=none,
        square=none,
        count=torch.zeros([]),
        handles=torch.zeros(1, 2),
        targets=torch.zeros(1, 2),
        fresh=torch.zeros(1, dtype=torch.bool),
        references=torch.zeros(1, 0),
        ids=torch.zeros(1, dtype=torch.int64),
        active=torch.zeros(1, dtype=torch.bool),
        protected=none,
    )


def pack(snapshot: Snapshot) -> bytes:
    """As bytes; Adam's trailing rows of zeros (layers that do not move) are left out."""
    tensors = {f.name: getattr(snapshot, f.name).detach().cpu() for f in fields(Snapshot)}
    rows = _used_rows(tensors["mean"], tensors["square"])
    for name in ("mean", "square"):
        tensors[name] = tensors[name][:, :rows]
    return save({name: tensor.contiguous() for name, tensor in tensors.items()})


def _used_rows(mean: Tensor, square: Tensor) -> int:
    used = ((mean != 0) | (square != 0))[0].any(dim=1).nonzero()
    return int(used[-1]) + 1 if len(used) else 0


def unpack(content: bytes, num_ws: int, w_dim: int) -> Snapshot:
    """The snapshot in some bytes, on the CPU.

    Args:
        content: by `pack`, or by whoever wrote the file that they are from.
        num_ws: of the model.
        w_dim: of the model.

    Raises:
        SnapshotError: no such bytes, tensors of other shapes, or numbers that are not finite.
    """
    try:
        tensors = load(content)
    except (SafetensorError, ValueError, KeyError, RuntimeError) as error:
        raise SnapshotError(f"snapshot: not readable: {error}") from error
    slots = tensors["ids"].shape[0] if "ids" in tensors and tensors["ids"].ndim == 1 else 0
    if slots < 1:
        raise SnapshotError("snapshot: it has no slots for points")
    _require(tensors, _shapes(num_ws, w_dim, slots))
    for name in ("mean", "square"):
        tensors[name] = _with_rows(tensors[name], num_ws)
    snapshot = Snapshot(**{f.name: tensors[f.name] for f in fields(Snapshot)})
    if not snapshot.is_finite:
        raise SnapshotError("snapshot: its numbers are not finite")
    return snapshot


def _shapes(num_ws: int, w_dim: int, slots: int) -> dict[str, tuple[torch.dtype, Sequence[range]]]:
    """Type and permitted lengths of every tensor."""
    one, rows, wide = range(1, 2), range(num_ws + 1), range(w_dim, w_dim + 1)
    each, pair = range(slots, slots + 1), range(2, 3)
    return {
        "ws": (torch.float32, (one, range(num_ws, num_ws + 1), wide)),
        "mean": (torch.float32, (one, rows, wide)),
        "square": (torch.float32, (one, rows, wide)),
        "count": (torch.float32, ()),
        "handles": (torch.float32, (each, pair)),
        "targets": (torch.float32, (each, pair)),
        "fresh": (torch.bool, (each,)),
        "references": (torch.float32, (each, range(MOST_FEATURES))),
        "ids": (torch.int64, (each,)),
        "active": (torch.bool, (each,)),
        "protected": (torch.float32, (one, rows, wide)),
    }


def _require(
    tensors: dict[str, Tensor], shapes: dict[str, tuple[torch.dtype, Sequence[range]]]
) -> None:
    if tensors.keys() != shapes.keys():
        raise SnapshotError(f"snapshot: its tensors must be {', '.join(shapes)}")
    for name, (dtype, lengths) in shapes.items():
        tensor = tensors[name]
        fits = tensor.dtype == dtype and tensor.ndim == len(lengths)
        if not fits or any(n not in r for n, r in zip(tensor.shape, lengths, strict=True)):
            raise SnapshotError(f"snapshot: {name} is {tensor.dtype} {list(tensor.shape)}")


def _with_rows(tensor: Tensor, rows: int) -> Tensor:
    missing = tensor.new_zeros(1, rows - tensor.shape[1], tensor.shape[2])
    return torch.cat([tensor, missing], dim=1)
