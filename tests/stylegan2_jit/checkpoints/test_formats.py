"""Every format's generator draws what an independent evaluation of the file's arrays draws."""

import argparse
import dataclasses
import sys

import pytest
import torch

from draglive.stylegan2_jit import Generator, GeneratorConfig, checkpoints
from draglive.stylegan2_jit.checkpoints import inspect_checkpoint, load_checkpoint, load_latent

from .. import reference
from ..models import CASES, generator_for, relative_error
from . import foreign_reference as foreign
from . import writers
from .memory import peak_memory

NEAR = 1e-4  # relative, in the L2 norm, float32 against float64


@pytest.fixture
def mark(tmp_path):
    """Created by whoever runs a file's code."""
    return tmp_path / "mark"


@pytest.fixture(autouse=True)
def nothing_ran(mark):
    yield
    assert not mark.exists()
    assert not set(writers.UPSTREAM) & set(sys.modules)


def latent(config, seed=3):
    z = torch.randn(2, config.z_dim, generator=torch.Generator().manual_seed(seed))
    if config.c_dim == 0:
        return z, None
    return z, torch.nn.functional.one_hot(torch.tensor([1, 0]), config.c_dim).float()


def draw(path, **how):
    """The loaded generator's pictures."""
    generator = load_checkpoint(path, **how).generator
    with torch.no_grad():
        return generator(*latent(generator.config))


# --- NVIDIA ---------------------------------------------------------------------------------------


def truth_of(generator):
    """From the raw arrays that are written."""
    state, config = reference.float64_state(generator), generator.config
    ws = reference.mapping(state, *latent(config), lr_multiplier=config.lr_multiplier)
    return reference.synthesis(state, ws, reference.const_noise(state), config.conv_clamp)[1]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("flat", [False, True], ids=["stylegan2-ada", "stylegan3's repository"])
def test_nvidia_snapshot(case, flat, tmp_path, mark):
    generator, path = generator_for(case), tmp_path / "snapshot"
    writers.dump(writers.snapshot(generator, mark, flat=flat), path, 4)
    checkpoint = load_checkpoint(path)
    # rows of equal weights: the base of the channels is known only as far as it matters
    assert checkpoint.generator.config == generator.config
    for name, value in generator.state_dict().items():
        assert torch.equal(checkpoint.generator.state_dict()[name], value)
    assert relative_error(draw(path), truth_of(generator)) < NEAR


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_every_protocol(protocol, tmp_path, mark):
    generator, path = generator_for("narrow clamped resnet"), tmp_path / "human.pkl"
    content = {"G_ema": writers.persistent_generator(generator, mark)}
    writers.dump(content, path, protocol, old_numpy=protocol < 4)
    assert relative_error(draw(path), truth_of(generator)) < NEAR


@pytest.mark.parametrize("archive", [True, False], ids=["archive", "stream"])
def test_a_whole_module_by_torch(archive, tmp_path, mark):
    generator, path = generator_for("conditional"), tmp_path / "model_x.pt"
    writers.torch_save(writers.persistent_generator(generator, mark), path, archive=archive)
    assert relative_error(draw(path), truth_of(generator)) < NEAR
    assert inspect_checkpoint(path).classes == 5


def test_channels_last_weights(tmp_path, mark):
    """Blocks in float16 keep their weights so: strides that are not in order."""
    generator, path = generator_for("skip"), tmp_path / "snapshot"
    made = writers.persistent_generator(generator, mark)
    block = made.meta["state"]["_modules"]["synthesis"].meta["state"]["_modules"]["b32"]
    tensors = block.meta["state"]["_modules"]["conv0"].meta["state"]["_parameters"]
    tensors["weight"].data = tensors["weight"].data.contiguous(memory_format=torch.channels_last)
    writers.dump({"G_ema": made}, path)
    assert relative_error(draw(path), truth_of(generator)) < NEAR


