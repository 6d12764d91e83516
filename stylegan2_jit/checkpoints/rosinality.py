"""rosinality's stylegan2-pytorch, and the decoders of encoders built on it (e4e, pSp).

A dictionary of state_dicts under other names than NVIDIA's. Its convolutions lie as NVIDIA's do;
its low-pass filters are four times as strong where they follow an upsampling.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from .checkpoint import ModuleName
from .errors import MismatchError, UnsupportedModelError
from .shapes import infer_config
from .source import read_tensor
from .stored import StoredModel, StoredTensor, low_pass_filters
from .torch_file import PickledFile
from .values import TensorRef

KEYS: dict[ModuleName, str] = {"G_ema": "g_ema", "G": "g"}
SAMPLES = 4096  # of the mapping network, for the mean w where a trainer kept none
LR_MULTIPLIER = 0.01  # of the mapping network; the code never had another
State = Mapping[str, TensorRef]

# their name → ours, and the axes of length 1 that are dropped in front
LAYER = {
    "conv.weight": ("weight", 1),
    "conv.modulation.weight": ("affine.weight", 0),
    "conv.modulation.bias": ("affine.bias", 0),
    "noise.weight": ("noise_strength", 1),
    "activate.bias": ("bias", 0),
    "bias": ("bias", 1),  # of colours: [1, 3, 1, 1]
}


def find_states(root: object) -> dict[ModuleName, State]:
    """The generators' state_dicts in a file; empty when it is none of these formats."""
    if not isinstance(root, dict):
        return {}
    candidates = {name: _state(root.get(key)) for name, key in KEYS.items()}
    if decoder := _state(root.get("state_dict"), "decoder."):
        candidates["G_ema"] = decoder
    if not any(candidates.values()):
        candidates = {"G_ema": _state(root)}  # the state_dict itself
    return {name: state for name, state in candidates.items() if "input.input" in state}


def _state(value: object, prefix: str = "") -> State:
    if not isinstance(value, dict) or len(value) > 5_000:
        return {}
    return {
        key.removeprefix(prefix): tensor
        for key, tensor in value.items()
        if isinstance(key, str) and key.startswith(prefix) and isinstance(tensor, TensorRef)
    }


def read_states(
    file: PickledFile, states: Mapping[ModuleName, State], module: ModuleName
) -> StoredModel:
    """One generator of a file.

    Raises:
        UnsupportedModelError: the file has none of that name.
        MismatchError, DamagedFileError: its tensors are no generator's.
    """
    if module not in states:
        raise UnsupportedModelError(f"has no {module}, only {next(iter(states))}: ask for that one")
    root = file.root if isinstance(file.root, dict) else {}
    tensors = dict(_renamed(file, states[module]))
    tensors["mapping.w_avg"] = _mean_w(file, root.get("latent_avg"), tensors)
    blocks = [
        int(m[1])
        for key in tensors
        if (m := re.fullmatch(r"synthesis\.b(\d{1,4})\.conv1\.weight", key))
    ]
    tensors = {**low_pass_filters(blocks, resnet=False), **tensors}
    tensors |= _missing_noise(blocks, tensors)
    decoder = "state_dict" in root
    return StoredModel(
        format="torch file (e4e or pSp, decoder)" if decoder else "torch file (rosinality)",
        config=infer_config({name: tensor.shape for name, tensor in tensors.items()}, ()),
        tensors=tensors,
        modules=(module, *(name for name in states if name != module), *_others(root)),
    )


def _others(root: Mapping[object, object]) -> list[str]:
    names = {"d": "D", "state_dict": "encoder"}
    return [name for key, name in names.items() if isinstance(root.get(key), dict)]


def _renamed(file: PickledFile, state: State) -> Iterator[tuple[str, StoredTensor]]:
    for key, tensor in state.items():
        found = _rule(key)
        if found is not None:
            name, dropped, gain = found
            yield name, _stored(file, key, tensor, dropped, gain)


