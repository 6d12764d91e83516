"""The pickles of NVIDIA's TensorFlow code: StyleGAN2 config-e and config-f, and StyleGAN2-ADA.

A tuple (G, D, Gs) of `dnnlib.tflib.network.Network`, each with its arguments, its components and
its variables as numpy arrays. TensorFlow keeps convolutions as [height, width, in, out], dense
layers as [in, out], up-convolutions turned by 180°, and styles as their difference from 1.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .checkpoint import ModuleName
from .errors import DamagedFileError, UnsupportedModelError, brief, printable
from .shapes import Said, infer_config
from .source import DTYPES, Source, Storage, contiguous, read_array
from .stored import StoredModel, StoredTensor, low_pass_filters
from .values import Array, Blob, Name, Record

Change = Callable[[NDArray[np.float32]], NDArray[np.float32]]
NETWORK = Name("dnnlib.tflib.network", "Network")
PLACES: dict[ModuleName, int] = {"G": 0, "G_ema": 2}

# TensorFlow's name of the arguments → ours; `fmap_base` counts at half the resolution
ARGUMENTS = {
    "latent_size": "z_dim",
    "label_size": "c_dim",
    "dlatent_size": "w_dim",
    "resolution": "img_resolution",
    "num_channels": "img_channels",
    "fmap_base": "channel_base",
    "fmap_max": "channel_max",
    "architecture": "architecture",
    "conv_clamp": "conv_clamp",
    "mapping_layers": "num_layers",
    "mapping_lrmul": "lr_multiplier",
}


def _same(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return x


def _dense(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return x.transpose()


def _convolution(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return x.transpose(3, 2, 0, 1)


def _turned(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return x[::-1, ::-1].transpose(3, 2, 0, 1)


def _style_bias(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return x + np.float32(1)


def _first(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(x[0])


def _noise(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(x[0, 0])


# TensorFlow's name (of a variable in its component) → ours, number of axes, change
RULES: list[tuple[str, str, int, Change]] = [
    (r"dlatent_avg", "mapping.w_avg", 1, _same),
    (r"mapping/Dense(\d+)/weight", r"mapping.fc\1.weight", 2, _dense),
    (r"mapping/Dense(\d+)/bias", r"mapping.fc\1.bias", 1, _same),
    (r"mapping/LabelEmbed/weight", "mapping.embed.weight", 2, _dense),
    (r"mapping/LabelEmbed/bias", "mapping.embed.bias", 1, _same),
    (r"synthesis/4x4/Const/const", "synthesis.b4.const", 4, _first),
    (r"synthesis/(\d+)x\1/Skip/weight", r"synthesis.b\1.skip.weight", 4, _turned),
    (r"synthesis/(\d+)x\1/Conv0_up/weight", r"synthesis.b\1.conv0.weight", 4, _turned),
    (r"synthesis/(\d+)x\1/Conv1?/weight", r"synthesis.b\1.conv1.weight", 4, _convolution),
    (r"synthesis/(\d+)x\1/ToRGB/weight", r"synthesis.b\1.torgb.weight", 4, _convolution),
]
LAYERS = {"Conv0_up": "conv0", "Conv": "conv1", "Conv1": "conv1", "ToRGB": "torgb"}
PARTS: dict[str, tuple[str, int, Change]] = {
    "bias": ("bias", 1, _same),
    "noise_strength": ("noise_strength", 0, _same),
    "mod_weight": ("affine.weight", 2, _dense),
    "mod_bias": ("affine.bias", 1, _style_bias),
}


def is_networks(root: object) -> bool:
    """Whether the root of a pickle is a triple of networks."""
    items = root if isinstance(root, tuple) else ()
    return len(items) == 3 and all(isinstance(x, Record) and x.name == NETWORK for x in items)


def read_networks(source: Source, root: object, module: ModuleName) -> StoredModel:
    """One generator of a TensorFlow pickle.

    Raises:
        UnsupportedModelError: it is StyleGAN1 or one of the configurations A to D.
        MismatchError, DamagedFileError: its parts contradict each other.
    """
    network = root[PLACES[module]]  # type: ignore[index]
    variables = dict(_variables(network))
    _refuse_other_kinds(network, variables)
    tensors = dict(_renamed(source, variables))
    blocks = [
        int(m[1])
        for name in tensors
        if (m := re.fullmatch(r"synthesis\.b(\d{1,4})\.conv1\.weight", name))
    ]
    tensors |= low_pass_filters(blocks, resnet=any(".skip." in name for name in tensors))
    said = list(_arguments_say(network))
    config = infer_config({name: tensor.shape for name, tensor in tensors.items()}, said)
    fp16 = _table(network, "static_kwargs").get("num_fp16_res")
    return StoredModel(
        format="TensorFlow pickle (stylegan2)",
        config=config,
        tensors=tensors,
        modules=(module, *(other for other in ("G_ema", "G") if other != module), "D"),
        trained_in_half=isinstance(fp16, int) and fp16 > 0,
    )


def _table(network: Record, key: str) -> Mapping[object, object]:
    table = network.state.get(key, {})
    if not isinstance(table, dict):
        raise DamagedFileError(f"a TensorFlow network whose {key} are no table")
    return table


def _variables(network: Record, prefix: str = "") -> Iterator[tuple[str, Array]]:
    """Name → array of a network and, one level below, of its components."""
    for item in _list(network):
        match item:
            case (str(name), Array() as value):
                yield f"{prefix}{name}", value
    for part in () if prefix else ("mapping", "synthesis"):
        component = _table(network, "components").get(part)
        if isinstance(component, Record):
            yield from _variables(component, f"{part}/")


def _list(network: Record) -> list[object]:
    variables = network.state.get("variables", [])
    if not isinstance(variables, list) or len(variables) > 5_000:
        raise DamagedFileError("a TensorFlow network whose variables are no list")
    return variables


def _refuse_other_kinds(network: Record, variables: Mapping[str, Array]) -> None:
    version = network.state.get("version")
    old = not isinstance(version, int) or version < 4
    if old or any("StyleMod" in name or "/style_mod" in name for name in variables):
        synthesis = _table(network, "components").get("synthesis")
        function = synthesis.state.get("build_func_name") if isinstance(synthesis, Record) else None
        kind = (
            "StyleGAN2 of the configurations B to D"
            if function == "G_synthesis_stylegan_revised"
            else ("StyleGAN1 (or StyleGAN2's configuration A)")
        )
        raise UnsupportedModelError(f"{kind}, which does not run here; config-e and config-f do")
    for argument, usual in (("nonlinearity", "lrelu"), ("resample_kernel", [1, 3, 3, 1])):
        found = _table(network, "static_kwargs").get(argument, usual)
        if found != usual:
            raise UnsupportedModelError(f"its {argument} is {brief(found)}, not {usual}")
    if any(name.startswith("mapping/LabelConcat") for name in variables):
        raise UnsupportedModelError(
            "a conditional StyleGAN2 of before ADA, which does not run here"
        )
    if any("ToRGB_lod" in name for name in variables):
        raise UnsupportedModelError(
            "a StyleGAN2 that grows while it is trained (configuration D or below), which does not "
            "run here; config-e and config-f do"
        )


def _renamed(source: Source, variables: Mapping[str, Array]) -> Iterator[tuple[str, StoredTensor]]:
    for name, array in variables.items():
        found = _rule(name)
        if found is not None:
            ours, axes, change = found
            yield ours, _stored(source, array, name, axes, change)


def _rule(name: str) -> tuple[str, int, Change] | None:
    """Our name of a variable; None for what only a trainer needs (`lod`, averages)."""
    for pattern, ours, axes, change in RULES:
        if match := re.fullmatch(pattern, name):
            return match.expand(ours), axes, change
    if match := re.fullmatch(r"synthesis/noise(\d{1,2})", name):
        i = int(match[1])
        layer = "conv0" if i % 2 else "conv1"
        return f"synthesis.b{2 ** ((i + 5) // 2)}.{layer}.noise_const", 4, _noise
    match = re.fullmatch(r"synthesis/(\d+)x\1/(\w+)/(\w+)", name)
    if match and match[2] in LAYERS and match[3] in PARTS:
        part, axes, change = PARTS[match[3]]
        return f"synthesis.b{match[1]}.{LAYERS[match[2]]}.{part}", axes, change
    return None


def _stored(source: Source, array: Array, name: str, axes: int, change: Change) -> StoredTensor:
    if len(array.shape) != axes or not 0 < math.prod(array.shape) < 2**31:
        raise DamagedFileError(f"its variable {printable(name, 80)} is {list(array.shape)}")
    imagined = np.broadcast_to(np.float32(0), array.shape)  # takes no memory
    return StoredTensor(
        _without_arithmetic(change)(imagined).shape, partial(_read, source, array, change)
    )


def _without_arithmetic(change: Change) -> Change:
    return _same if change is _style_bias else change


def _read(source: Source, array: Array, change: Change) -> Tensor:
    dtype = array.dtype
    if dtype is None or dtype.code not in DTYPES or dtype.order not in ("<", "|", "="):
        raise DamagedFileError("an array of an unknown kind of numbers")
    view = contiguous(array.shape, fortran=array.fortran)
    if isinstance(array.data, Blob):
        part = source.part(array.data.start, array.data.size)
    else:  # small ones, as older protocols write them
        part = Source.of(io.BytesIO(array.data))
    values = change(read_array(Storage(part, dtype.code, view.span), view))
    return torch.from_numpy(np.ascontiguousarray(values).reshape(values.shape))


def _arguments_say(network: Record) -> Iterator[Said]:
    for theirs, value in _table(network, "static_kwargs").items():
        field = ARGUMENTS.get(theirs) if isinstance(theirs, str) else None
        if field == "channel_base" and isinstance(value, int):
            yield Said(field, 2 * value, "list of arguments")
        elif field is not None and value is not None:
            yield Said(field, value, "list of arguments")