def test_a_network_trained_without_noise(tmp_path, mark):
    generator, path = generator_for("narrow"), tmp_path / "snapshot"
    made = writers.persistent_generator(generator, mark)
    for block in made.meta["state"]["_modules"]["synthesis"].meta["state"]["_modules"].values():
        for name, layer in block.meta["state"]["_modules"].items():
            if name.startswith("conv"):
                layer.meta["state"]["use_noise"] = False
                del layer.meta["state"]["_buffers"]["noise_const"]
                del layer.meta["state"]["_parameters"]["noise_strength"]
    writers.dump({"G_ema": made}, path)
    state = reference.float64_state(generator)
    ws = reference.mapping(state, *latent(generator.config))
    assert relative_error(draw(path), reference.synthesis(state, ws)[1]) < NEAR


def test_the_other_generator_on_request(tmp_path, mark):
    late, mean = generator_for("skip"), generator_for("skip")
    mean.synthesis.b4.const += 1
    content = {"G": late, "G_ema": mean}
    content = {name: writers.persistent_generator(g, mark) for name, g in content.items()}
    writers.dump(content, tmp_path / "both")
    assert inspect_checkpoint(tmp_path / "both", module="G").modules == ("G", "G_ema")
    for module, generator in (("G", late), ("G_ema", mean)):
        const = load_checkpoint(tmp_path / "both", module=module).generator.synthesis.b4.const
        assert torch.equal(const, generator.synthesis.b4.const)


def test_nothing_but_the_generator_asked_for_is_decoded(tmp_path, mark):
    path = tmp_path / "snapshot"
    writers.dump(writers.snapshot(generator_for("skip"), mark), path)
    load_checkpoint(path)
    with pytest.raises(checkpoints.CheckpointError):
        load_checkpoint(path, module="G")


# --- TensorFlow -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [{}, {"resnet": True}, {"classes": 3}], ids=str)
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_tensorflow(kind, protocol, tmp_path, mark):
    arrays, path = writers.tensorflow_arrays(**kind), tmp_path / "config-f.pkl"
    says = {"label_size": kind.get("classes", 0)}
    says |= {"architecture": "resnet"} if "resnet" in kind else {}
    networks = tuple(writers.tensorflow_network(arrays, mark, says) for _ in range(3))
    writers.dump(networks, path, protocol, old_numpy=protocol < 4)
    config = inspect_checkpoint(path).config
    assert (config.z_dim, config.channel_base, config.channel_max) == (6, 128, 8)
    z, c = latent(config)
    for i, picture in enumerate(draw(path)):
        truth = foreign.tensorflow_picture(arrays, z[i], None if c is None else c[i])
        assert relative_error(picture, truth) < NEAR
    mean = load_checkpoint(path).generator.mapping.w_avg
    assert torch.equal(mean, torch.tensor(arrays[""]["dlatent_avg"]))


# --- rosinality -----------------------------------------------------------------------------------


def check_rosinality(path, state):
    z, _ = latent(load_checkpoint(path).generator.config)
    for i, picture in enumerate(draw(path)):
        assert relative_error(picture, foreign.rosinality_picture(state, z[i])) < NEAR


@pytest.mark.parametrize("archive", [True, False], ids=["archive", "stream"])
def test_rosinality(archive, tmp_path):
    state, path = writers.rosinality_state(), tmp_path / "550000.pt"
    mean = torch.randn(8)
    trainer = {"d_optim": {"state": {0: {"step": 3}}}, "args": argparse.Namespace(size=32)}
    content = {"g_ema": state, "latent_avg": mean, "d": {}, **trainer}
    writers.torch_save(content, path, archive=archive)
    check_rosinality(path, state)
    assert torch.equal(load_checkpoint(path).generator.mapping.w_avg, mean)


def test_e4e(tmp_path):
    state, path = writers.rosinality_state(), tmp_path / "e4e.pt"
    content = writers.e4e_checkpoint(state)
    writers.torch_save(content, path)
    check_rosinality(path, state)
    mean = load_checkpoint(path).generator.mapping.w_avg
    assert torch.equal(mean, content["latent_avg"][0])


def test_a_bare_state_dict_without_mean_or_noise(tmp_path):
    """The mean w is then sampled, noise drawn; both the same every time."""
    state, path = writers.rosinality_state(noises=False), tmp_path / "bare.pt"
    writers.torch_save(state, path)
    first, second = (load_checkpoint(path).generator for _ in range(2))
    for name, value in first.state_dict().items():
        assert torch.equal(second.state_dict()[name], value)
    with torch.no_grad():
        many = first.mapping(torch.randn(20_000, 8))[:, 0].mean(dim=0)
    assert (first.mapping.w_avg - many).norm() < 0.1 * many.norm()
    assert 0.8 < first.synthesis.b32.conv0.noise_const.std() < 1.2


