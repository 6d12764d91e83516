"""One file an operation: its contract and its plain-torch reference side by side.

The operations are registered as `torch.ops.draglive.*` with fake and autograd implementations,
so that torch.compile and TorchScript see them as single nodes.
"""

from .adam import adam
from .mask_loss import keep_map, mask_loss, mask_loss_backward
from .motion_supervision import clipped_motions, motion_supervision, motion_supervision_backward
from .report_points import report_points
from .sampling import disc_offsets, sample_bilinear, square_offsets
from .supervise import pulling, supervise
from .to_rgba import to_rgba
from .track_points import track_points

__all__ = [
    "adam",
    "clipped_motions",
    "disc_offsets",
    "keep_map",
    "mask_loss",
    "mask_loss_backward",
    "motion_supervision",
    "motion_supervision_backward",
    "pulling",
    "report_points",
    "sample_bilinear",
    "square_offsets",
    "supervise",
    "to_rgba",
    "track_points",
]