def _rule(key: str) -> tuple[str, int, float] | None:
    """Our name of a tensor, leading axes to drop and factor; None for what is not needed."""
    if match := re.fullmatch(r"style\.(\d{1,2})\.(weight|bias)", key):
        return f"mapping.fc{int(match[1]) - 1}.{match[2]}", 0, 1.0
    if key == "input.input":
        return "synthesis.b4.const", 1, 1.0
    if match := re.fullmatch(r"noises\.noise_(\d{1,2})", key):
        i = int(match[1])
        height, layer = 2 ** ((i + 5) // 2), "conv0" if i % 2 else "conv1"
        return f"synthesis.b{height}.{layer}.noise_const", 2, 1.0
    match = re.fullmatch(r"(conv1|to_rgb1|(?:convs|to_rgbs)\.\d{1,2})\.(.+)", key)
    if match is None:
        return None
    block, layer = _place(match[1])
    if match[2] == "conv.blur.kernel":
        return f"{block}.{layer}.resample_filter", 0, 0.25
    if match[2] == "upsample.kernel":
        return f"{block}.resample_filter", 0, 0.25
    if match[2] not in LAYER:
        return f"{block}.{layer}.{match[2]}", 0, 1.0  # found to be too many later
    name, dropped = LAYER[match[2]]
    return f"{block}.{layer}.{name}", dropped, 1.0


def _place(layer: str) -> tuple[str, str]:
    """Block and layer of `conv1`, `to_rgb1`, `convs.5`, `to_rgbs.2`."""
    kind, _, index = layer.partition(".")
    if not index:
        return "synthesis.b4", "torgb" if kind == "to_rgb1" else "conv1"
    k = int(index)
    if kind == "to_rgbs":
        return f"synthesis.b{2 ** (k + 3)}", "torgb"
    return f"synthesis.b{2 ** (k // 2 + 3)}", f"conv{k % 2}"


def _stored(
    file: PickledFile, key: str, tensor: TensorRef, dropped: int, gain: float
) -> StoredTensor:
    shape = tensor.shape
    if key.endswith(".bias") and dropped:  # colours
        shape = shape[1:2] if len(shape) == 4 and shape[2:] == (1, 1) else shape
    elif dropped:
        if shape[:dropped] != (1,) * dropped:
            raise MismatchError(f"tensor {key} is {list(shape)}: it must begin with {dropped} ones")
        shape = shape[dropped:]
    return StoredTensor(shape, partial(_read, file, tensor, shape, gain))


def _read(file: PickledFile, tensor: TensorRef, shape: tuple[int, ...], gain: float) -> Tensor:
    values = read_tensor(*file.locate(tensor)).reshape(shape)
    return values if gain == 1.0 else values * gain


def _mean_w(
    file: PickledFile, latent_avg: object, tensors: Mapping[str, StoredTensor]
) -> StoredTensor:
    """The mean of w: [512], or [18, 512] with equal rows; training snapshots have none."""
    bias = tensors.get("mapping.fc0.bias")
    if bias is None:
        raise MismatchError("tensor style.1.bias is missing")
    if not isinstance(latent_avg, TensorRef):
        return StoredTensor(bias.shape, partial(_sampled_mean, tensors))

    def read() -> Tensor:
        rows = read_tensor(*file.locate(latent_avg)).reshape(-1, latent_avg.shape[-1])
        if not torch.equal(rows, rows[:1].expand_as(rows)):
            raise MismatchError("its latent_avg has rows that differ")
        return rows[0].clone()

    if not latent_avg.shape or 0 in latent_avg.shape:
        raise MismatchError(f"its latent_avg is {list(latent_avg.shape)}")
    return StoredTensor(latent_avg.shape[-1:], read)


def _sampled_mean(tensors: Mapping[str, StoredTensor]) -> Tensor:
    """As that code does without one: the mean over random latents, here always the same."""
    count = sum(name.endswith(".weight") for name in tensors if name.startswith("mapping.fc"))
    width = tensors["mapping.fc0.weight"].shape[1]
    x = torch.randn(SAMPLES, width, generator=torch.Generator().manual_seed(0))
    x = x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
    for i in range(count):
        weight = tensors[f"mapping.fc{i}.weight"].read()
        bias = tensors[f"mapping.fc{i}.bias"].read() * LR_MULTIPLIER
        x = F.linear(x, weight * (LR_MULTIPLIER / math.sqrt(weight.shape[1])), bias)
        x = F.leaky_relu(x, 0.2) * math.sqrt(2.0)
    return x.mean(dim=0)


def _missing_noise(
    blocks: list[int], tensors: Mapping[str, StoredTensor]
) -> dict[str, StoredTensor]:
    """Versions of before 2020 drew the noise of every picture afresh: here it is drawn once."""

    def draw(height: int, seed: int) -> Tensor:
        return torch.randn(height, height, generator=torch.Generator().manual_seed(seed))

    drawn = {}
    for height in blocks:
        for i, layer in enumerate(("conv1",) if height == 4 else ("conv0", "conv1")):
            name = f"synthesis.b{height}.{layer}.noise_const"
            if name not in tensors:
                seed = 2 * height + i
                drawn[name] = StoredTensor((height, height), partial(draw, height, seed))
    return drawn
