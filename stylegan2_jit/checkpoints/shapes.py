"""A generator's configuration from the shapes of its tensors, held against what its file says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..config import Architecture, ConfigError, GeneratorConfig
from .errors import MismatchError, UnsupportedModelError, brief

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Said:
    """Something that a file says of its network."""

    field: str  # of GeneratorConfig
    value: object
    where: str  # for people


def infer_config(shapes: Shapes, said: Iterable[Said]) -> GeneratorConfig:
    """The configuration of the network that has tensors of these shapes.

    What no shape tells (learning rate multiplier, clamp) comes from the file's word, and must be
    the same wherever it says it.

    Args:
        shapes: NVIDIA's name → shape.
        said: what the file says, to be checked.

    Raises:
        UnsupportedModelError: such a network does not run here.
        MismatchError: the file contradicts itself; the line shows both.
    """
    said = [_plain(statement) for statement in said]
    channels = _channels(shapes)
    top = max(channels)
    const = _shape(shapes, "synthesis.b4.const", 3)
    c_dim = _shape(shapes, "mapping.embed.weight", 2)[1] if "mapping.embed.weight" in shapes else 0
    w_dim = _shape(shapes, "mapping.w_avg", 1)[0]
    found: dict[str, object] = {
        "z_dim": _shape(shapes, "mapping.fc0.weight", 2)[1] - (w_dim if c_dim else 0),
        "c_dim": c_dim,
        "w_dim": w_dim,
        "img_resolution": top,
        "img_channels": _shape(shapes, f"synthesis.b{top}.torgb.weight", 4)[0],
        "num_layers": sum(
            re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in shapes
        ),
        "architecture": _architecture(shapes, channels),
        "narrow": 2 * const[2] == const[1],
    }
    for statement in said:
        if statement.field in found:
            _agree(statement, found[statement.field])
    told = {field: _told(said, field) for field in ("lr_multiplier", "conv_clamp")}
    found |= {field: value for field, value in told.items() if value is not None}
    found |= _widths(channels, said)
    try:
        return GeneratorConfig.from_dict(found)
    except ConfigError as error:
        raise UnsupportedModelError(f"no generator that runs here: {error}") from error


def _plain(statement: Said) -> Said:
    """Numbers and words only: others could take for ever to compare."""
    value = statement.value
    if value is None or isinstance(value, bool | int | float | str):
        return statement
    raise MismatchError(f"its {statement.where} says {statement.field} is {brief(value)}")


def _agree(statement: Said, found: object) -> None:
    if statement.value != found:
        raise MismatchError(
            f"its {statement.where} says {statement.field} {brief(statement.value)}, "
            f"its tensors say {found!r}"
        )


def _told(said: list[Said], field: str) -> object:
    """The one value that all statements of a field agree on; None where there is none."""
    statements = [s for s in said if s.field == field]
    for other in statements[1:]:
        if other.value != statements[0].value:
            raise MismatchError(
                f"its {statements[0].where} says {field} {brief(statements[0].value)}, "
                f"its {other.where} {brief(other.value)}"
            )
    return statements[0].value if statements else None


def _shape(shapes: Shapes, name: str, dimensions: int) -> tuple[int, ...]:
    if name not in shapes:
        raise MismatchError(f"tensor {name} is missing")
    if len(shapes[name]) != dimensions or 0 in shapes[name]:
        raise MismatchError(
            f"tensor {name} is {list(shapes[name])}: it must have {dimensions} axes"
        )
    return shapes[name]


def _channels(shapes: Shapes) -> dict[int, int]:
    """Block height → feature channels, lowest first."""
    names = (re.fullmatch(r"synthesis\.b(\d{1,4})\.conv1\.weight", name) for name in shapes)
    heights = sorted(int(match[1]) for match in names if match)
    if not heights:
        raise UnsupportedModelError("has no synthesis blocks: no StyleGAN2 generator")
    if heights != [4 << i for i in range(len(heights))]:
        raise MismatchError(f"its blocks are {heights}: they must be 4, 8, 16 …")
    return {h: _shape(shapes, f"synthesis.b{h}.conv1.weight", 4)[0] for h in heights}


def _architecture(shapes: Shapes, channels: Mapping[int, int]) -> Architecture:
    if any(name.endswith(".skip.weight") for name in shapes):
        return "resnet"
    if len(channels) > 1 and "synthesis.b4.torgb.weight" not in shapes:
        raise UnsupportedModelError(
            "a generator of the architecture 'orig' (neither skip nor resnet), which does not run "
            "here"
        )
    return "skip"


def _widths(channels: Mapping[int, int], said: list[Said]) -> dict[str, object]:
    """channels(r) = min(base // r, max): the file's word for both where it has one."""
    highest = max(channels.values())
    maximum, base = _told(said, "channel_max"), _told(said, "channel_base")
    if maximum is None or (base is None and type(maximum) is int):
        maximum = highest
    if base is None:
        base = max(c * r for r, c in channels.items())
    if type(maximum) is not int or type(base) is not int:
        raise MismatchError(f"its channel_base is {brief(base)}, its channel_max {brief(maximum)}")
    for height, found in channels.items():
        if min(base // height, maximum) != found:
            raise MismatchError(
                f"block {height} has {found} channels; a channel_base of {base} and a channel_max "
                f"of {maximum} make {min(base // height, maximum)}"
            )
    return {"channel_base": base, "channel_max": maximum}
