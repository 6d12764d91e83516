"""What a mask adds to a step: the pull that keeps the rest of the picture as it was."""

from __future__ import annotations

from torch import Tensor

from draglive.kernels import keep_map, mask_loss_backward

from .runners import Seen


class MaskTerm:
    """The movable region; it protects the picture as it was when the region was set.

    Args:
        mask: float32 [H, W], 1 = movable.
        protected: the w+ of the picture to protect; None for that of the next step.
    """

    def __init__(self, mask: Tensor, protected: Tensor | None = None) -> None:
        self._mask = mask
        self.protected = protected
        self._anchor: tuple[Tensor, Tensor] | None = None

    @property
    def anchored(self) -> bool:
        """Whether it knows the picture that it protects."""
        return self._anchor is not None

    def term(self, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Protected features, what must stay, and the weight: all that the gradient needs."""
        assert self._anchor is not None
        return *self._anchor, weight

    def anew(self) -> MaskTerm:
        """The same region, to protect the picture of the next step instead."""
        return MaskTerm(self._mask)

    def anchor(self, seen: Seen) -> None:
        """Learn the picture to protect, seen whole."""
        features = seen.features
        keep = keep_map(self._mask, features.shape[2], features.shape[3])
        self._anchor = features.clone(), keep
        self.protected = seen.ws.detach().clone()

    def gradient(self, weight: Tensor, features: Tensor) -> Tensor:
        """Of `weight` (a scalar) times the mask term, to the features [1, C, h, w]."""
        assert self._anchor is not None
        gradient: Tensor = mask_loss_backward(weight, features, *self._anchor)
        return gradient
