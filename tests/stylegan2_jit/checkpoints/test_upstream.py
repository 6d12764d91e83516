"""Files written by the upstream tools themselves, held against what they draw from them.

Only with `--upstream PATH`, a checkout of stylegan2-ada-pytorch, stylegan3 (needs scipy),
StyleGAN-Human, rosinality's stylegan2-pytorch, or stylegan-xl (to be refused); several may be
given. Upstream runs in a process of its own, on the CPU.
"""

import subprocess
import sys

import pytest
import torch

from draglive.stylegan2_jit.checkpoints import (
    UnsupportedModelError,
    inspect_checkpoint,
    load_checkpoint,
)

from . import writers

# What upstream imports and does not need for this, and what makes a small network of it.
START = """
import copy, pickle, sys, types, warnings
warnings.simplefilter("ignore")
repository, folder = sys.argv[1:]
sys.path.insert(0, repository)
for name in ("requests", "pkg_resources"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["requests"].__spec__ = None
numbers = lambda version: [int(n) for n in version.split("+")[0].split(".")[:2]]
sys.modules["pkg_resources"].parse_version = numbers
import torch
import torch.utils.cpp_extension
torch.utils.cpp_extension.load = lambda *_, **__: None
torch.manual_seed(0)
small = dict(channel_base=512, channel_max=16)

def restless(module):
    for name, value in module.state_dict().items():
        if name.endswith(("bias", "noise_strength", "noise.weight", "w_avg")):
            value.add_(0.3 * torch.randn_like(value))
    return module.eval().requires_grad_(False)
"""

NVIDIA = """
def keep(name, generator, discriminator, classes):
    generator = restless(generator)
    z = torch.randn(2, 16)
    c = torch.eye(classes)[:2] if classes else torch.zeros(2, 0)
    picture = generator(z, c, noise_mode="const", force_fp32=True)
    content = dict(G=copy.deepcopy(generator), D=discriminator, G_ema=generator,
                   training_set_kwargs=dict(path="x"), augment_pipe=None)
    with open(f"{folder}/{name}.pkl", "wb") as file:
        pickle.dump(content, file)
    torch.save(generator, f"{folder}/{name}.pt")
    for suffix in ("pkl", "pt"):
        torch.save(dict(z=z, c=c, picture=picture), f"{folder}/{name}.{suffix}.truth")

shape = dict(img_resolution=64, img_channels=3)
sizes = dict(**shape, z_dim=16, w_dim=16, mapping_kwargs=dict(num_layers=3))
"""

ADA = """
from training import networks
for name, classes, more in [
    ("plain", 0, {}), ("classes", 3, {}), ("resnet", 0, dict(architecture="resnet")),
    ("clamped", 0, dict(conv_clamp=256, num_fp16_res=2, fp16_channels_last=True)),
]:
    generator = networks.Generator(**sizes, c_dim=classes, synthesis_kwargs={**small, **more})
    other = networks.Discriminator(c_dim=classes, **shape, **small)
    keep(name, generator, other, classes)
"""

STYLEGAN3 = """
from training import networks_stylegan2
for name, classes, more in [
    ("plain", 0, {}), ("classes", 3, {}), ("resnet", 0, dict(architecture="resnet")),
]:
    generator = networks_stylegan2.Generator(**sizes, c_dim=classes, **small, **more)
    other = networks_stylegan2.Discriminator(c_dim=classes, **shape, **small)
    keep(name, generator, other, classes)
from training import networks_stylegan3  # needs scipy
for name, more in [("t", {}), ("r", dict(conv_kernel=1, use_radial_filters=True))]:
    generator = networks_stylegan3.Generator(z_dim=16, w_dim=16, c_dim=0, **shape, **small, **more)
    with open(f"{folder}/stylegan3-{name}.pkl", "wb") as file:
        pickle.dump(dict(G_ema=generator), file)
"""

# Upstream's own reader of TensorFlow's pickles, on files that the tests' writer made.
TENSORFLOW = """
import glob, legacy
for path in glob.glob(f"{folder}/tensorflow-*.pkl"):
    with open(path, "rb") as file:
        generator = legacy.convert_tf_generator(legacy._LegacyUnpickler(file).load()[2])
    z, c = torch.randn(2, 6), torch.eye(3)[:2, :generator.c_dim]
    picture = generator(z, c, noise_mode="const", force_fp32=True)
    torch.save(dict(z=z, c=c, picture=picture), f"{path}.truth")
"""

