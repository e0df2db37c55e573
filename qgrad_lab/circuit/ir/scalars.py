"""Numbers, integers and places in arrays: their words, their text and their checks."""

import math
import struct
from dataclasses import dataclass

from qgrad_lab.circuit.ir.instructions import (
    Data,
    Definition,
    Index,
    Integer,
    Number,
    Position,
    Slot,
)

COUNTERS = "ijklmnpqrstuvw"
"""Names of loop counters, by depth."""

_AS_FLOAT = struct.Struct("<d")
_AS_INTEGER = struct.Struct("<q")


def place_words(position: Position) -> list[int]:
    """Encode a place in an array."""
    return [position.base, len(position.strides), *position.strides]


def number_words(value: Number | None) -> list[int]:
    """Encode a number, an element of theta, or that there is neither."""
    if value is None:
        return [0]
    if isinstance(value, Slot):
        return [2, *place_words(value)]
    return [1, *_AS_INTEGER.unpack(_AS_FLOAT.pack(value))]


def integer_words(value: Integer) -> list[int]:
    """Encode an integer or an element of index."""
    return [2, *place_words(value)] if isinstance(value, Index) else [1, int(value)]


def elements_words(position: Data | Slot) -> list[int]:
    """Encode where complex numbers are: in data or, as real and imaginary parts, in theta."""
    return [int(isinstance(position, Slot)), *place_words(position)]


def number_text(value: Number) -> str:
    """Return a number as text, or the element of theta that it is."""
    return f"theta[{_place(value)}]" if isinstance(value, Slot) else f"{value:.17g}"


def integer_text(value: Integer) -> str:
    """Return an integer as text, or the element of index that it is."""
    return f"index[{_place(value)}]" if isinstance(value, Index) else str(int(value))


def elements_text(position: Data | Slot, size: int) -> str:
    """Return the range of ``size`` complex numbers as text."""
    name, size = ("theta", 2 * size) if isinstance(position, Slot) else ("data", size)
    start = _place(position)
    end = str(position.base + size) if start.isdigit() else f"{start} + {size}"
    return f"{name}[{start}:{end}]"


def _place(position: Position) -> str:
    parts = [str(position.base)] if position.base or not any(position.strides) else []
    for counter, stride in zip(COUNTERS, position.strides, strict=False):
        if stride:
            parts.append(counter if stride == 1 else f"{stride}*{counter}")
    return " + ".join(parts)


@dataclass(frozen=True, slots=True)
class Scope:
    """What an instruction may refer to: a Program's wires and arrays, and the loops around it.

    Its checks raise a ``ValueError`` that says what does not exist.

    Parameters
    ----------
    program
        The Program.
    loops
        The capacities of the loops, outermost first.
    """

    program: Definition
    loops: tuple[int, ...] = ()

    def check_number(self, number: Number) -> None:
        """Check an angle or a coefficient."""
        if isinstance(number, Slot):
            self._check_place("theta", number, 1, self.program.num_theta)
        elif not math.isfinite(number):
            raise ValueError(f"the number {number} is not finite")

    def check_integer(self, integer: Integer) -> None:
        """Check a count, a wire or a bit; those in index have their values checked at run time."""
        if isinstance(integer, Index):
            self._check_place("index", integer, 1, self.program.num_index)

    def check_elements(self, position: Data | Slot, size: int) -> None:
        """Check where ``size`` complex numbers are."""
        if isinstance(position, Slot):
            self._check_place("theta", position, 2 * size, self.program.num_theta)
        else:
            self._check_place("data", position, size, self.program.num_data)

    def _check_place(self, name: str, position: Position, span: int, size: int) -> None:
        if position.strides and len(position.strides) != len(self.loops):
            raise ValueError(
                f"{name}[{position.base}] has {len(position.strides)} strides in "
                f"{len(self.loops)} loops"
            )
        last = position.base
        for stride, count in zip(position.strides, self.loops, strict=False):
            last += stride * max(0, count - 1)
        if (
            position.base < 0
            or any(stride < 0 for stride in position.strides)
            or last + span > size
        ):
            raise ValueError(
                f"{name}[{last}:{last + span}] does not exist, {name} has length {size}"
            )
