"""Mutated files end in a `CheckpointError`, or are a model still; soon, in little memory.

2,000 files by default; `pytest tests/stylegan2_jit/checkpoints/test_fuzz.py -s --fuzz 20000` makes
as many as docs/log.md tells of, and prints what became of them.
"""

import collections
import io
import pickle
import random
import re
import struct
import sys
import time
import zipfile

import pytest

from draglive.stylegan2_jit.checkpoints import CheckpointError, load_checkpoint

from ..models import generator_for
from . import writers
from .memory import peak_memory
from .test_harm import GREEDY

SEED = 20_261_122
LONGEST_S = 2.0
MOST_MEMORY = 512 * 2**20
SURE_OPCODES = bytes(
    sorted(
        pickle.__dict__[name][0]
        for name in pickle.__all__
        if name.isupper() and isinstance(pickle.__dict__[name], bytes)
    )
)
FORBIDDEN_EVENTS = {
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "subprocess.Popen",
    "pickle.find_class",
}
_watching = []  # audit hooks cannot be taken away again


def _watch(event, arguments):
    if _watching and event in FORBIDDEN_EVENTS:
        _watching[-1].append((event, arguments))


sys.addaudithook(_watch)


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """One small file of every format, and the bytes in it that are no weights."""
    folder = tmp_path_factory.mktemp("originals")
    path, mark = folder / "file", folder / "mark"
    generator = generator_for("skip")
    made = {"G_ema": writers.persistent_generator(generator, mark)}
    arrays = writers.tensorflow_arrays()
    network = writers.tensorflow_network(arrays, mark)
    state = writers.rosinality_state()
    found = []

    def keep(write, *arguments, **how):
        write(*arguments, **how)
        found.append(path.read_bytes())

    keep(writers.dump, made, path, 4)
    keep(writers.dump, made, path, 3, old_numpy=True)
    keep(writers.dump, (network,) * 3, path, 4)
    keep(writers.torch_save, {"g_ema": state}, path)
    keep(writers.torch_save, {"g_ema": state}, path, archive=False)
    keep(writers.torch_save, writers.e4e_checkpoint(state), path)
    keep(writers.torch_save, made["G_ema"], path)
    from draglive.stylegan2_jit.checkpoints import save_generator

    keep(lambda: save_generator(generator, path, name="x", drag_preset={}, licence="MIT"))
    return found


# --- Mutations: bytes and dice to bytes -----------------------------------------------------------