HUMAN = """
sys.path.insert(0, f"{repository}/training_scripts/sg2")
from training import networks
for name, square in [("narrow", False), ("square", True)]:
    generator = networks.Generator(**sizes, c_dim=0, square=square, synthesis_kwargs=small)
    other = networks.Discriminator(c_dim=0, **shape, square=square, **small)
    keep(name, generator, other, 0)
"""

STYLEGAN_XL = """
import os
os.makedirs(f"{folder}/in_embeddings")
with open(f"{folder}/in_embeddings/tf_efficientnet_lite0.pkl", "wb") as file:
    pickle.dump(dict(embed=torch.nn.Embedding(10, 8)), file)
os.chdir(folder)
from training import networks_stylegan3_resetting as networks
for classes in (0, 10):
    latents = dict(z_dim=16, w_dim=16, c_dim=classes)
    layers = dict(conv_kernel=3, use_radial_filters=False)
    generator = networks.Generator(**latents, **shape, **small, **layers)
    with open(f"{folder}/XL-{classes}.pkl", "wb") as file:
        pickle.dump(dict(G=generator, G_ema=generator), file)
"""

ROSINALITY = """
import model
generator = restless(model.Generator(64, 512, 2, channel_multiplier=1))
z = torch.randn(2, 512)
picture, _ = generator([z], randomize_noise=False)
content = dict(g_ema=generator.state_dict(), g=generator.state_dict(), latent_avg=torch.randn(512))
for name, new in [("archive", True), ("stream", False)]:
    torch.save(content, f"{folder}/{name}.pt", _use_new_zipfile_serialization=new)
    torch.save(dict(z=z, c=torch.zeros(2, 0), picture=picture), f"{folder}/{name}.pt.truth")
"""


def script_for(repository):
    if (repository / "training/networks_stylegan3_resetting.py").exists():
        return START + NVIDIA + STYLEGAN_XL
    if (repository / "training_scripts/sg2/training/networks.py").exists():
        return START + NVIDIA + HUMAN
    if (repository / "training/networks_stylegan2.py").exists():
        return START + NVIDIA + STYLEGAN3
    if (repository / "training/networks.py").exists():
        return START + NVIDIA + ADA + TENSORFLOW
    return START + ROSINALITY


def pytest_generate_tests(metafunc):
    repositories = metafunc.config.getoption("--upstream")
    metafunc.parametrize("repository", repositories, ids=lambda path: path.name)


def write_tensorflow(folder):
    for name, kind in [("plain", {}), ("resnet", {"resnet": True}), ("classes", {"classes": 3})]:
        says = {"label_size": kind.get("classes", 0)}
        says |= {"architecture": "resnet"} if "resnet" in kind else {}
        arrays = writers.tensorflow_arrays(**kind)
        networks = (writers.tensorflow_network(arrays, folder / "mark", says),) * 3
        writers.dump(networks, folder / f"tensorflow-{name}.pkl")


def test_as_upstream_draws(repository, tmp_path):
    write_tensorflow(tmp_path)
    arguments = [sys.executable, "-c", script_for(repository), repository, tmp_path]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    truths = sorted(tmp_path.glob("*.truth"))
    for told in truths:
        truth = torch.load(told)
        checkpoint = load_checkpoint(told.with_suffix(""))
        classes = truth["c"] if truth["c"].shape[1] else None
        with torch.no_grad():
            picture = checkpoint.generator(truth["z"], classes)
        error = float((picture - truth["picture"]).norm() / truth["picture"].norm())
        print(f"{repository.name} {told.stem}: {error:.1e} ({checkpoint.format})")
        assert error < 1e-4
    refused = {"stylegan3-t": "a StyleGAN3-T g", "stylegan3-r": "a StyleGAN3-R g"}
    refused |= {"XL-0": "StyleGAN-XL", "XL-10": "StyleGAN-XL"}
    others = [path for stem in refused if (path := tmp_path / f"{stem}.pkl").exists()]
    for path in others:
        with pytest.raises(UnsupportedModelError, match=refused[path.stem]) as caught:
            inspect_checkpoint(path)
        print(caught.value)
    assert truths or others
