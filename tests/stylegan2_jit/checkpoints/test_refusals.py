"""What is no StyleGAN2 generator is refused in one line that says what it is; none of it runs."""

import gzip
import io
import os
import zipfile
from collections import OrderedDict

import pytest
import torch

from draglive.stylegan2_jit import checkpoints
from draglive.stylegan2_jit.checkpoints import inspect_checkpoint, load_checkpoint, load_latent

from ..models import generator_for
from . import writers
from .refusal import refused


def onnx():
    producer = b"pytorch"
    return b"\x08\x08\x12" + bytes([len(producer)]) + producer + b"\x3a\x80\x01" + bytes(128)


def picture(kind):
    import cv2
    import numpy as np

    return cv2.imencode(kind, np.zeros((8, 8, 3), np.uint8))[1].tobytes()


def archive_of(**members):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


def scripted():
    sink = io.BytesIO()
    members = {"model/data.pkl": b"\x80\x02N.", "model/constants.pkl": b"\x80\x02)."}
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 381673535\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file"),
        (b"\n<!DOCTYPE html><html><title>Quota exceeded</title>", "a web page"),
        (POINTER, "a Git LFS pointer, not the file of 381,673,535 bytes itself"),
        (bytes(5000), "a file of zeros"),
        (onnx(), "an ONNX model"),
        (scripted(), "a TorchScript archive"),
        (archive_of(**{"ffhq.pkl": b"abc"}), "a zip archive that holds ffhq.pkl: unpack it first"),
        (gzip.compress(b"abc"), "a gzip archive: unpack it first"),
        (picture(".png"), "a PNG picture"),
        (picture(".jpg"), "a JPEG picture"),
        (b"seed,points\n4,127\n", "a text ('seed,points"),
        (b"\x01\x02\x03\x04rest", "nothing known (it begins with 01 02 03 04"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_other_files_are_named(content, reason, tmp_path):
    path = tmp_path / "stylegan2-ffhq.pkl"
    path.write_bytes(content)
    assert refused(path, checkpoints.NotACheckpointError).startswith(reason)


def test_what_cannot_be_read_at_all(tmp_path):
    error = checkpoints.UnreadableFileError
    assert refused(tmp_path / "none", error) == "there is no such file"
    assert refused(tmp_path, error) == "a folder, not a file"
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe", error) == "no regular file"


# --- Networks of other kinds ----------------------------------------------------------------------


def network(mark, class_name="Generator", **children):
    """A module with modules, none of them with tensors."""
    state = writers._empty_module()
    for name, grandchildren in children.items():
        made = network(mark, **grandchildren)
        state["_modules"][name] = made
    return writers.Persistent(class_name, state, f"open({str(mark)!r}, 'w').close()")


def stylegan3(mark, kernel):
    made = network(mark, synthesis={"input": {}, "L0_36_512": {}}, mapping={"fc0": {}})
    layer = made.meta["state"]["_modules"]["synthesis"].meta["state"]["_modules"]["L0_36_512"]
    layer.meta["state"]["conv_kernel"] = kernel
    return made


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda mark: {"G_ema": stylegan3(mark, 3)}, "a StyleGAN3-T generator"),
        (lambda mark: {"G_ema": stylegan3(mark, 1)}, "a StyleGAN3-R generator"),
        (
            lambda mark: {"G_ema": network(mark, "SuperresGenerator", synthesis={})},
            "a StyleGAN-XL generator",
        ),
        (lambda mark: {"D": writers.discriminator(mark)}, "holds no generator, only D (Discrim"),
        (lambda mark: {"G_ema": writers.discriminator(mark)}, "a discriminator, no generator"),
        (lambda mark: {"G": stylegan3(mark, 3)}, "has no G_ema, only G: ask for that one"),
        (lambda _: {"d": {"x": 1}, "args": None}, "holds only a discriminator"),
        (lambda _: {"model": [1]}, "holds no generator (its keys: 'model')"),
        (lambda _: [1, 2], "holds no generator but a list"),
    ],
)
def test_other_networks_are_named(made, reason, tmp_path):
    path, mark = tmp_path / "network.pkl", tmp_path / "mark"
    writers.dump(made(mark), path)
    line = refused(path, checkpoints.UnsupportedModelError)
    assert line.startswith(reason)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("how", "rename", "reason"),
    [
        ({"version": 3}, None, "StyleGAN1 (or StyleGAN2's configuration A)"),
        ({}, ("mod_weight", "StyleMod/weight"), "StyleGAN1"),
        (
            {"builds": "G_synthesis_stylegan_revised"},
            ("mod_weight", "StyleMod/weight"),
            "StyleGAN2 of the configurations B to D",
        ),
        ({}, ("32x32/ToRGB", "ToRGB_lod0"), "a StyleGAN2 that grows while it is trained"),
    ],
)
def test_older_tensorflow_networks_are_named(how, rename, reason, tmp_path):
    arrays = writers.tensorflow_arrays()
    if rename:
        synthesis = arrays["synthesis"]
        arrays["synthesis"] = {name.replace(*rename): value for name, value in synthesis.items()}
    made = writers.tensorflow_network(arrays, tmp_path / "mark", **how)
    writers.dump((made, made, made), tmp_path / "old.pkl")
    line = refused(tmp_path / "old.pkl", checkpoints.UnsupportedModelError)
    assert line.startswith(reason)
    assert "config-e and config-f do" in line


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ({"nonlinearity": "relu"}, "its nonlinearity is 'relu', not lrelu"),
        ({"resample_kernel": [1, 2, 1]}, "its resample_kernel is a list, not [1, 3, 3, 1]"),
    ],
)
def test_tensorflow_networks_of_other_layers(says, reason, tmp_path):
    made = writers.tensorflow_network(writers.tensorflow_arrays(), tmp_path / "mark", says)
    writers.dump((made, made, made), tmp_path / "file")
    assert refused(tmp_path / "file", checkpoints.UnsupportedModelError) == reason


