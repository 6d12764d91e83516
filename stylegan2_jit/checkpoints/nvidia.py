"""NVIDIA's persistence pickles.

Written by stylegan2-ada-pytorch, the stylegan3 repository (its StyleGAN2), and those who build on
them: self-distilled StyleGAN, StyleGAN-Human v2, PTI.

A network there is its class's name, its source text (which upstream runs and nobody here looks
at) and its `__dict__`: parameters, buffers, children, and the arguments it was made with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial

import torch

from ..config import GeneratorConfig
from .checkpoint import ModuleName
from .errors import DamagedFileError, UnsupportedModelError, brief, printable
from .shapes import Said, infer_config
from .source import read_tensor
from .stored import StoredModel, StoredTensor
from .torch_file import PickledFile
from .values import Module, TensorRef

GENERATORS: tuple[ModuleName, ...] = ("G_ema", "G")
MOST_MODULES = 1_000  # of one network; a 1024 px generator has 70
MOST_ENTRIES = 100  # of one table of a module; the root of a generator has 20
LONGEST_NAME = 100
DEEPEST = 8  # modules within modules
WHAT_WORKS = "StyleGAN2 (stylegan2-ada-pytorch, or stylegan3's --cfg=stylegan2) does"


def find_networks(root: object) -> dict[str, Module]:
    """Name → network; empty when the file is none of NVIDIA's."""
    if isinstance(root, Module):  # the whole module was saved, as PTI does
        return {"G_ema": root}
    items = root.items() if isinstance(root, dict) and len(root) <= MOST_ENTRIES else ()
    return {
        key: value for key, value in items if isinstance(value, Module) and isinstance(key, str)
    }


def read_networks(
    file: PickledFile, networks: Mapping[str, Module], module: ModuleName, container: str
) -> StoredModel:
    """One generator of a persistence pickle.

    Raises:
        UnsupportedModelError: it is not there, or of another kind.
        MismatchError, DamagedFileError: its parts contradict each other.
    """
    generator = choose(networks, module)
    modules = dict(_walk(generator))
    _refuse_other_kinds(generator, modules)
    tensors = {name: _stored(file, value) for name, value in _tensors(modules)}
    said = [*_arguments_say(generator), *_modules_say(modules)]
    half = any(m.state.get("use_fp16") is True for m in modules.values())
    config = infer_config({name: t.shape for name, t in tensors.items()}, said)
    return StoredModel(
        format=container,
        config=config,
        tensors={**_silence(modules, config), **tensors},
        modules=(module, *(name for name in networks if name != module)),
        trained_in_half=half,
    )


def choose(networks: Mapping[str, Module], module: ModuleName) -> Module:
    """The generator asked for.

    Raises:
        UnsupportedModelError: the file has none of that name; the line says what it has.
    """
    if module in networks:
        return networks[module]
    there = [name for name in GENERATORS if name in networks]
    if there:
        raise UnsupportedModelError(f"has no {module}, only {there[0]}: ask for that one")
    held = ", ".join(printable(f"{n} ({m.class_name})", 60) for n, m in networks.items())
    raise UnsupportedModelError(f"holds no generator, only {held}")


def _walk(root: Module) -> Iterator[tuple[str, Module]]:
    """Every module with its dotted name ('' for the root), a parent before its children."""
    waiting: list[tuple[str, Module, int]] = [("", root, 0)]
    for _ in range(MOST_MODULES):
        if not waiting:
            return
        prefix, module, depth = waiting.pop()
        yield prefix, module
        if depth > DEEPEST:
            raise DamagedFileError("a network within networks within networks: no generator's")
        for name, child in _table(module, "_modules"):
            if isinstance(child, Module):
                waiting.append((f"{prefix}{name}.", child, depth + 1))
    raise DamagedFileError(f"a network of more than {MOST_MODULES} parts: no generator's")


def _table(module: Module, kind: str) -> list[tuple[str, object]]:
    """The entries of one of a module's tables; few, since many modules may share one."""
    table = module.state.get(kind, {})
    if not isinstance(table, dict) or len(table) > MOST_ENTRIES:
        raise DamagedFileError(f"a network whose {kind} are no table, or a huge one")
    named = [(key, value) for key, value in table.items() if isinstance(key, str)]
    if any(len(key) > LONGEST_NAME for key, _ in named):
        raise DamagedFileError(f"a network with an endless name among its {kind}")
    return named


