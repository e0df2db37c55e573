"""Define instructions, measurements, and a circuit made of them: plain, frozen data.

A circuit reads its numbers from three arrays: ``theta`` (f64[P], gate angles and coefficients of
observables), ``index`` (i64[K], integers known only when it runs) and ``data`` (c128[D], matrices
and states). Inside loops a place in one of them moves with the loops' counters.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from qgrad_lab.gates.kind import GateKind


@dataclass(frozen=True, slots=True)
class Position:
    """A place in an array: ``base + sum_d strides[d] * counter[d]`` over the enclosing loops.

    Parameters
    ----------
    base
        The place in the first iteration of all loops.
    strides
        One for each enclosing loop, outermost first, or none where the place is always the same.
    """

    base: int
    strides: tuple[int, ...] = ()

    def moved(self, offset: int) -> Self:
        """Return the same place in an array that begins ``offset`` elements earlier."""
        return dataclasses.replace(self, base=self.base + offset)

    def looped(self, stride: int, depth: int) -> Self:
        """Return the place inside one more loop around ``depth`` loops, ``stride`` an iteration."""
        return dataclasses.replace(self, strides=(stride, *(self.strides or (0,) * depth)))


class Slot(Position):
    """An element of theta."""

    __slots__ = ()


class Index(Position):
    """An element of index."""

    __slots__ = ()


class Data(Position):
    """The first of several elements of data."""

    __slots__ = ()


Number = float | Slot
"""A number that is known when the Program is made, or an element of theta."""

Integer = int | Index
"""An integer that is known when the Program is made, or an element of index."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One operation.

    Parameters
    ----------
    kind
        Its row in the gate table.
    wires
        Wires it acts on, not counting controls.
    angle
        In radians, for kinds that have one.
    controls, control_values
        Wires that control it and the values on which it acts.
    adjoint
        Whether it is the inverse of the kind.
    extra
        The extra operand that the row asks for (``circuit.ir.extras``): a dimension; a letter of
        ``"XYZ"`` for each wire; where a matrix or a state is, in ``Data`` or, as real and imaginary
        parts, from a ``Slot`` on; a bit (an ``Integer``) for each wire.
    source
        The user's line (``record.sources``) of a gate that may fail when it runs, 0 for others: the
        same gates written elsewhere are the same Program.
    place
        Where the user's code makes it (``circuit.record.sources``), for those who show the Program.
    """

    kind: GateKind
    wires: tuple[Integer, ...]
    angle: Number | None = None
    controls: tuple[Integer, ...] = ()
    control_values: tuple[bool, ...] = ()
    adjoint: bool = False
    extra: tuple[Any, ...] = ()
    source: int = 0
    place: Any = dataclasses.field(default=None, compare=False, repr=False)

    @property
    def may_fail(self) -> bool:
        """Whether integers that are known only when it runs may be wrong."""
        return any(isinstance(n, Index) for n in (*self.controls, *self.wires, *self.extra))


@dataclass(frozen=True, slots=True)
class Repeat:
    """A loop over a body.

    Parameters
    ----------
    count
        Number of iterations.
    capacity
        How many iterations the arrays have room for; ``count`` where that is known.
    body
        What is repeated. Positions inside have one stride more than those outside.
    reverse
        Whether the last iteration comes first, as in the inverse of a loop.
    label
        Which loop of the user's this is, for the message that its capacity is too small.
    """

    count: Integer
    capacity: int
    body: tuple["Instruction", ...]
    reverse: bool = False
    label: int = 0


@dataclass(frozen=True, slots=True)
class Branch:
    """A choice between bodies.

    Parameters
    ----------
    selector
        The number of the body that runs.
    bodies
        At least one.
    """

    selector: Integer
    bodies: tuple[tuple["Instruction", ...], ...]


Instruction = Gate | Repeat | Branch


@dataclass(frozen=True, slots=True)
class Term:
    """A coefficient times a Pauli word of ``(wire, letter)`` pairs; the empty word is 1."""

    coefficient: Number
    word: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Expval:
    """The expectation value of a sum of terms: one number."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Var:
    """The variance of a sum of terms: one number."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Probs:
    """Probabilities of the basis states of ``wires``, the first wire most significant."""

    wires: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class State:
    """All amplitudes, each as its real and imaginary part."""


Measurement = Expval | Var | Probs | State


@dataclass(frozen=True, eq=False)
class Definition:
    """Define a quantum circuit: the fields of a Program, which adds what follows from them.

    Parameters
    ----------
    num_wires
        Number of wires, at least one.
    num_theta, num_index, num_data
        Lengths of the three arrays it reads.
    body
        What it does, in order.
    measurements
        What it returns.
    name
        Of the function it was captured from; two Programs that differ in it alone are equal.
    single
        Whether its states are complex64, not complex128; the numbers it reads and gives are not.
    """

    num_wires: int
    num_theta: int = 0
    num_index: int = 0
    num_data: int = 0
    body: tuple[Instruction, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    name: str = "circuit"
    single: bool = False

    def sizes(self) -> tuple[int, ...]:
        """Count the numbers that each measurement gives."""
        return tuple(_size(measurement, self.num_wires) for measurement in self.measurements)


def walk(
    body: tuple[Instruction, ...], loops: tuple[int, ...] = ()
) -> Iterator[tuple[Gate, tuple[int, ...]]]:
    """Yield every gate of ``body`` with the capacities of the loops around it, outermost first."""
    for instruction in body:
        match instruction:
            case Gate():
                yield instruction, loops
            case Repeat(_, capacity, inner):
                yield from walk(inner, (*loops, capacity))
            case Branch(_, bodies):
                for inner in bodies:
                    yield from walk(inner, loops)


def with_extras(
    body: tuple[Instruction, ...], change: Callable[[Any], Any]
) -> tuple[Instruction, ...]:
    """Return ``body`` with the extra operands of all gates changed, value by value."""
    result: list[Instruction] = []
    for instruction in body:
        match instruction:
            case Gate(extra=extra):
                result.append(dataclasses.replace(instruction, extra=tuple(map(change, extra))))
            case Repeat(body=inner):
                result.append(dataclasses.replace(instruction, body=with_extras(inner, change)))
            case Branch(bodies=bodies):
                changed = tuple(with_extras(inner, change) for inner in bodies)
                result.append(dataclasses.replace(instruction, bodies=changed))
    return tuple(result)


def places(position: Position, loops: tuple[int, ...]) -> list[int]:
    """Return every value that ``position`` takes in the iterations of ``loops``."""
    if not position.strides:
        return [position.base]
    counters = np.indices(loops).reshape(len(loops), -1)
    return (position.base + np.array(position.strides) @ counters).tolist()


def _size(measurement: Measurement, num_wires: int) -> int:
    match measurement:
        case Probs(wires):
            return 2 ** len(wires)
        case State():
            return 2 * 2**num_wires
        case _:
            return 1
