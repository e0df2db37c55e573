"""Extra operands: what gates take besides wires and an angle.

A row of the gate table names the kind of its extra operand; here is one class for each kind.
``circuit.lower.extras`` finds the operand in an operator of PennyLane, and ``read_extra`` in
``engine/native/ir/decode.cpp`` reads its words.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from qgrad_lab.circuit.ir.instructions import Gate
from qgrad_lab.circuit.ir.scalars import (
    Scope,
    elements_text,
    elements_words,
    integer_text,
    integer_words,
)
from qgrad_lab.gates.kind import Extra


class ExtraOperand(ABC):
    """A kind of extra operand, as it stands in ``Gate.extra``."""

    drawn: ClassVar[bool] = True
    """Whether drawings, which are short of room, show it."""

    @abstractmethod
    def check(self, gate: Gate, scope: Scope) -> None:
        """Raise a ``ValueError`` if the operand of ``gate`` does not fit its wires or ``scope``."""

    @abstractmethod
    def words(self, gate: Gate) -> list[int]:
        """Encode it."""

    @abstractmethod
    def texts(self, gate: Gate) -> list[str]:
        """Return it as text, one for each entry between the gate's parentheses."""


class Dimension(ExtraOperand):
    """How many basis states of the wires have one phase; the others have the other."""

    def check(self, gate: Gate, scope: Scope) -> None:
        """Check that there are so many basis states."""
        most = 2 ** len(gate.wires)
        if len(gate.extra) != 1 or not 0 <= gate.extra[0] <= most:
            raise ValueError(f"its dimension lies between 0 and {most}, got {gate.extra}")

    def words(self, gate: Gate) -> list[int]:
        """Encode it as itself."""
        return [int(value) for value in gate.extra]

    def texts(self, gate: Gate) -> list[str]:
        """Return it with its name."""
        return [f"dim={value}" for value in gate.extra]


class Letters(ExtraOperand):
    """A Pauli word: one of ``"XYZ"`` for each wire."""

    def check(self, gate: Gate, scope: Scope) -> None:
        """Check that each wire has a letter."""
        count = len(gate.wires)
        if len(gate.extra) != count or any(letter not in "XYZ" for letter in gate.extra):
            raise ValueError(f"it takes {count} letters X, Y, Z, got {gate.extra}")

    def words(self, gate: Gate) -> list[int]:
        """Encode each letter as its number."""
        return ["XYZ".index(letter) for letter in gate.extra]

    def texts(self, gate: Gate) -> list[str]:
        """Return the word."""
        return ["".join(gate.extra)]


class Elements(ExtraOperand):
    """Complex numbers in data or theta, ``base`` of them for each basis state of one wire.

    Parameters
    ----------
    base
        2 for a state, 4 for a matrix.
    """

    drawn = False

    def __init__(self, base: int) -> None:
        self._base = base

    def check(self, gate: Gate, scope: Scope) -> None:
        """Check that the elements exist."""
        size = self._base ** len(gate.wires)
        if len(gate.extra) != 1:
            raise ValueError(f"it needs {size} elements of data")
        scope.check_elements(gate.extra[0], size)

    def words(self, gate: Gate) -> list[int]:
        """Encode in which array they are, and where."""
        return [word for value in gate.extra for word in elements_words(value)]

    def texts(self, gate: Gate) -> list[str]:
        """Return the range of the array that holds them."""
        size = self._base ** len(gate.wires)
        return [elements_text(value, size) for value in gate.extra]


class Bits(ExtraOperand):
    """A bit for each wire, known or an element of index."""

    def check(self, gate: Gate, scope: Scope) -> None:
        """Check that each wire has a bit."""
        if len(gate.extra) != len(gate.wires):
            raise ValueError(f"it takes {len(gate.wires)} bits, got {len(gate.extra)}")
        for bit in gate.extra:
            scope.check_integer(bit)

    def words(self, gate: Gate) -> list[int]:
        """Encode each bit as an integer."""
        return [word for bit in gate.extra for word in integer_words(bit)]

    def texts(self, gate: Gate) -> list[str]:
        """Return each bit."""
        return [integer_text(bit) for bit in gate.extra]


EXTRAS: dict[Extra, ExtraOperand] = {
    "dimension": Dimension(),
    "letters": Letters(),
    "matrix": Elements(4),
    "state": Elements(2),
    "bits": Bits(),
}
"""By the name that rows of the gate table give them."""


def extra_words(gate: Gate) -> list[int]:
    """Encode the extra operand of ``gate``; what its row does not ask for is a word too many."""
    if gate.kind.extra is None:
        return [0] * len(gate.extra)
    return EXTRAS[gate.kind.extra].words(gate)


def extra_texts(gate: Gate, *, drawn: bool = False) -> list[str]:
    """Return the extra operand of ``gate`` as text, for a drawing only if it is short."""
    if gate.kind.extra is None:
        return []
    extra = EXTRAS[gate.kind.extra]
    return extra.texts(gate) if extra.drawn or not drawn else []


def check_extra(gate: Gate, scope: Scope) -> None:
    """Raise a ``ValueError`` if ``gate`` has not the extra operand that its row asks for."""
    if gate.kind.extra is not None:
        EXTRAS[gate.kind.extra].check(gate, scope)
    elif gate.extra:
        raise ValueError(f"it takes no extra operands, got {gate.extra}")
