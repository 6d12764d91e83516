"""Files that would run code, or take for ever: refused soon, in little memory, without a trace."""

import io
import os
import pickle
import struct
import sys
import time
import zipfile

import pytest
import torch

from draglive.stylegan2_jit import checkpoints
from draglive.stylegan2_jit.checkpoints import load_checkpoint
from draglive.stylegan2_jit.checkpoints.pickle_machine import OPCODES

from ..models import generator_for
from . import writers
from .refusal import refused


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
    line = refused(path, checkpoints.UnsupportedModelError)
    assert "as Projected GAN or StyleGAN-XL does" in line


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


def laughing_list(number):
    value = [number]
    for _ in range(60):
        value = [value] * 10
    return value


LAUGHING = {
    "argument": {"says": {"z_dim": laughing_list(1)}},
    "two arguments": {
        "says": {"conv_clamp": laughing_list(1)},
        "remembers": {"synthesis.b8.conv1": {"conv_clamp": laughing_list(1)}},
    },
    "activation": {"remembers": {"synthesis.b8.conv1": {"activation": laughing_list(1)}}},
    "widths": {"says": {"channel_base": laughing_list(2)}, "flat": True},
    "hidden": {"remembers": {"mapping": {"_non_persistent_buffers_set": laughing_list("x")}}},
    "names": {"remembers": {"mapping": {"_buffers": {"x" * 10**6: torch.zeros(1)}}}},
    "entries": {"remembers": {"mapping": {"_modules": dict.fromkeys(map(str, range(10**4)), 1)}}},
}


@pytest.mark.parametrize("name", LAUGHING)
def test_values_that_take_for_ever_to_compare_or_to_write(name, tmp_path):
    """Lists of lists, ten to the sixty items: whoever compares or prints them hangs."""
    made = writers.persistent_generator(generator_for("skip"), tmp_path / "mark", **LAUGHING[name])
    writers.dump({"G_ema": made}, tmp_path / "file")
    start = time.process_time()
    if name == "hidden":  # nothing of it counts
        load_checkpoint(tmp_path / "file")
    else:
        with pytest.raises(checkpoints.CheckpointError):
            load_checkpoint(tmp_path / "file")
    assert time.process_time() - start < 2


def test_a_network_that_is_its_own_part(tmp_path):
    """Written by hand: a pickler would not come to an end either."""
    reconstruct = b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n"
    table = b"}q\x01"  # _modules, filled once the module is there
    state = b"}(X\x08\0\0\0_modules" + table + b"u"
    meta = b"}(X\x0a\0\0\0class_nameX\x09\0\0\0GeneratorX\x05\0\0\0state" + state + b"u"
    module = reconstruct + meta + b"\x85Rq\x02"
    parts = b"".join(b"X\x02\0\0\0%02dh\x02" % i for i in range(99))
    filled = b"h\x01(" + parts + b"u0"
    path = tmp_path / "file"
    path.write_bytes(b"\x80\x02" + module + filled + b".")
    start = time.process_time()
    assert "within networks" in refused(path, checkpoints.DamagedFileError)
    assert time.process_time() - start < 2


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


def test_a_number_that_python_refuses_to_read(tmp_path):
    """`int` of more than 4300 digits is an error of its own."""
    arrays = writers.tensorflow_arrays()
    digits = "9" * 5000
    arrays["synthesis"][f"{digits}x{digits}/Conv1/weight"] = arrays["synthesis"]["4x4/Conv/weight"]
    made = writers.tensorflow_network(arrays, tmp_path / "mark")
    writers.dump((made, made, made), tmp_path / "file")
    refused(tmp_path / "file", checkpoints.MismatchError)


class LongStream:
    """A tensor whose storage is a stream of `torch.save` that goes on and on."""

    def __reduce__(self):
        stream = io.BytesIO()
        torch.save(torch.zeros(1).untyped_storage(), stream, _use_new_zipfile_serialization=False)
        magic = stream.getvalue()[:15]
        return torch.storage._load_from_bytes, (magic + b"\x80\x02" + b"N0" * 100_000 + b".",)


def test_streams_within_are_short(tmp_path):
    made = writers.persistent_generator(generator_for("skip"), tmp_path / "mark")
    mapping = made.meta["state"]["_modules"]["mapping"].meta["state"]
    mapping["_buffers"]["w_avg"] = WithStorage(LongStream(), 8)
    writers.dump({"G_ema": made}, tmp_path / "file")
    with pytest.raises(checkpoints.UnsafeFileError, match="more than 500 steps"):
        load_checkpoint(tmp_path / "file")


class WithStorage:
    """A vector on any storage."""

    def __init__(self, storage, size):
        self.call = torch._utils._rebuild_tensor_v2, (storage, 0, (size,), (1,), False, {})

    def __reduce__(self):
        return self.call