def _tensors(modules: Mapping[str, Module]) -> Iterator[tuple[str, TensorRef]]:
    for prefix, module in modules.items():
        passing = module.state.get("_non_persistent_buffers_set")
        hidden = passing[:MOST_ENTRIES] if isinstance(passing, list | tuple) else ()
        for kind in ("_parameters", "_buffers"):
            for name, value in _table(module, kind):
                if isinstance(value, TensorRef) and name not in hidden:
                    yield f"{prefix}{name}", value


def _stored(file: PickledFile, tensor: TensorRef) -> StoredTensor:
    return StoredTensor(tensor.shape, lambda: read_tensor(*file.locate(tensor)))


def _silence(modules: Mapping[str, Module], config: GeneratorConfig) -> dict[str, StoredTensor]:
    """What layers trained without noise (`use_noise=False`) have in place of it: none."""
    silent: dict[str, StoredTensor] = {}
    for prefix, module in modules.items():
        place = re.fullmatch(r"synthesis\.b(\d{1,4})\.conv[01]\.", prefix)
        if place and module.state.get("use_noise") is False:
            height = int(place[1])
            size = (height, config.width_at(height))
            silent[f"{prefix}noise_const"] = StoredTensor(size, partial(torch.zeros, size))
            silent[f"{prefix}noise_strength"] = StoredTensor((), partial(torch.zeros, ()))
    return silent


def _refuse_other_kinds(generator: Module, modules: Mapping[str, Module]) -> None:
    name = printable(generator.class_name, 60)
    layers = [key for key in modules if re.fullmatch(r"synthesis\.L\d+_\d+_\d+\.", key)]
    if "Superres" in name or "mapping.embed_proj." in modules:
        raise UnsupportedModelError(
            f"a StyleGAN-XL generator, which does not run here; {WHAT_WORKS}"
        )
    if layers or "synthesis.input." in modules:
        kernels = [modules[layer].state.get("conv_kernel") for layer in layers]
        config = "StyleGAN3-T" if 3 in kernels else "StyleGAN3-R" if 1 in kernels else "StyleGAN3"
        raise UnsupportedModelError(f"a {config} generator, which does not run here; {WHAT_WORKS}")
    if "synthesis." not in modules or "mapping." not in modules:
        kind = "a discriminator" if "Discriminator" in name else f"a network of the class {name}"
        raise UnsupportedModelError(f"{kind}, no generator; StyleGAN2 generators run here")
    if "synthesis.b4." not in modules:
        raise UnsupportedModelError(f"a generator ({name}) of another kind; {WHAT_WORKS}")


def _arguments_say(generator: Module) -> Iterator[Said]:
    """What the network was made with: stylegan2-ada nests what stylegan3's repository has flat."""
    given = generator.state.get("_init_kwargs")
    given = given if isinstance(given, dict) else {}
    synthesis, mapping = given.get("synthesis_kwargs"), given.get("mapping_kwargs")
    flat = {**given, **(synthesis if isinstance(synthesis, dict) else {})}
    fields: tuple[str, ...] = ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels")
    fields += ("channel_base", "channel_max", "architecture", "conv_clamp")
    for field in fields:
        if field in flat:
            yield Said(field, flat[field], "list of arguments")
    for field in ("num_layers", "lr_multiplier"):
        if isinstance(mapping, dict) and field in mapping:
            yield Said(field, mapping[field], "list of arguments")


def _modules_say(modules: Mapping[str, Module]) -> Iterator[Said]:
    """What the modules remember of it."""
    attributes = {
        "": ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels"),
        "synthesis.": ("w_dim", "img_resolution", "img_channels"),
        "mapping.": ("z_dim", "c_dim", "w_dim", "num_layers"),
    }
    for prefix, module in modules.items():
        where = f"module {printable(prefix.rstrip('.') or 'Generator', 60)}"
        for field in attributes.get(prefix, ()):
            if field in module.state:
                yield Said(field, module.state[field], where)
        if "conv_clamp" in module.state and not prefix.endswith("skip."):
            yield Said("conv_clamp", module.state["conv_clamp"], where)
        if prefix.startswith("synthesis.b") and "architecture" in module.state:
            yield Said("architecture", module.state["architecture"], where)
        if re.fullmatch(r"mapping\.fc\d+\.", prefix) and "bias_gain" in module.state:
            yield Said("lr_multiplier", module.state["bias_gain"], where)
        activation = module.state.get("activation", "lrelu")
        if activation not in ("lrelu", "linear"):
            raise UnsupportedModelError(
                f"its {where} has the activation {brief(activation)}, not lrelu"
            )