# --- Latents, conversion, facts -------------------------------------------------------------------


def test_a_pivot_is_read_as_a_latent(tmp_path):
    pivot = torch.randn(1, 18, 512)
    writers.torch_save(pivot, tmp_path / "0.pt")
    assert torch.equal(load_latent(tmp_path / "0.pt"), pivot)


@pytest.mark.parametrize("case", ["64 px", "narrow clamped resnet", "conditional"])
def test_conversion_keeps_every_bit(case, tmp_path, mark):
    generator, path, out = generator_for(case), tmp_path / "in", tmp_path / "out"
    writers.dump(writers.snapshot(generator, mark), path)
    info = checkpoints.convert_checkpoint(path, out)
    loaded = load_checkpoint(out)
    assert loaded.generator.config == generator.config == info.config
    for name, value in generator.state_dict().items():
        assert torch.equal(loaded.generator.state_dict()[name], value)
    assert loaded.precision == load_checkpoint(path).precision
    assert sorted(tmp_path.iterdir()) == [path, out]


def test_conversion_replaces_nothing_unasked(tmp_path, mark):
    path, out = tmp_path / "in", tmp_path / "out"
    writers.dump(writers.snapshot(generator_for("skip"), mark), path)
    out.write_bytes(b"precious")
    with pytest.raises(checkpoints.OutputError, match="exists already"):
        checkpoints.convert_checkpoint(path, out)
    assert out.read_bytes() == b"precious"
    checkpoints.convert_checkpoint(path, out, force=True, half=True)
    weight = load_checkpoint(out).generator.synthesis.b4.conv1.weight
    truth = generator_for("skip").synthesis.b4.conv1.weight
    assert torch.equal(weight, truth.half().float())


def test_a_failed_conversion_leaves_nothing(tmp_path, mark):
    path = tmp_path / "in"
    writers.dump({"D": writers.discriminator(mark)}, path)
    with pytest.raises(checkpoints.UnsupportedModelError):
        checkpoints.convert_checkpoint(path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [path]


def test_facts(tmp_path, mark):
    path = tmp_path / "snapshot"
    writers.dump(writers.snapshot(generator_for("narrow"), mark), path)
    shares = []
    info = inspect_checkpoint(path, sha256=True, progress=shares.append)
    assert (info.width, info.height, info.num_ws, info.classes) == (16, 32, 8, 0)
    assert info.modules == ("G_ema", "G", "D")
    assert info.channels == {4: 8, 8: 4, 16: 2, 32: 1}
    assert info.parameters == sum(p.numel() for p in generator_for("narrow").parameters())
    assert len(info.sha256) == 64
    assert shares[-1] == 1.0
    assert info.to_dict()["config"] == dataclasses.asdict(info.config)


def test_progress_and_cancelling(tmp_path, mark):
    path = tmp_path / "snapshot"
    writers.dump(writers.snapshot(generator_for("skip"), mark), path)
    shares = []
    load_checkpoint(path, progress=shares.append)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    with pytest.raises(checkpoints.LoadCancelledError):
        load_checkpoint(path, cancelled=lambda: True)


def test_loading_needs_little_memory_beyond_the_model(tmp_path, mark):
    """1.3 times the file at most; the file's other networks are not even read."""
    torch.manual_seed(0)
    config = GeneratorConfig(img_resolution=64, channel_base=32768, channel_max=256)
    generator, path = Generator(config), tmp_path / "snapshot"
    writers.dump({"G_ema": writers.persistent_generator(generator, mark)}, path)
    load_checkpoint()  # what a first use imports is not the file's
    before = peak_memory(reset=True)
    loaded = load_checkpoint(path).generator
    grown = peak_memory() - before
    tensors = [*loaded.parameters(), *loaded.buffers()]
    model = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    assert model > 30 * 2**20  # enough to be seen
    assert grown - model < 1.3 * path.stat().st_size
