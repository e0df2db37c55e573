"""Define the Program, the intermediate representation of a quantum circuit.

A Program is immutable, hashable and printable. All classical arithmetic happens before it runs; it
reads its numbers from three arrays: ``theta`` (f64[P], gate angles and coefficients of
observables), ``index`` (i64[K], integers known only when it runs) and ``data`` (c128[D], matrices
and states).

>>> from qgrad_lab.circuit.ir.instructions import Expval, Gate, Probs, Slot, Term
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
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from qgrad_lab.circuit.ir.encode import encode
from qgrad_lab.circuit.ir.instructions import (
    Data,
    Definition,
    Expval,
    Gate,
    Probs,
    Slot,
    State,
    Var,
    places,
    walk,
    with_extras,
)
from qgrad_lab.circuit.ir.rewrite import inverse
from qgrad_lab.circuit.ir.text import program_text
from qgrad_lab.engine.plans import Plan, plan
from qgrad_lab.engine.shift_rules import (
    QUADRATIC_RULE,
    QUARTIC_RULE,
    ShiftRule,
    trigonometric_rule,
)
from qgrad_lab.gates.table import GATES

_LARGE = 24
"""Wires from which on a circuit takes memory worth a thought: a state of 256 MiB."""


@dataclass(frozen=True, eq=False)
class Program(Definition):
    """Run as one call of the native library: an immutable, hashable, printable quantum circuit.

    Two Programs that differ in their names alone are equal. The fields are those of `Definition`.
    """

    @cached_property
    def words(self) -> np.ndarray:
        """The encoding that the native library reads, i64 (``circuit.ir.encode``)."""
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
    def has_matrices_in_theta(self) -> bool:
        """Whether a matrix is part of theta."""
        return any(
            isinstance(extra, Slot)
            for gate, _ in walk(self.body)
            if not gate.kind.prepares
            for extra in gate.extra
        )

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
            body=with_extras(self.body, place),
        )

    @cached_property
    def undone(self) -> "Program | None":
        """The Program that undoes this one, if it takes a state in data to a state."""
        if self.measurements != (State(),) or not self._begins_with_data:
            return None
        begin, *rest = self.body
        others = [extra for gate, _ in walk(tuple(rest)) for extra in gate.extra]
        if self.num_data != 2**self.num_wires or any(isinstance(each, Data) for each in others):
            return None
        return dataclasses.replace(self, body=(begin, *inverse(tuple(rest))))

    @property
    def _begins_with_data(self) -> bool:
        first = self.body[0] if self.body else None
        return (
            isinstance(first, Gate)
            and first.kind is GATES["StatePrep"]
            and first.wires == tuple(range(self.num_wires))
            and first.extra == (Data(0),)
        )

    @cached_property
    def state_in_theta(self) -> range:
        """Which elements of theta are the amplitudes that it begins with, as real numbers."""
        first = self.body[0] if self.body else None
        if not isinstance(first, Gate) or not first.kind.prepares or not first.extra:
            return range(0)
        (begin, *_) = first.extra
        if not isinstance(begin, Slot):
            return range(0)
        return range(begin.base, begin.base + 2 * 2 ** len(first.wires))

    def plan(self, index: Sequence[int] = ()) -> Plan:
        """Return the plan by which the native library evaluates it, given the integers ``index``.

        Raises
        ------
        ValueError
            If ``index`` asks for what it cannot do, such as a wire that does not exist.

        Examples
        --------
        The gates and wires that what is measured does not depend on are left out:

        >>> from qgrad_lab.circuit.ir.instructions import Expval, Gate, Slot, Term
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
        return program_text(self)

    def __repr__(self) -> str:
        return (
            f"<Program {self.name}: {self.num_wires} wires, {len(self.body)} operations, "
            f"theta f64[{self.num_theta}]>"
        )
