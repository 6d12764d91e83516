"""Writes every container as its own tool does, with small random weights: the tests' fixtures.

Pickles mention upstream's modules by name, so stand-ins lie in `sys.modules` while one is
written, and only then. The source text in a persistence pickle would create a file if anybody
ran it.
"""

import contextlib
import copy
import io
import pickle
import sys
from collections import OrderedDict
from types import ModuleType

import numpy as np
import torch

UPSTREAM = ("torch_utils", "torch_utils.persistence", "dnnlib", "dnnlib.util", "dnnlib.tflib")
UPSTREAM += ("dnnlib.tflib.network",)
BUFFERS = ("w_avg", "noise_const", "resample_filter")


class EasyDict(dict):
    __module__ = "dnnlib.util"


class Network:
    """TensorFlow's, by its attributes."""

    __module__ = "dnnlib.tflib.network"


def _reconstruct_persistent_obj(meta):
    raise AssertionError("upstream's code ran")


_reconstruct_persistent_obj.__module__ = "torch_utils.persistence"


class Persistent:
    """What upstream's decorator pickles in place of a module."""

    def __init__(self, class_name, state, source):
        self.meta = {
            "type": "class",
            "version": 6,
            "module_src": source,
            "class_name": class_name,
            "state": state,
        }

    def __reduce__(self):
        return _reconstruct_persistent_obj, (self.meta,)


@contextlib.contextmanager
def upstream_modules():
    """Stand-ins, so that a pickler finds what it is to mention."""
    modules = {name: ModuleType(name) for name in UPSTREAM}
    modules["torch_utils.persistence"]._reconstruct_persistent_obj = _reconstruct_persistent_obj
    modules["dnnlib.util"].EasyDict = EasyDict
    modules["dnnlib.tflib.network"].Network = Network
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]


def dump(value, path, protocol=4, *, old_numpy=False):
    """Pickle; with `old_numpy`, as numpy 1 named its modules."""
    with upstream_modules():
        data = pickle.dumps(value, protocol)
    if old_numpy:  # lines of text in protocols 2 and 3, no lengths to mend
        data = data.replace(b"cnumpy._core.", b"cnumpy.core.")
    path.write_bytes(data)


def torch_save(value, path, *, archive=True):
    with upstream_modules():
        torch.save(value, path, _use_new_zipfile_serialization=archive)


# --- NVIDIA's persistence pickles -----------------------------------------------------------------


def persistent_generator(generator, mark, *, flat=False, says=None, remembers=None):
    """A generator as stylegan2-ada-pytorch pickles it; `flat` as stylegan3's repository does.

    Args:
        mark: the file that the source text would create.
        says: replaces arguments.
        remembers: module's dotted name → attributes that it gets.
    """
    config = generator.config
    source = f"open({str(mark)!r}, 'w').close()\nclass Generator: pass\n"
    synthesis = {"channel_base": config.channel_base, "channel_max": config.channel_max}
    synthesis |= {"architecture": config.architecture, "conv_clamp": config.conv_clamp}
    mapping = {"num_layers": config.num_layers, "lr_multiplier": config.lr_multiplier}
    sizes = {"z_dim": config.z_dim, "c_dim": config.c_dim, "w_dim": config.w_dim}
    sizes |= {"img_resolution": config.img_resolution, "img_channels": 3}
    arguments = {**sizes, "mapping_kwargs": EasyDict(mapping)}
    arguments |= synthesis if flat else {"synthesis_kwargs": EasyDict(synthesis)}
    states = _module_states(generator)
    states[""] |= {**sizes, "num_ws": config.num_ws, "_init_args": ()}
    states[""]["_init_kwargs"] = EasyDict({**arguments, **(says or {})})
    for name, state in states.items():
        state.update({**_attributes(name, config), **(remembers or {}).get(name, {})})
    return _assembled(states, source)


def _attributes(name, config):
    """What modules of upstream remember beside their tensors."""
    last = name.rpartition(".")[2]
    if last.startswith("fc") or last in ("affine", "embed"):
        gain = config.lr_multiplier if last.startswith("fc") else 1
        width = config.w_dim
        activation = "lrelu" if last.startswith("fc") else "linear"
        return {
            "activation": activation,
            "weight_gain": gain / np.sqrt(width),  # a numpy number
            "bias_gain": gain,
        }
    if last in ("conv0", "conv1"):
        return {"activation": "lrelu", "act_gain": np.sqrt(2), "conv_clamp": config.conv_clamp}
    if last == "torgb":
        return {"conv_clamp": config.conv_clamp}
    if last == "skip":
        return {"activation": "linear", "conv_clamp": None}
    if last.startswith("b"):
        return {"architecture": config.architecture, "use_fp16": config.conv_clamp is not None}
    return {}