def flip_bits(data, dice):
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 8, 64))):
        changed[_somewhere(data, dice)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _somewhere(data, dice):
    """Anywhere; often where no weights are: near an ASCII word, or near an end."""
    kind = dice.randrange(4)
    if kind == 0:
        return dice.randrange(len(data))
    if kind == 1:
        return dice.randrange(min(200, len(data)))
    if kind == 2:
        return len(data) - 1 - dice.randrange(min(400, len(data)))
    word = data.find(b"synthesis" if dice.random() < 0.5 else b"torch", dice.randrange(len(data)))
    return min(max(word, 0) + dice.randrange(60), len(data) - 1)


def truncate(data, dice):
    return data[: dice.randrange(len(data))]


def swap_opcodes(data, dice):
    changed = bytearray(data)
    for _ in range(dice.choice((1, 2, 5))):
        changed[_somewhere(data, dice)] = dice.choice(SURE_OPCODES)
    return bytes(changed)


def splice(data, dice):
    """A piece of it is left out, doubled, or put elsewhere."""
    start = _somewhere(data, dice)
    piece = data[start : start + dice.choice((1, 4, 30, 500))]
    target = _somewhere(data, dice)
    end = start + (len(piece) if dice.random() < 0.5 else 0)
    shorter = data[:start] + data[end:]
    return shorter[:target] + piece + shorter[target:]


def big_sizes(data, dice):
    """A length or an index that asks for gigabytes."""
    changed, at = bytearray(data), _somewhere(data, dice)
    huge = struct.pack("<Q", dice.choice((2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1)))
    width = dice.choice((4, 8))
    changed[at : at + width] = huge[:width]
    return bytes(changed[: len(data)])


EVIL = [("os", "system"), ("builtins", "eval"), ("posix", "system"), ("builtins", "exec")]
EVIL += [("subprocess", "Popen"), ("nt", "system"), ("torch", "load"), ("pickle", "loads")]


def _evil_call(dice, mark):
    module, name = dice.choice(EVIL)
    argument = f"touch {mark}" if name in ("system", "Popen") else f"open({str(mark)!r}, 'w')"
    text = argument.encode()
    body = b"c%s\n%s\n" % (module.encode(), name.encode())
    return body + b"X" + struct.pack("<I", len(text)) + text + b"\x85R"


def evil_globals(data, dice, mark):
    """A call in front of everything, or another function under a known name."""
    if dice.random() < 0.5 and data[:1] == b"\x80":
        return data[:2] + _evil_call(dice, mark) + b"0" + data[2:]
    module, name = (part.encode() for part in dice.choice(EVIL))
    lines = list(re.finditer(rb"c([\w.]{3,40})\n(\w{3,40})\n", data))
    if lines:
        found = dice.choice(lines)
        return data[: found.start()] + b"c%s\n%s\n" % (module, name) + data[found.end() :]
    changed = data.replace(b"torch._utils", b"posix.system", 1)
    return changed.replace(b"_rebuild_tensor_v2", b"system\0\0\0\0\0\0\0\0\0\0\0\0"[:18], 1)


def nested(data, dice, mark):
    """A pickle where a tensor's bytes should be, with a call in it."""
    body = b"\x80\x02" + _evil_call(dice, mark) + b"."
    at = data.find(b"\x80\x02\x8a\nl\xfc\x9cF\xf9", dice.randrange(len(data)))
    if at < 0:
        return b"\x80\x04B" + struct.pack("<I", len(body)) + body + b"\x85."
    return data[:at] + body + data[at + len(body) :]


def bomb(data, dice):
    """Much out of little: greedy pickles, compressed members, great directories."""
    greedy = dice.choice([value for value in GREEDY.values() if len(value) < 500_000])
    kind = dice.randrange(4)
    if kind == 0:
        return greedy
    if kind == 1:
        return data[:2] + greedy[2:-1] + b"0" + data[2:] if data[:1] == b"\x80" else greedy
    sink = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if kind == 2 else zipfile.ZIP_STORED
    with zipfile.ZipFile(sink, "w", method) as archive:
        archive.writestr("archive/data.pkl", bytes(10**6) if kind == 2 else greedy)
        for i in range(dice.choice((0, 50))):
            archive.writestr(f"archive/data/{i}", b"")
    return sink.getvalue()


def mutate(data, dice, mark):
    kinds = [flip_bits, truncate, swap_opcodes, splice, big_sizes, evil_globals, nested, bomb]
    kind = dice.choice(kinds)
    if kind in (evil_globals, nested):
        return kind, kind(data, dice, mark)
    return kind, kind(data, dice)


def _outcome(path):
    try:
        load_checkpoint(path)
    except CheckpointError as error:
        kind, line = type(error).__name__, str(error)
    else:
        return "a model still"
    assert line.startswith(f"{path}: ")
    assert line.isprintable()
    return kind


@pytest.mark.timeout(7200)
def test_mutated_files_end_in_an_error(originals, tmp_path, request):
    dice = random.Random(SEED)
    path, mark = tmp_path / "file", tmp_path / "mark"
    outcomes, longest = collections.Counter(), (0.0, "")
    before, modules = peak_memory(reset=True), set(sys.modules)
    _watching.append([])
    for i in range(request.config.getoption("--fuzz")):
        kind, content = mutate(dice.choice(originals), dice, mark)
        path.write_bytes(content)
        start = time.process_time()  # neighbours on a busy machine are not the file's fault
        outcomes[_outcome(path)] += 1
        taken = time.process_time() - start
        longest = max(longest, (taken, f"{kind.__name__}, number {i}"))
        assert taken < LONGEST_S, (i, kind.__name__)
    events = _watching.pop()
    grown = peak_memory() - before
    print(f"\n{dict(outcomes)}; longest {longest[0]:.2f} s ({longest[1]}); {grown / 2**20:.0f} MiB")
    assert not events
    assert not mark.exists()
    assert not {"antigravity", "subprocess32", *writers.UPSTREAM} & (set(sys.modules) - modules)
    assert grown < MOST_MEMORY
    assert len(outcomes) >= 5  # errors of every kind, and models
