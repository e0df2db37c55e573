"""Program: the intermediate representation of a quantum circuit.

A Program is immutable, hashable and printable. All classical arithmetic happens before it runs; it
reads its numbers from three arrays: ``theta`` (f64[P], gate angles and coefficients of
observables), ``index`` (i64[K], integers known only when it runs) and ``data`` (c128[D], matrices
and states).

>>> from qgrad_lab.gates.table import GATES
>>> rx = Gate(GATES["RX"], wires=(0,), angle=Slot(0))
>>> cnot = Gate(GATES["PauliX"], wires=(1,), controls=(0,), control_values=(True,))
>>> z0x1 = Expval((Term(1.0, ((0, "Z"), (1, "X"))),))
>>> print(Program(num_wires=2, num_theta=1, body=(rx, cnot), measurements=(z0x1, Probs((1,)))))
program circuit(theta: f64[1]) on 2 wires {
  RX(theta[0]) 0
  CNOT 0 1
  return expval(Z0 @ X1), probs(1)
}
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

import numpy as np

from qgrad_lab.engine.plans import Plan, plan
from qgrad_lab.engine.shift import (
    QUADRATIC_RULE,
    QUARTIC_RULE,
    ShiftRule,
    trigonometric_rule,
)
from qgrad_lab.gates.table import GateKind


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
        """The same place in an array that begins ``offset`` elements earlier."""
        return dataclasses.replace(self, base=self.base + offset)

    def looped(self, stride: int, depth: int) -> Self:
        """The same place inside one more loop around ``depth`` loops, ``stride`` an iteration."""
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


_LARGE = 24
"""Wires from which on a circuit takes memory worth a thought: a state of 256 MiB."""

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
        PCPhase: its dimension; PauliRot: a letter of ``"XYZ"`` for each wire; QubitUnitary and
        StatePrep: where its numbers are, in ``Data`` or, as real and imaginary parts, from a
        ``Slot`` on; BasisState: a bit (an ``Integer``) for each wire.
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
class Program:
    """A quantum circuit; see the module's text.

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

    @cached_property
    def words(self) -> np.ndarray:
        """The encoding that the native library reads, i64 (``circuit.ir.encode``)."""
        # Imported here: the encoding is defined over the classes of this module.
        from qgrad_lab.circuit.ir.encode import encode

        return encode(self)

    @cached_property
    def digest(self) -> int:
        """A 64-bit digest of ``words``."""
        raw = hashlib.blake2b(self.words.tobytes(), digest_size=8).digest()
        return int.from_bytes(raw, "little", signed=True)

    def __hash__(self) -> int:
        return self.digest

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Program):
            return NotImplemented
        return self is other or (
            self.digest == other.digest and np.array_equal(self.words, other.words)
        )

    def sizes(self) -> tuple[int, ...]:
        """How many numbers each measurement gives."""
        return tuple(_size(measurement, self.num_wires) for measurement in self.measurements)

    @cached_property
    def num_outputs(self) -> int:
        """Length of the vector of all measured numbers."""
        return sum(self.sizes())

    @property
    def settings(self) -> "tuple[Program, ...]":
        """None: what it measures is exact. ``circuit.ir.sampled`` has the circuits with shots."""
        return ()

    @property
    def may_fail(self) -> bool:
        """Whether it may be refused when it runs: for what it reads, or for want of memory."""
        return self.num_index > 0 or self.num_wires >= _LARGE

    @cached_property
    def shift_rules(self) -> tuple[ShiftRule, ...]:
        """An exact shift rule for each element of theta, valid for all measurements at once."""
        amplitudes = any(isinstance(m, State) for m in self.measurements)
        # A variance holds the square of an expectation value, whose frequencies are sums.
        squares = any(isinstance(m, Var) for m in self.measurements)
        quadratic = squares or any(isinstance(m, Expval | Probs) for m in self.measurements)
        # In coefficients, matrices and states results are polynomials, not waves.
        rules = [QUARTIC_RULE if squares else QUADRATIC_RULE] * self.num_theta
        for gate, loops in walk(self.body):
            if isinstance(gate.angle, Slot):
                frequencies: frozenset[Fraction] = frozenset()
                controlled = bool(gate.controls)
                if quadratic:
                    frequencies = gate.kind.frequencies(controlled=controlled)
                if squares:
                    frequencies |= {a + b for a in frequencies for b in frequencies}
                if amplitudes:
                    frequencies |= gate.kind.frequencies(controlled=controlled, amplitudes=True)
                rule = trigonometric_rule(frequencies)
                for place in places(gate.angle, loops):
                    rules[place] = rule
        return tuple(rules)

    @cached_property
    def has_numbers_in_theta(self) -> bool:
        """Whether a matrix or a state is part of theta."""
        return any(isinstance(extra, Slot) for gate, _ in walk(self.body) for extra in gate.extra)

    @cached_property
    def absorbed(self) -> "Program":
        """The same circuit with data at the end of theta, as real and imaginary parts in turn.

        Then derivatives in theta are derivatives in data too.
        """

        def place(value: Any) -> Any:
            if not isinstance(value, Data):
                return value
            return Slot(self.num_theta + 2 * value.base, tuple(2 * s for s in value.strides))

        return dataclasses.replace(
            self,
            num_theta=self.num_theta + 2 * self.num_data,
            num_data=0,
            body=_with_extras(self.body, place),
        )

    def plan(self, index: Sequence[int] = ()) -> Plan:
        """How the native library evaluates it, for the integers ``index`` that it reads.

        Raises
        ------
        ValueError
            If ``index`` asks for what it cannot do, such as a wire that does not exist.

        Examples
        --------
        The gates and wires that what is measured does not depend on are left out:

        >>> from qgrad_lab.gates.table import GATES
        >>> rotations = tuple(Gate(GATES["RX"], (wire,), Slot(wire)) for wire in range(3))
        >>> z2 = Expval((Term(1.0, ((2, "Z"),)),))
        >>> program = Program(num_wires=3, num_theta=3, body=rotations, measurements=(z2,))
        >>> print(program.plan().text, end="")
        plan on 1 wire (2), 1 of 3 gates {
          pass over 1 slice of 2 amplitudes, wires 2 {
            wire 2: RX(theta[2])
          }
          estimated value: 2 sweeps, 0.000128 MB, 2.8e-05 million operations
          estimated gradient: 5 sweeps, 0.00032 MB, 0.000116 million operations
        }
        """
        return plan(self.words, np.asarray(index, np.int64))

    def __str__(self) -> str:
        from qgrad_lab.circuit.ir.text import program_text

        return program_text(self)

    def __repr__(self) -> str:
        return (
            f"<Program {self.name}: {self.num_wires} wires, {len(self.body)} operations, "
            f"theta f64[{self.num_theta}]>"
        )