def _module_states(generator):
    """Dotted name of a module → its `__dict__`, as nn.Module has it."""
    states = {"": _empty_module()}
    for name, value in generator.state_dict().items():
        *owners, leaf = name.split(".")
        for depth in range(1, len(owners) + 1):
            states.setdefault(".".join(owners[:depth]), _empty_module())
        state = states[".".join(owners)]
        if leaf in BUFFERS:
            state["_buffers"][leaf] = value.clone()
        else:
            state["_parameters"][leaf] = torch.nn.Parameter(value.clone(), requires_grad=False)
    return states


def _empty_module():
    tables = ("_parameters", "_buffers", "_backward_hooks", "_forward_hooks", "_modules")
    tables = {name: OrderedDict() for name in tables}
    return {"training": False, **tables, "_non_persistent_buffers_set": set()}


CLASSES = {"": "Generator", "synthesis": "SynthesisNetwork", "mapping": "MappingNetwork"}


def _assembled(states, source):
    modules = {
        name: Persistent(CLASSES.get(name, "Layer"), state, source)
        for name, state in states.items()
    }
    for name, module in modules.items():
        if name:
            owner, _, leaf = name.rpartition(".")
            states[owner]["_modules"][leaf] = module
    return modules[""]


class Undecodable:
    """A storage whose bytes are no storage: whoever decodes it fails."""

    def __reduce__(self):
        return torch.storage._load_from_bytes, (b"nobody decodes this" * 100,)


class UndecodableTensor:
    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, (
            Undecodable(),
            0,
            (4, 4),
            (4, 1),
            False,
            OrderedDict(),
        )


def discriminator(mark):
    state = _empty_module()
    state["_parameters"]["weight"] = UndecodableTensor()
    return Persistent("Discriminator", state, f"open({str(mark)!r}, 'w').close()\n")


def snapshot(generator, mark, **how):
    """The dictionary of a training snapshot; its G and D cannot be decoded."""
    other = persistent_generator(generator, mark, **how)
    other.meta["state"]["_parameters"]["broken"] = UndecodableTensor()
    for block in ("mapping", "synthesis"):
        modules = other.meta["state"]["_modules"]
        state = modules[block].meta["state"]
        state["_buffers"] = OrderedDict((name, UndecodableTensor()) for name in state["_buffers"])
    return {
        "G": other,
        "D": discriminator(mark),
        "G_ema": persistent_generator(generator, mark, **how),
        "training_set_kwargs": EasyDict(class_name="training.dataset.ImageFolderDataset"),
        "augment_pipe": None,
    }


# --- TensorFlow's pickles -------------------------------------------------------------------------


