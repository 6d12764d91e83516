"""What a pickle may consist of here: inert values that stand for the objects it describes.

`CONSTRUCTORS` is the closed list of names that a pickle may mention. None of them is imported:
each stands for a function below, which only keeps what it is given. The names are those that
PyTorch, numpy and the known trainers write; anything else makes the file unsafe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .errors import DamagedFileError


@dataclass(frozen=True, slots=True)
class Name:
    """A global that a pickle mentions."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes in the pickle that nobody has read."""

    start: int
    size: int


@dataclass(slots=True)
class Module:
    """An `nn.Module` of a persistence pickle: its class's name and its `__dict__`."""

    class_name: str
    state: dict[object, object]


@dataclass(slots=True)
class Record:
    """An object of which only the attributes count: a TensorFlow network, a namespace."""

    name: Name
    state: dict[object, object] = field(default_factory=dict)


@dataclass(slots=True)
class DType:
    """A numpy dtype: 'f4', and its byte order."""

    code: str
    order: str = "<"


@dataclass(slots=True)
class Array:
    """A numpy array that nobody has read."""

    shape: tuple[int, ...] = (0,)
    dtype: DType | None = None
    fortran: bool = False
    data: Blob | bytes = b""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A storage that lies elsewhere in the same file, under a key."""

    dtype: str
    key: str
    count: int


@dataclass(frozen=True, slots=True)
class Nested:
    """A storage in a stream of `torch.save` of its own, inside the pickle."""

    blob: Blob


@dataclass(frozen=True, slots=True)
class TensorRef:
    """A tensor that nobody has read."""

    storage: Keyed | Nested
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


STORAGES = {
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "DoubleStorage": "f8",
    "BFloat16Storage": "bf",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "b1",
}


def whole(value: object, what: str) -> int:
    """A count or an index.

    Raises:
        DamagedFileError: it is no whole number from 0 to 2⁴⁸.
    """
    if type(value) is not int or not 0 <= value < 2**48:
        raise DamagedFileError(f"{what} must be a whole number")
    return value


def _wholes(value: object, what: str) -> tuple[int, ...]:
    if not isinstance(value, tuple) or len(value) > 6:
        raise DamagedFileError(f"{what} must be up to six whole numbers")
    return tuple(whole(n, what) for n in value)


def _module(meta: object) -> Module:
    """`module_src` is looked at by nobody: upstream runs it here."""
    if not isinstance(meta, dict):
        raise DamagedFileError("a network without its description")
    name, state = meta.get("class_name"), meta.get("state")
    if not isinstance(name, str) or not isinstance(state, dict):
        raise DamagedFileError("a network without a class name or without a state")
    return Module(name, state)


def _tensor(storage: object, offset: object, shape: object, strides: object, *_: object) -> object:
    if not isinstance(storage, Keyed | Nested):
        raise DamagedFileError("a tensor without a storage")
    return TensorRef(
        storage,
        whole(offset, "a tensor's offset"),
        _wholes(shape, "a tensor's shape"),
        _wholes(strides, "a tensor's strides"),
    )


def _parameter(data: object, *_: object) -> object:
    return data


def _storage(blob: object) -> Nested:
    if not isinstance(blob, Blob):
        raise DamagedFileError("a storage without bytes")
    return Nested(blob)


def _dict(*arguments: object) -> dict[object, object]:
    if arguments:
        raise DamagedFileError("a dictionary with arguments")
    return {}


def _set(items: object = ()) -> object:
    return items  # nobody looks into sets: neither hashed nor copied


def _encoded(text: object, codec: object = "utf-8") -> bytes:
    if not isinstance(text, str) or codec not in ("latin1", "latin-1"):
        raise DamagedFileError("bytes in a text that is not latin-1")
    return text.encode("latin1")  # at most as long as texts may be together


def _dtype(code: object, *_: object) -> DType:
    if not isinstance(code, str):
        raise DamagedFileError("a dtype without a name")
    return DType(code)


def _array(*_: object) -> Array:
    return Array()


def _named(*_: object) -> None:
    raise DamagedFileError("calls what is only a name")


_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray")
_RECORDS = (Name("dnnlib.tflib.network", "Network"), Name("argparse", "Namespace"))
SCALARS = frozenset(Name(module, "scalar") for module in _NUMPY)  # needs the pickle's bytes

CONSTRUCTORS: Mapping[Name, Callable[..., object]] = {
    Name("torch_utils.persistence", "_reconstruct_persistent_obj"): _module,
    Name("dnnlib.util", "EasyDict"): _dict,
    Name("collections", "OrderedDict"): _dict,
    Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Name("torch._utils", "_rebuild_parameter"): _parameter,
    Name("torch.storage", "_load_from_bytes"): _storage,
    Name("builtins", "set"): _set,
    Name("__builtin__", "set"): _set,
    Name("_codecs", "encode"): _encoded,
    Name("numpy", "dtype"): _dtype,
    Name("numpy", "ndarray"): _named,
    **{Name(module, "_reconstruct"): _array for module in _NUMPY},
    **dict.fromkeys(SCALARS, _named),
    **{Name("torch", storage): _named for storage in STORAGES},
    **{name: (lambda *_, name=name: Record(name)) for name in _RECORDS},
}


def build(target: object, state: object) -> None:
    """What `__setstate__` does, for the values above; attributes of dictionaries are dropped.

    Raises:
        DamagedFileError: the state is not what that kind of object has.
    """
    match target, state:
        case Record(), dict():
            target.state = state
        case DType(), tuple((_, str(order), *_)):
            target.order = order
        case Array(), tuple(
            (_, shape, DType() as dtype, fortran, (Blob() | bytes() | str()) as raw)
        ):
            target.shape = _wholes(shape, "an array's shape")
            target.dtype, target.fortran = dtype, bool(fortran)
            target.data = raw.encode("latin1") if isinstance(raw, str) else raw
        case dict(), dict():
            pass  # such as _metadata of a state_dict
        case _:
            raise DamagedFileError(f"a state for a {type(target).__name__} that cannot have it")
