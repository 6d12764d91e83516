"""Writes the renderer's arithmetic out as C: the same Python functions, run on symbols.

A `Symbol` stands for one number; every operation on it adds a statement to its `Trace` and equal
expressions share one. It answers to the few torch functions that `distance`, `shapes`, `materials`
and `lighting` use. What branches on values cannot be traced, and fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from torch import Tensor

_ONE: Final = {"sin": "sinf", "cos": "cosf", "exp": "expf", "sqrt": "sqrtf"}
_TWO: Final = {"minimum": "fminf", "maximum": "fmaxf", "atan2": "atan2f"}
_FILLED: Final = {"zeros_like": "0.0f", "ones_like": "1.0f"}


class Trace:
    """The statements so far."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._known: dict[str, Symbol] = {}

    def emit(self, code: str, kind: str = "float") -> Symbol:
        """The symbol of an expression."""
        if code not in self._known:
            name = f"v{len(self.lines)}"
            self.lines.append(f"  const {kind} {name} = {code};")
            self._known[code] = Symbol(self, name)
        return self._known[code]


class Symbol:
    """One number that will be known when the C code runs."""

    __slots__ = ("name", "trace")

    def __init__(self, trace: Trace, name: str) -> None:
        self.trace, self.name = trace, name

    def _make(self, code: str, kind: str = "float") -> Symbol:
        return self.trace.emit(code, kind)

    def __add__(self, other: Operand) -> Symbol:
        return self._make(f"{self.name} + {_text(other)}")

    def __radd__(self, other: Operand) -> Symbol:
        return self._make(f"{_text(other)} + {self.name}")

    def __sub__(self, other: Operand) -> Symbol:
        return self._make(f"{self.name} - {_text(other)}")

    def __rsub__(self, other: Operand) -> Symbol:
        return self._make(f"{_text(other)} - {self.name}")

    def __mul__(self, other: Operand) -> Symbol:
        return self._make(f"{self.name} * {_text(other)}")

    def __rmul__(self, other: Operand) -> Symbol:
        return self._make(f"{_text(other)} * {self.name}")

    def __truediv__(self, other: Operand) -> Symbol:
        return self._make(f"{self.name} / {_text(other)}")

    def __rtruediv__(self, other: Operand) -> Symbol:
        return self._make(f"{_text(other)} / {self.name}")

    def __neg__(self) -> Symbol:
        return self._make(f"-{self.name}")

    def __lt__(self, other: Operand) -> Symbol:
        return self._make(f"{self.name} < {_text(other)}", "bool")

    def __gt__(self, other: Operand) -> Symbol:
        return self._make(f"{self.name} > {_text(other)}", "bool")

    def __pow__(self, power: float) -> Symbol:
        if power == 2:
            return self * self
        if power == 3:
            return self * self * self
        return self._make(f"powf({self.name}, {float(power)!r}f)")

    def sqrt(self) -> Symbol:
        """Square root."""
        return self._make(f"sqrtf({self.name})")

    def rsqrt(self) -> Symbol:
        """One over the square root."""
        return self._make(f"1.0f / sqrtf({self.name})")

    def abs(self) -> Symbol:
        """Absolute value."""
        return self._make(f"fabsf({self.name})")

    def clamp(self, min: Operand | None = None, max: Operand | None = None) -> Symbol:
        """Limited from below, above or both."""
        symbol = self
        if min is not None:
            symbol = symbol._make(f"fmaxf({symbol.name}, {_text(min)})")
        if max is not None:
            symbol = symbol._make(f"fminf({symbol.name}, {_text(max)})")
        return symbol

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Symbol:
        """What torch calls when it is given a symbol."""
        del types, kwargs
        name = func.__name__
        symbol = next(a for a in args if isinstance(a, Symbol))
        if name in _TWO:
            return symbol._make(f"{_TWO[name]}({_text(args[0])}, {_text(args[1])})")
        if name in _ONE:
            return symbol._make(f"{_ONE[name]}({symbol.name})")
        if name == "where":
            return symbol._make(f"{args[0].name} ? {_text(args[1])} : {_text(args[2])}")
        if name in _FILLED:
            return symbol._make(_FILLED[name])
        if name == "full_like":
            return symbol._make(_text(args[1]))
        raise NotImplementedError(f"tracing: torch.{name} has no C form here")


Operand = Symbol | float | int


def _text(value: Operand) -> str:
    return value.name if isinstance(value, Symbol) else f"{float(value)!r}f"


class _Row:
    """Stands for the packed parameters: `row[:, i : i + 1]` is the number q[i]."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __getitem__(self, index: tuple[slice, slice]) -> Symbol:
        return self._trace.emit(f"q[{index[1].start}]")


def traced(
    name: str, function: Callable[..., Any], arguments: Sequence[str], results: Sequence[str]
) -> str:
    """A C function that computes what a Python function does.

    Args:
        name: of the C function.
        function: takes the arguments and last the packed parameters; returns one tensor or a tuple.
        arguments: names of its floats.
        results: names of the floats that it writes.
    """
    trace = Trace()
    symbols = [cast(Tensor, Symbol(trace, argument)) for argument in arguments]
    values = function(*symbols, cast(Tensor, _Row(trace)))
    values = values if isinstance(values, tuple) else (values,)
    given = ", ".join([f"float {a}" for a in arguments] + ["const float* q"])
    made = ", ".join(f"float* {r}" for r in results)
    stores = [f"  *{r} = {v.name};" for r, v in zip(results, values, strict=True)]
    return "\n".join([f"INLINE void {name}({given}, {made}) {{", *trace.lines, *stores, "}", ""])
