"""What training minimises."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .discriminator import Discriminator
from .keypoint_network import KeyPointNetwork


def paired(pictures: Tensor, truth: Tensor) -> Tensor:
    """Distance of pictures to their rendered truth: L1 of colours and edges, mean of sizes to 8.

    Both float32 [N, 3, R, R]; returns a number.
    """
    terms = []
    while True:
        edges = [F.l1_loss(pictures.diff(dim=a), truth.diff(dim=a)) for a in (2, 3)]
        terms.append(F.l1_loss(pictures, truth) + edges[0] + edges[1])
        if pictures.shape[-1] <= 8:
            return torch.stack(terms).mean()
        pictures, truth = F.avg_pool2d(pictures, 2), F.avg_pool2d(truth, 2)


def matched(fake: list[Tensor], real: list[Tensor]) -> Tensor:
    """Distance of pairs in the discriminator's activations, relative to their size."""
    distances = [
        _mean((a - b).abs()) / (_mean(b.abs()) + 1e-3) for a, b in zip(fake, real, strict=True)
    ]
    return torch.stack(distances).mean()


def _mean(values: Tensor) -> Tensor:
    """Summed in float32."""
    return values.mean(dtype=torch.float32)


def guided(guide: KeyPointNetwork, pictures: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """What a key-point network sees of the difference between pictures and their truth.

    Returns:
        How far key points lie apart, as a share of the width (those that it does not see in the
        truth do not count; its own errors cancel), and how unlike its maps are at three scales.
    """
    with torch.no_grad():
        wanted = guide.scales(truth)
        places, visibility, _ = guide.found(wanted)
        seen = (visibility > 0).float()
    maps = guide.scales(pictures)
    moved = (guide.found(maps)[0] - places).abs().sum(2)
    unlike = [
        (F.normalize(a, dim=1) - F.normalize(b, dim=1)).square().sum(1).mean()
        for a, b in zip(maps, wanted, strict=True)
    ]
    return (moved * seen).sum() / seen.sum().clamp(min=1), torch.stack(unlike).mean()


def discriminator_loss(fake: Tensor, real: Tensor) -> Tensor:
    """The logistic loss of scores [N]."""
    return F.softplus(fake).mean() + F.softplus(-real).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """The non-saturating loss (Goodfellow et al. 2014) of scores [N]."""
    return F.softplus(-fake).mean()


def r1_penalty(discriminator: Discriminator, real: Tensor) -> Tensor:
    """Mean squared gradient of the scores at real pictures (Mescheder et al. 2018)."""
    real = real.detach().requires_grad_(True)
    scores, _ = discriminator(real, torch.float32)  # second order: slow and coarse in bfloat16
    (gradient,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
    return gradient.square().sum([1, 2, 3]).mean()


def path_penalty(pictures: Tensor, ws: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
    """Path-length regularisation (StyleGAN2, section 3.2), and the new running mean of lengths.

    Args:
        pictures: float32 [N, 3, R, R], made from ws.
        ws: float32 [N, num_ws, w_dim], with a gradient.
        mean: the running mean so far, a number.
    """
    noise = torch.randn_like(pictures) / math.sqrt(pictures.shape[2] * pictures.shape[3])
    (gradient,) = torch.autograd.grad((pictures * noise).sum(), ws, create_graph=True)
    lengths = gradient.square().sum(2).mean(1).sqrt()
    mean = mean.lerp(lengths.detach().mean(), 0.01)
    return (lengths - mean).square().mean(), mean