def walk(
    body: tuple[Instruction, ...], loops: tuple[int, ...] = ()
) -> Iterator[tuple[Gate, tuple[int, ...]]]:
    """Every gate of ``body`` with the capacities of the loops around it, outermost first."""
    for instruction in body:
        match instruction:
            case Gate():
                yield instruction, loops
            case Repeat(_, capacity, inner):
                yield from walk(inner, (*loops, capacity))
            case Branch(_, bodies):
                for inner in bodies:
                    yield from walk(inner, loops)


def _with_extras(
    body: tuple[Instruction, ...], change: Callable[[Any], Any]
) -> tuple[Instruction, ...]:
    """``body`` with every extra of every gate changed."""
    result: list[Instruction] = []
    for instruction in body:
        match instruction:
            case Gate(extra=extra):
                result.append(dataclasses.replace(instruction, extra=tuple(map(change, extra))))
            case Repeat(body=inner):
                result.append(dataclasses.replace(instruction, body=_with_extras(inner, change)))
            case Branch(bodies=bodies):
                changed = tuple(_with_extras(inner, change) for inner in bodies)
                result.append(dataclasses.replace(instruction, bodies=changed))
    return tuple(result)


def places(position: Position, loops: tuple[int, ...]) -> list[int]:
    """Every value that ``position`` takes in the iterations of ``loops``."""
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
