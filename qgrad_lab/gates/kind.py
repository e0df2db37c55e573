"""A row of the gate table, and what follows from it."""

import dataclasses
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal, NamedTuple

from qgrad_lab.gates.operators import (
    Entries,
    Generator,
    Letters,
    Local,
    Split,
    combination,
    identity,
    is_diagonal,
    is_monomial,
    product,
    projectors,
)

Extra = Literal["dimension", "letters", "matrix", "state", "bits"]
"""What a gate may take besides wires and an angle (``circuit.ir.extras``)."""

ANY = None
"""Any number of wires, at least one."""


class Wave(NamedTuple):
    """A term ``cos(f t) A + sin(f t) B`` of a matrix that depends on an angle t."""

    frequency: Fraction
    cosine: Entries
    sine: Entries


@dataclass(frozen=True)
class GateKind:
    """A row of the gate table: the gate ``U(t) = exp(i t K) F``.

    Two kinds are equal if their names are.

    Parameters
    ----------
    name
        PennyLane's name of the operation.
    opcode
        Code in the encoding of a Program: the number of the row, from 1.
    num_wires
        How many wires it acts on besides controls; ``ANY`` for any number, 0 for the whole state.
    generator
        K; ``None`` for a gate without angle.
    matrix
        The entries of F; ``None`` for the identity, or where an operand says what it is. With a
        generator, which is then `Local`, F is its own inverse and commutes with K.
    controlled
        PennyLane's names of the gate with one control, with two, ..., all of them 1.
    extra
        The kind of its extra operand.
    kernel
        What applies it (``Kernel`` in ``engine/native/ir/gate_table.hpp``): ``"lightning"`` for the
        kernel that Lightning has under its name or, where it has none, the matrix of this row.
    takes_controls
        Whether its kernel takes control wires.
    prepares
        Whether it sets the whole state, and can therefore only come first.
    """

    name: str
    opcode: int = dataclasses.field(compare=False)
    num_wires: int | None = dataclasses.field(compare=False)
    _: dataclasses.KW_ONLY
    generator: Generator | None = dataclasses.field(default=None, compare=False)
    matrix: Entries | None = dataclasses.field(default=None, compare=False)
    controlled: tuple[str, ...] = dataclasses.field(default=(), compare=False)
    extra: Extra | None = dataclasses.field(default=None, compare=False)
    kernel: str = dataclasses.field(default="lightning", compare=False)
    takes_controls: bool = dataclasses.field(default=True, compare=False)
    prepares: bool = dataclasses.field(default=False, compare=False)

    def __post_init__(self) -> None:
        fixed, generator = self.matrix, self.generator
        if fixed is None or generator is None:
            return
        # So that U(-t) undoes U(t), and the inverse has the generator -K.
        if not isinstance(generator, Local) or self.num_wires is None:
            raise ValueError(f"{self.name} has a matrix and a generator that is not local")
        left, right = product(fixed, generator.entries), product(generator.entries, fixed)
        if combination((1, left), (-1, right)) or not _is_involution(fixed, self.num_wires):
            raise ValueError(
                f"the matrix of {self.name} "
                "does not commute with its generator, or is not its own inverse"
            )

    @property
    def has_angle(self) -> bool:
        """Whether it takes an angle."""
        return self.generator is not None

    @cached_property
    def spectrum(self) -> frozenset[Fraction]:
        """The eigenvalues of K; none for a gate without angle."""
        return frozenset() if self.generator is None else self.generator.spectrum(self.num_wires)

    @cached_property
    def waves(self) -> tuple[Wave, ...]:
        """The matrix as a function of the angle: ``U(t) = sum cos(f t) A + sin(f t) B``.

        None where it depends on the number of wires or on an operand.
        """
        generator = self.generator
        if generator is None:
            return () if self.matrix is None else (Wave(Fraction(0), self.matrix, {}),)
        if self.num_wires is None or isinstance(generator, Letters | Split):
            return ()
        fixed = identity(self.num_wires) if self.matrix is None else self.matrix
        scaled = combination((float(generator.scale), generator.entries))
        parts = {
            value: product(projector, fixed)
            for value, projector in projectors(scaled, self.spectrum, self.num_wires).items()
        }
        waves = []
        for frequency in sorted({abs(value) for value in parts}):
            ahead, behind = parts.get(frequency, {}), parts.get(-frequency, {})
            if frequency == 0:
                waves.append(Wave(frequency, ahead, {}))
            else:
                cosine = combination((1, ahead), (1, behind))
                waves.append(Wave(frequency, cosine, combination((1j, ahead), (-1j, behind))))
        return tuple(waves)

    @property
    def is_diagonal(self) -> bool:
        """Whether it is diagonal in the computational basis, for every angle."""
        if self.generator is None and self.matrix is None:
            return False
        return (self.generator is None or self.generator.is_diagonal) and (
            self.matrix is None or is_diagonal(self.matrix)
        )

    @property
    def is_monomial(self) -> bool:
        """Whether it takes every basis state to a basis state, up to a phase, for every angle."""
        if self.generator is None and self.matrix is None:
            return False
        return (self.generator is None or self.generator.is_diagonal) and (
            self.matrix is None or is_monomial(self.matrix)
        )

    @property
    def inverts_itself(self) -> bool:
        """Whether applying it twice does nothing."""
        if self.generator is not None or self.matrix is None or self.num_wires is None:
            return False
        return _is_involution(self.matrix, self.num_wires)

    def frequencies(self, *, controlled: bool, amplitudes: bool = False) -> frozenset[Fraction]:
        """Return the frequencies, in 1/radian, with which results depend on the gate's angle.

        Measured numbers depend on it with the differences of the eigenvalues of K, amplitudes with
        their absolute values.

        Parameters
        ----------
        controlled
            Whether the gate has control wires, where K is zero on part of the space.
        amplitudes
            Of the state's amplitudes (``state``), which are linear in U, instead of expectation
            values and probabilities, which are quadratic.

        Returns
        -------
        frozenset of Fraction
            Positive frequencies.
        """
        values = self.spectrum
        if controlled:
            values |= {Fraction(0)}
        if amplitudes:
            return frozenset(abs(value) for value in values if value)
        return frozenset(abs(a - b) for a in values for b in values if a != b)


def _is_involution(matrix: Entries, num_wires: int) -> bool:
    return not combination((1, product(matrix, matrix)), (-1, identity(num_wires)))