def test_networks_of_another_activation(tmp_path):
    how = {"remembers": {"synthesis.b8.conv1": {"activation": "swish"}}}
    made = writers.persistent_generator(generator_for("skip"), tmp_path / "mark", **how)
    writers.dump({"G_ema": made}, tmp_path / "file")
    line = refused(tmp_path / "file", checkpoints.UnsupportedModelError)
    assert line == "its module synthesis.b8.conv1 has the activation 'swish', not lrelu"


def test_a_latent_opened_as_a_model_is_told_to_be_one(tmp_path):
    writers.torch_save(torch.zeros(1, 18, 512), tmp_path / "0.pt")
    line = refused(tmp_path / "0.pt", checkpoints.UnsupportedModelError)
    assert line.startswith("a latent [1, 18, 512], a place in w+ and no generator")
    writers.torch_save({"a": 1}, tmp_path / "1.pt")
    with pytest.raises(checkpoints.UnsupportedModelError, match="no latent"):
        load_latent(tmp_path / "1.pt")


# --- Files that contradict themselves -------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (
            {"says": {"img_resolution": 64}},
            "its list of arguments says img_resolution 64, its tensors say 32",
        ),
        ({"says": {"z_dim": 7}}, "its list of arguments says z_dim 7, its tensors say 6"),
        ({"says": {"c_dim": 3}}, "its list of arguments says c_dim 3, its tensors say 0"),
        (
            {"says": {"channel_base": 64}, "flat": True},
            "block 16 has 8 channels; a channel_base of 64 and a channel_max of 8 make 4",
        ),
        (
            {"remembers": {"synthesis.b8.conv1": {"conv_clamp": 256}}},
            "its list of arguments says conv_clamp None, its module synthesis.b8.conv1 256",
        ),
        (
            {"remembers": {"mapping.fc1": {"bias_gain": 1.0}}},
            "its list of arguments says lr_multiplier 0.01, its module mapping.fc1 1.0",
        ),
        (
            {"remembers": {"mapping": {"num_layers": 8}}},
            "its module mapping says num_layers 8, its tensors say 2",
        ),
    ],
)
def test_a_contradiction_shows_both(how, reason, tmp_path):
    made = writers.persistent_generator(generator_for("skip"), tmp_path / "mark", **how)
    writers.dump({"G_ema": made}, tmp_path / "file")
    line = refused(tmp_path / "file", checkpoints.MismatchError)
    assert line == reason


def test_missing_surplus_and_broken_tensors(tmp_path):
    state = writers.rosinality_state()
    path = tmp_path / "file.pt"
    for change, reason in [
        (lambda s: s.pop("convs.1.noise.weight"), "synthesis.b8.conv1.noise_strength is missing"),
        (lambda s: s.update({"conv1.surplus": torch.ones(1)}), "'synthesis.b4.conv1.surplus'"),
        (lambda s: s.update({"convs.0.activate.bias": torch.ones(5)}), "is [5], its configuration"),
    ]:
        changed = OrderedDict(state)
        change(changed)
        writers.torch_save({"g_ema": changed}, path)
        assert reason in refused(path, checkpoints.MismatchError)
    sharper = state["convs.2.conv.blur.kernel"]
    state["convs.2.conv.blur.kernel"] = sharper * 1.5
    writers.torch_save({"g_ema": state}, path)
    with pytest.raises(checkpoints.UnsupportedModelError, match="another filter"):
        load_checkpoint(path)
    state["convs.2.conv.blur.kernel"] = sharper
    state["input.input"][0, 0, 0, 0] = torch.nan
    writers.torch_save({"g_ema": state}, path)
    inspect_checkpoint(path)  # which looks at no values
    with pytest.raises(checkpoints.DamagedFileError, match="not finite"):
        load_checkpoint(path)