def tensorflow_arrays(resolution=32, channels=(8, 8, 8, 4), *, resnet=False, classes=0, w_dim=8):
    """Variables of a config-f generator, by component, in TensorFlow's layout."""
    rng = np.random.default_rng(4)

    def draw(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    mapping, synthesis = {}, {}
    width = 6 + (w_dim if classes else 0)
    if classes:
        mapping |= {"LabelEmbed/weight": draw(classes, w_dim), "LabelEmbed/bias": draw(w_dim)}
    for i in range(2):
        mapping[f"Dense{i}/weight"] = draw(width, w_dim) / 0.01
        mapping[f"Dense{i}/bias"] = draw(w_dim) / 0.01
        width = w_dim

    def layer(name, fan_in, fan_out, size=3):
        synthesis[f"{name}/weight"] = draw(size, size, fan_in, fan_out)
        synthesis[f"{name}/bias"] = draw(fan_out)
        synthesis[f"{name}/mod_weight"] = draw(w_dim, fan_in)
        synthesis[f"{name}/mod_bias"] = 0.3 * draw(fan_in)
        if size == 3:
            synthesis[f"{name}/noise_strength"] = draw()

    below = channels[0]
    synthesis["4x4/Const/const"] = draw(1, below, 4, 4)
    synthesis["noise0"] = draw(1, 1, 4, 4)
    layer("4x4/Conv", below, below)
    for i, height in enumerate(4 << k for k in range(len(channels))):
        if height > 4:
            layer(f"{height}x{height}/Conv0_up", below, channels[i])
            layer(f"{height}x{height}/Conv1", channels[i], channels[i])
            for k in (2 * i - 1, 2 * i):
                synthesis[f"noise{k}"] = draw(1, 1, height, height)
            if resnet:
                synthesis[f"{height}x{height}/Skip/weight"] = draw(1, 1, below, channels[i])
        if not resnet or height == resolution:
            layer(f"{height}x{height}/ToRGB", channels[i], 3, size=1)
        below = channels[i]
    return {
        "": {"lod": draw(), "dlatent_avg": draw(w_dim)},
        "mapping": mapping,
        "synthesis": synthesis,
    }


def tensorflow_network(arrays, mark, says=None, version=4, builds="G_synthesis_stylegan2"):
    """`dnnlib.tflib.network.Network` of a generator."""

    def network(variables, function, components):
        made = Network()
        made.version, made.name, made.static_kwargs = version, "G", {}
        made.components, made.build_func_name = components, function
        made.build_module_src = f"open({str(mark)!r}, 'w').close()\n"
        made.variables = list(variables.items())
        return made

    parts = {
        "synthesis": network(arrays["synthesis"], builds, EasyDict()),
        "mapping": network(arrays["mapping"], "G_mapping", EasyDict()),
    }
    made = network(arrays[""], "G_main", EasyDict(parts))
    sizes = {"num_channels": 3, "resolution": 32, "fmap_base": 64, "fmap_max": 8}
    sizes |= {"latent_size": 6, "dlatent_size": 8, "mapping_layers": 2}
    made.static_kwargs = EasyDict({**sizes, **(says or {})})
    return made


# --- rosinality's torch files ---------------------------------------------------------------------


def rosinality_state(resolution=32, channels=(8, 8, 8, 4), w_dim=8, *, noises=True):
    """The state_dict of rosinality's generator."""
    torch.manual_seed(6)
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    strong = taps[:, None] * taps / 16  # of sum 4, as it follows an upsampling
    state = OrderedDict()
    for i in (1, 2):
        state[f"style.{i}.weight"] = torch.randn(w_dim, w_dim) / 0.01
        state[f"style.{i}.bias"] = torch.randn(w_dim) / 0.01
    state["input.input"] = torch.randn(1, channels[0], 4, 4)

    def modulated(name, fan_in, fan_out, size):
        state[f"{name}.conv.weight"] = torch.randn(1, fan_out, fan_in, size, size)
        state[f"{name}.conv.modulation.weight"] = torch.randn(fan_in, w_dim)
        state[f"{name}.conv.modulation.bias"] = 1 + 0.3 * torch.randn(fan_in)

    def layer(name, fan_in, fan_out, *, up=False):
        modulated(name, fan_in, fan_out, 3)
        if up:
            state[f"{name}.conv.blur.kernel"] = strong.clone()
        state[f"{name}.noise.weight"] = torch.randn(1)
        state[f"{name}.activate.bias"] = torch.randn(fan_out)

    def colours(name, fan_in, *, up=True):
        modulated(name, fan_in, 3, 1)
        state[f"{name}.bias"] = torch.randn(1, 3, 1, 1)
        if up:
            state[f"{name}.upsample.kernel"] = strong.clone()

    layer("conv1", channels[0], channels[0])
    colours("to_rgb1", channels[0], up=False)
    for i in range(1, len(channels)):
        layer(f"convs.{2 * i - 2}", channels[i - 1], channels[i], up=True)
        layer(f"convs.{2 * i - 1}", channels[i], channels[i])
        colours(f"to_rgbs.{i - 1}", channels[i])
    if noises:
        for i in range(2 * len(channels) - 1):
            height = 2 ** ((i + 5) // 2)
            state[f"noises.noise_{i}"] = torch.randn(1, 1, height, height)
    assert resolution == 4 << (len(channels) - 1)
    return state


def e4e_checkpoint(state):
    """An encoder's checkpoint: the decoder is rosinality's generator."""
    encoder = {"encoder.input_layer.0.weight": torch.randn(3, 3)}
    decoder = {f"decoder.{name}": value for name, value in state.items()}
    average = torch.randn(8).expand(8, 8).clone()
    return {
        "state_dict": {**encoder, **decoder},
        "latent_avg": average,
        "opts": {"stylegan_size": 32, "device": "cuda"},
    }


def bytes_of(write, *arguments, **how):
    """What a writer writes, without a file."""

    class Sink(io.BytesIO):
        def write_bytes(self, data):
            self.write(data)

    sink = Sink()
    write(copy.deepcopy(arguments[0]), sink, *arguments[1:], **how)
    return sink.getvalue()
