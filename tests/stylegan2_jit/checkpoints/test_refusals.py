"""What is no StyleGAN2 generator is refused in one line that says what it is; none of it runs."""

import gzip
import io
import os
import pickle
import struct
import sys
import time
import zipfile
from collections import OrderedDict

import pytest
import torch

from draglive.stylegan2_jit import checkpoints
from draglive.stylegan2_jit.checkpoints import inspect_checkpoint, load_checkpoint, load_latent
from draglive.stylegan2_jit.checkpoints.pickle_machine import OPCODES

from ..models import generator_for
from . import writers

WHAT_WORKS = "StyleGAN2 checkpoints of NVIDIA"


def refused(path, error=checkpoints.CheckpointError, **how):
    """The line without the file's name; inspecting refuses too."""
    lines = []
    for reads in (load_checkpoint, inspect_checkpoint):
        with pytest.raises(checkpoints.CheckpointError) as caught:
            reads(path, **how)
        assert type(caught.value) is error
        lines.append(str(caught.value))
    assert lines[0] == lines[1]
    assert lines[0].isprintable()
    assert lines[0].startswith(f"{path}: ")
    return lines[0].removeprefix(f"{path}: ")


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
    state["input.input"][0, 0, 0, 0] = torch.nan
    writers.torch_save({"g_ema": state}, path)
    inspect_checkpoint(path)  # which looks at no values
    with pytest.raises(checkpoints.DamagedFileError, match="not finite"):
        load_checkpoint(path)


# --- Files that would do harm ---------------------------------------------------------------------


class Calls:
    """Unpickling this with Python's own unpickler calls something."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("archive", [True, False, None], ids=["archive", "stream", "pickle"])
@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "builtins.open"])
def test_no_foreign_name_is_resolved(name, archive, tmp_path):
    mark, path = tmp_path / "mark", tmp_path / "file"
    bomb = {
        "os.system": Calls(os.system, f"touch {mark}"),
        "builtins.eval": Calls(eval, f"open({str(mark)!r}, 'w')"),
        "builtins.open": Calls(open, str(mark), "w"),
    }[name]
    content = {"G_ema": bomb, "G": 1}
    if archive is None:
        path.write_bytes(pickle.dumps(content))
    else:
        writers.torch_save(content, path, archive=archive)
    line = refused(path, checkpoints.UnsafeFileError)
    assert line.endswith("which no StyleGAN2 file needs: it was not run, and is not loaded")
    assert not mark.exists()


def test_nothing_is_imported(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"\x80\x02cantigravity\nfly\n.")
    assert "names antigravity.fly" in refused(path, checkpoints.UnsafeFileError)
    assert "antigravity" not in sys.modules


def test_a_projected_discriminator_is_explained(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"\x80\x02ctimm.models.efficientnet\nEfficientNet\n.")
    assert "as Projected GAN or StyleGAN-XL does" in refused(path, checkpoints.UnsafeFileError)


def laughs(kind):
    """Ten of ten of ten …: 10^60 items for whoever counts them."""
    start, end = {"list": (b"](", b"e"), "tuple": (b"(", b"t")}[kind]
    body = b"\x80\x02" + start + b"K\x00" * 10 + end + b"q\x00"
    for i in range(1, 60):
        body += (
            start + b"h" + bytes([i - 1]) + (b"h" + bytes([i - 1])) * 9 + end + b"q" + bytes([i])
        )
    return body + b"."


GREEDY = {
    "laughing list": laughs("list"),
    "laughing tuple": laughs("tuple"),
    "endless": b"\x80\x02" + b"N0" * OPCODES,
    "deep": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
    "memo at 4 billion": b"\x80\x02Nr\xff\xff\xff\xff.",
    "terabytes of bytes": b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"x.",
    "terabytes of text": b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b"x.",
    "number of 4 GB": b"\x80\x02\x8b" + struct.pack("<I", 2**31) + b"x.",
    "sets of sets": b"\x80\x02]("
    + b"N" * 50_000
    + b"eq\x00"
    + b"0cbuiltins\nset\nh\x00\x85R" * 5_000
    + b".",
    "unknown opcode": b"\x80\x02\x82\x01.",
    "no value": b"\x80\x02.",
}


@pytest.mark.parametrize("name", GREEDY)
def test_greedy_pickles_end_soon(name, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(GREEDY[name])
    start = time.perf_counter()
    with pytest.raises(checkpoints.CheckpointError):
        load_checkpoint(path)
    assert time.perf_counter() - start < 2


def test_tensors_make_no_more_of_their_numbers(tmp_path):
    """A stride of 0 would make gigabytes of one number, and so would a storage used by all."""
    state = writers.rosinality_state()
    state["conv1.conv.weight"] = torch.zeros(1).expand(1, 8, 8, 3, 3)
    writers.torch_save({"g_ema": state}, tmp_path / "file")
    with pytest.raises(checkpoints.DamagedFileError, match="does not fit its 1 numbers"):
        load_checkpoint(tmp_path / "file")
    state = writers.rosinality_state(channels=(64, 64, 64, 32))
    shared = torch.randn(64 * 64 * 9)
    for name, value in state.items():
        state[name] = shared[: value.numel()].view(value.shape)
    writers.torch_save({"g_ema": state}, tmp_path / "file")
    line = refused(tmp_path / "file", checkpoints.DamagedFileError)
    assert "more than it has bytes" in line


def test_a_compressed_archive_is_not_unpacked(tmp_path):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + b"N" * 10_000_000)
    path = tmp_path / "file"
    path.write_bytes(sink.getvalue())
    assert "compressed members" in refused(path, checkpoints.UnsafeFileError)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["pickle", "archive", "stream"])
def test_a_download_that_was_cut_off(kind, share, tmp_path):
    path = tmp_path / "file"
    made = {"G_ema": writers.persistent_generator(generator_for("skip"), tmp_path / "mark")}
    if kind == "pickle":
        writers.dump(made, path)
    else:
        writers.torch_save(made, path, archive=kind == "archive")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert "cut off" in refused(path, checkpoints.DamagedFileError)
