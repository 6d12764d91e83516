"""A small network that says where the key points of a creature's picture are.

Trained on renderings (`keypoint_training`), it never sees a generator: benchmarks let it judge
samples and drags, and a trainer may be guided by one that is not the judge.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import Tensor, nn

from ..checkpoints.safetensors_file import write_tensors
from .keypoints import KEYPOINTS

FIRST_INPUT_PX = 96  # of files that do not say


def load_keypoint_network(path: Path) -> KeyPointNetwork:
    """Read a file that `save_keypoint_network` wrote; ready to judge.

    Raises:
        SafetensorError, OSError: it cannot be read.
        RuntimeError: it is another network.
    """
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        input_px = int((file.metadata() or {}).get("input_px", FIRST_INPUT_PX))
    points, width = tensors["out.weight"].shape[:2]
    network = KeyPointNetwork(points, width, input_px)
    network.load_state_dict({k: v.clone() for k, v in tensors.items()})
    return network.eval().requires_grad_(False)


def save_keypoint_network(network: KeyPointNetwork, path: Path) -> None:
    """Write the network in half precision."""
    tensors = {k: _halved(v.detach().cpu()) for k, v in network.state_dict().items()}
    write_tensors(tensors, path, {"input_px": str(network.input_px)})


def _halved(tensor: Tensor) -> Tensor:
    return (tensor.half() if tensor.is_floating_point() else tensor).contiguous()


class KeyPointNetwork(nn.Module):
    """Three scales down and up again; a map for each point, of which the mean position is taken.

    Args:
        points: how many.
        width: channels of the inner layers.
        input_px: pictures are resized to it.
    """

    def __init__(self, points: int = len(KEYPOINTS), width: int = 96, input_px: int = 160) -> None:
        super().__init__()
        self.input_px = input_px
        self.stem = nn.Sequential(_layer(3, 32, 2), _layer(32, 64, 2), _layer(64, width))
        self.d1 = nn.Sequential(_layer(width, width, 2), _layer(width, width))
        self.d2 = nn.Sequential(_layer(width, width, 2), _layer(width, width), _layer(width, width))
        self.u1 = _layer(width, width)
        self.u0 = nn.Sequential(_layer(width, width), _layer(width, width))
        self.out = nn.Conv2d(width, points, 1)
        self.vis = nn.Linear(width, points)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Positions in 0..1 [N, K, 2] (x, y), visibility logits [N, K], features [N, width].

        Args:
            picture: [N, 3, H, W] in -1..1, of any size.
        """
        return self.found(self.scales(picture))

    def found(self, scales: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """As `forward`, of what `scales` gave."""
        fine, middle, coarse = scales
        features = coarse.mean([2, 3])
        middle = self.u1(middle + F.interpolate(coarse, scale_factor=2.0, mode="nearest"))
        fine = self.u0(fine + F.interpolate(middle, scale_factor=2.0, mode="nearest"))
        return _mean_places(self.out(fine)), self.vis(features), features

    def scales(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features at a quarter, an eighth and a sixteenth of the input's size."""
        fine = self.stem(self._resized(picture))
        middle = self.d1(fine)
        return fine, middle, self.d2(middle)

    def _resized(self, pictures: Tensor) -> Tensor:
        size = (self.input_px, self.input_px)
        return F.interpolate(pictures, size, mode="bilinear", antialias=True)


def _layer(ins: int, outs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(ins, outs, 3, stride, 1, bias=False), nn.BatchNorm2d(outs), nn.ReLU(True)
    )


def _mean_places(maps: Tensor) -> Tensor:
    """Of [N, K, H, W] logits, the mean positions [N, K, 2] in 0..1."""
    count, points, height, width = maps.shape
    share = maps.flatten(2).softmax(dim=2).view(count, points, height, width)
    columns = (torch.arange(width, device=maps.device) + 0.5) / width
    rows = (torch.arange(height, device=maps.device) + 0.5) / height
    return torch.stack([share.sum(2) @ columns, share.sum(3) @ rows], dim=2)
