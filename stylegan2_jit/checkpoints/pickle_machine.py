"""Reads a pickle into inert values: nothing is imported, called or decoded that it names.

The opcodes are those that Python's own pickler writes in protocols 2 to 5 for the files that
`values` knows; the format is documented in Python's `pickletools`. A machine of our own, because
`pickle.Unpickler` copies every byte string that it passes and takes a file's word for sizes
(docs/adr/0007-pickles-by-hand.md). Every loop is bounded by the limits below.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

from .errors import (
    CheckpointError,
    DamagedFileError,
    UnsafeFileError,
    UnsupportedModelError,
    printable,
)
from .source import DTYPES, Source
from .values import CONSTRUCTORS, SCALARS, Blob, DType, Name, build

OPCODES = 500_000  # a 1024 px training snapshot of NVIDIA has 40,000
TEXT_BYTES = 2**25  # its source texts are 0.2 MB
LONG_TEXT = 2**22  # one alone
WINDOW = 2**16  # bytes of opcodes read ahead
STORED_INTEGER = 16  # bytes; torch's magic number has ten

Persistent = Callable[[object], object]


class PickleMachine:
    """One pickle of a file, from its first byte to its end.

    Args:
        source: where its bytes lie.
        start: of the pickle in there.
        persistent: what a persistent id stands for; None refuses them.
        opcodes: how many of them it may take.
    """

    def __init__(
        self,
        source: Source,
        start: int = 0,
        persistent: Persistent | None = None,
        opcodes: int = OPCODES,
    ) -> None:
        self._opcodes, self._ahead = opcodes, min(WINDOW, opcodes)
        self._source = source
        self._window, self._window_start, self._at = b"", start, 0
        self._persistent = persistent
        self._stack: list[object] = []
        self._marked: list[list[object]] = []
        self._memo: dict[int, object] = {}
        self._text_left = TEXT_BYTES

    @property
    def position(self) -> int:
        """Of the next byte: after `load`, where the pickle has ended."""
        return self._window_start + self._at

    def load(self) -> object:
        """Run to the end.

        Returns:
            The value, of the types in `values` and Python's plain ones.

        Raises:
            UnsafeFileError: a name outside the list, or more work than a model's file makes.
            DamagedFileError: it is no pickle, or cut off.
        """
        try:
            for _ in range(self._opcodes):
                code = self._byte()
                if code == STOP:
                    return self._stack.pop()
                handler = _HANDLERS.get(code)
                if handler is None:
                    raise DamagedFileError(f"opcode {code:#04x}, which no known writer emits")
                handler(self)
        # what stacks, lists and tables raise when an opcode does not find what it needs there
        except (
            IndexError,
            KeyError,
            TypeError,
            AttributeError,
            UnicodeError,
            struct.error,
        ) as error:
            raise DamagedFileError(f"a damaged pickle, at byte {self.position}") from error
        raise UnsafeFileError(f"a pickle of more than {self._opcodes} steps: no model's")

    def _byte(self) -> int:
        at = self._at
        if at < len(self._window):
            self._at = at + 1
            return self._window[at]
        return self._take(1)[0]

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._window):
            self._refill(count)
            end = count
        taken = self._window[self._at : end]
        self._at = end
        return taken

    def _refill(self, count: int) -> None:
        start = self.position
        left = self._source.size - start
        if count > left:
            raise DamagedFileError(f"cut off: the pickle in it goes on after byte {start + left}")
        self._window = self._source.read(start, min(max(self._ahead, count), left))
        self._window_start, self._at = start, 0

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "little")

    def _line(self) -> str:
        line = bytearray()
        while (byte := self._take(1)) != b"\n":
            line += byte
            if len(line) > 256:
                raise DamagedFileError("a global's name without an end")
        return line.decode("ascii")

    def _text(self, size: int, codec: str = "utf-8") -> str:
        self._text_left -= size
        if size > LONG_TEXT or self._text_left < 0:
            raise UnsafeFileError(f"a pickle with more text than any model's ({size} bytes)")
        return self._take(size).decode(codec, "surrogatepass" if codec == "utf-8" else "strict")

    def _skip(self, size: int) -> Blob:
        start = self.position
        if start + size > self._source.size:
            raise DamagedFileError(
                f"cut off: {size} bytes should follow byte {start}, it ends at {self._source.size}"
            )
        if self._at + size <= len(self._window):
            self._at += size
        else:
            self._window, self._window_start, self._at = b"", start + size, 0
        return Blob(start, size)

    def _push(self, value: object) -> None:
        self._stack.append(value)

    def _pop_mark(self) -> list[object]:
        items = self._stack
        self._stack = self._marked.pop()
        return items

    def _tuple(self, count: int) -> None:
        if count > len(self._stack):
            raise IndexError
        items = tuple(self._stack[len(self._stack) - count :])
        del self._stack[len(self._stack) - count :]
        self._push(items)

    def _mark(self) -> None:
        self._marked.append(self._stack)
        self._stack = []

    def _extend(self, items: list[object]) -> None:
        target = self._stack[-1]
        if not isinstance(target, list):
            raise TypeError
        target.extend(items)

    def _set_items(self, items: list[object]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise TypeError
        for key, value in zip(items[::2], items[1::2], strict=True):
            # other keys could be made to collide, until filling a dictionary takes hours
            if not isinstance(key, str) and not (isinstance(key, int) and abs(key) < 2**31):
                raise DamagedFileError(f"a key of the kind {type(key).__name__}")
            target[key] = value

    def _global(self, module: object, name: object) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError
        found = Name(module, name)
        if found not in CONSTRUCTORS:
            raise _refusal(found)
        self._push(found)

    def _call(self) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise TypeError
        if function in SCALARS:
            self._push(self._scalar(*arguments))
        else:
            self._push(CONSTRUCTORS[function](*arguments))

    def _scalar(self, dtype: object, raw: object) -> float | int | bool:
        if not isinstance(dtype, DType) or dtype.code not in DTYPES or dtype.order not in "<|=":
            raise DamagedFileError("a number of an unknown kind")
        if isinstance(raw, Blob) and raw.size <= 8:
            raw = self._source.read(raw.start, raw.size)
        if not isinstance(raw, bytes) or len(raw) != DTYPES[dtype.code] or dtype.code == "bf":
            raise DamagedFileError("a number of the wrong length")
        value: float | int | bool = np.frombuffer(raw, f"<{dtype.code}")[0].item()
        return value

    def _build(self) -> None:
        state = self._stack.pop()
        build(self._stack[-1], state)

    def _persistent_id(self) -> None:
        if self._persistent is None:
            raise DamagedFileError("a persistent id in a plain pickle")
        self._push(self._persistent(self._stack.pop()))

    def _integer(self, size: int) -> None:
        if size > STORED_INTEGER:
            raise DamagedFileError(f"a whole number of {size} bytes")
        self._push(int.from_bytes(self._take(size), "little", signed=True))

    def _remember(self, index: int) -> None:
        self._memo[index] = self._stack[-1]

    def _protocol(self) -> None:
        if self._take(1)[0] > 5:
            raise DamagedFileError("a pickle of an unknown protocol")


def _refusal(name: Name) -> CheckpointError:
    told = printable(str(name), 120)
    hints = {"timm": "Projected GAN or StyleGAN-XL", "pg_modules": "Projected GAN or StyleGAN-XL"}
    hints["torch.nn.modules.sparse"] = "StyleGAN-XL"
    for start, what in hints.items():
        if name.module.startswith(start):
            return UnsupportedModelError(
                f"names {told}, as {what} does: such networks do not run here, StyleGAN2 does"
            )
    return UnsafeFileError(
        f"names {told}, which no StyleGAN2 file needs: it was not run, and is not loaded"
    )


def _double(machine: PickleMachine) -> float:
    value: float = struct.unpack(">d", machine._take(8))[0]
    return value


STOP = 0x2E
M = PickleMachine
_HANDLERS: dict[int, Callable[[PickleMachine], object]] = {
    0x80: M._protocol,
    0x95: lambda m: m._take(8),  # FRAME: its length tells nothing new
    0x28: M._mark,
    0x30: lambda m: m._stack.pop(),  # POP
    0x31: M._pop_mark,
    0x4E: lambda m: m._push(None),
    0x88: lambda m: m._push(True),
    0x89: lambda m: m._push(False),
    0x4A: lambda m: m._push(int.from_bytes(m._take(4), "little", signed=True)),  # BININT
    0x4B: lambda m: m._push(m._byte()),
    0x4D: lambda m: m._push(m._number(2)),
    0x8A: lambda m: m._integer(m._byte()),
    0x8B: lambda m: m._integer(m._number(4)),
    0x47: lambda m: m._push(_double(m)),
    0x43: lambda m: m._push(m._skip(m._byte())),  # byte strings, by length of their length
    0x42: lambda m: m._push(m._skip(m._number(4))),
    0x8E: lambda m: m._push(m._skip(m._number(8))),
    0x96: lambda m: m._push(m._skip(m._number(8))),
    0x8C: lambda m: m._push(m._text(m._byte())),  # texts
    0x58: lambda m: m._push(m._text(m._number(4))),
    0x8D: lambda m: m._push(m._text(m._number(8))),
    0x55: lambda m: m._push(m._text(m._byte(), "latin1")),  # Python 2's strings
    0x54: lambda m: m._push(m._skip(m._number(4))),
    0x5D: lambda m: m._push([]),
    0x7D: lambda m: m._push({}),
    0x8F: lambda m: m._push([]),  # a set: `values` keeps it as a list
    0x29: lambda m: m._push(()),
    0x61: lambda m: m._extend([m._stack.pop()]),
    0x65: lambda m: m._extend(m._pop_mark()),
    0x90: lambda m: m._extend(m._pop_mark()),
    0x73: lambda m: m._set_items([m._stack.pop(), m._stack.pop()][::-1]),
    0x75: lambda m: m._set_items(m._pop_mark()),
    0x74: lambda m: m._push(tuple(m._pop_mark())),
    0x85: lambda m: m._tuple(1),
    0x86: lambda m: m._tuple(2),
    0x87: lambda m: m._tuple(3),
    0x68: lambda m: m._push(m._memo[m._byte()]),
    0x6A: lambda m: m._push(m._memo[m._number(4)]),
    0x71: lambda m: m._remember(m._byte()),
    0x72: lambda m: m._remember(m._number(4)),
    0x94: lambda m: m._remember(len(m._memo)),
    0x63: lambda m: m._global(m._line(), m._line()),
    0x93: lambda m: m._global(*[m._stack.pop(), m._stack.pop()][::-1]),
    0x52: M._call,
    0x81: M._call,  # NEWOBJ: a class in place of a function
    0x62: M._build,
    0x51: M._persistent_id,
}
