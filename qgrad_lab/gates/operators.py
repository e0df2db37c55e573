"""Operators on a few wires: the matrices and generators that rows of the gate table are made of.

An operator on k wires is given by its entries ``<row| A |column>`` between basis states, the first
wire most significant. Sums and products are made in plain Python, so that all machines find the
same digits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

Entries = Mapping[tuple[int, int], complex]
"""An operator by its entries that are not zero."""

PAULI: dict[str, Entries] = {
    "I": {(0, 0): 1, (1, 1): 1},
    "X": {(0, 1): 1, (1, 0): 1},
    "Y": {(0, 1): -1j, (1, 0): 1j},
    "Z": {(0, 0): 1, (1, 1): -1},
}

_TOLERANCE = 1e-14
"""Below it an entry is the rounding error of one that is zero."""


def identity(num_wires: int) -> Entries:
    """Return the identity."""
    return {(state, state): 1 for state in range(2**num_wires)}


def diagonal(*values: complex) -> Entries:
    """Return the operator with these values on its diagonal."""
    return {(state, state): value for state, value in enumerate(values)}


def product(left: Entries, right: Entries) -> Entries:
    """Multiply two operators."""
    result: dict[tuple[int, int], complex] = {}
    for (row, inner), value in left.items():
        for (other, column), factor in right.items():
            if inner == other:
                result[row, column] = result.get((row, column), 0) + value * factor
    return {place: value for place, value in result.items() if abs(value) > _TOLERANCE}


def combination(*terms: tuple[complex, Entries]) -> Entries:
    """Add up operators, each times its coefficient."""
    result: dict[tuple[int, int], complex] = {}
    for coefficient, entries in terms:
        for place, value in entries.items():
            result[place] = result.get(place, 0) + coefficient * value
    return {place: value for place, value in result.items() if abs(value) > _TOLERANCE}


def is_diagonal(entries: Entries) -> bool:
    """Return whether all entries stand on the diagonal."""
    return all(row == column for row, column in entries)


def is_monomial(entries: Entries) -> bool:
    """Return whether every basis state goes to a basis state, up to a factor."""
    rows, columns = zip(*entries, strict=True)
    return len(set(rows)) == len(rows) and len(set(columns)) == len(columns)


def projectors(
    entries: Entries, spectrum: frozenset[Fraction], num_wires: int
) -> dict[Fraction, Entries]:
    """Return the projector on the eigenspace of each eigenvalue.

    They are the Lagrange polynomials of the operator (Sylvester's formula).
    """
    found = {}
    for value in spectrum:
        part = identity(num_wires)
        for other in sorted(spectrum - {value}):
            distance = float(value - other)
            factor = combination((1 / distance, entries), (-other / distance, identity(num_wires)))
            part = product(factor, part)
        found[value] = part
    return found


@dataclass(frozen=True, slots=True)
class Pauli:
    """Generate by ``scale`` times a Pauli word.

    Parameters
    ----------
    letters
        One of ``"XYZ"`` for each wire; of a gate on any number of wires a single one, which stands
        for all of them.
    scale
        The factor.
    """

    letters: str
    scale: Fraction = Fraction(-1, 2)

    form: ClassVar = "pauli"

    @property
    def is_diagonal(self) -> bool:
        """Whether it is diagonal."""
        return set(self.letters) <= {"Z"}

    def spectrum(self, num_wires: int | None) -> frozenset[Fraction]:
        """Return the eigenvalues."""
        return frozenset({self.scale, -self.scale} if self.letters else {self.scale})

    @property
    def entries(self) -> Entries:
        """The word as an operator on as many wires as it has letters."""
        entries: Entries = {(0, 0): 1}
        for letter in self.letters:
            entries = {
                (2 * row + i, 2 * column + j): value * factor
                for (row, column), value in entries.items()
                for (i, j), factor in PAULI[letter].items()
            }
        return entries


@dataclass(frozen=True, slots=True)
class Letters:
    """Generate by -1/2 times the Pauli word that the gate's extra operand spells."""

    form: ClassVar = "letters"
    scale: ClassVar = Fraction(-1, 2)
    is_diagonal: ClassVar = False

    def spectrum(self, num_wires: int | None) -> frozenset[Fraction]:
        """Return the eigenvalues."""
        return frozenset({self.scale, -self.scale})


@dataclass(frozen=True, slots=True)
class Split:
    """Generate by 1 on as many basis states as the gate's dimension says, and by -1 on the rest."""

    form: ClassVar = "split"
    scale: ClassVar = Fraction(1)
    is_diagonal: ClassVar = True

    def spectrum(self, num_wires: int | None) -> frozenset[Fraction]:
        """Return the eigenvalues."""
        return frozenset({self.scale, -self.scale})


@dataclass(frozen=True, slots=True)
class Local:
    """Generate by ``scale`` times a Hermitian operator on a fixed number of wires.

    Parameters
    ----------
    entries
        Those of the operator.
    scale
        The factor.
    """

    entries: Entries
    scale: Fraction = Fraction(1)

    form: ClassVar = "local"

    @property
    def is_diagonal(self) -> bool:
        """Whether it is diagonal."""
        return is_diagonal(self.entries)

    def spectrum(self, num_wires: int | None) -> frozenset[Fraction]:
        """Return the eigenvalues.

        Raises
        ------
        ValueError
            If they are no simple fractions: the frequencies of shift rules have a common period.
        """
        if num_wires is None:
            raise ValueError("an operator with given entries acts on a fixed number of wires")
        matrix = np.zeros((2**num_wires, 2**num_wires), complex)
        for place, value in self.entries.items():
            matrix[place] = float(self.scale) * value
        found = np.linalg.eigvalsh(matrix)
        values = [Fraction(value).limit_denominator(64) for value in found]
        if max(abs(found - np.array(values, float))) > 1e-12:
            raise ValueError(f"the eigenvalues {found} of a generator are no simple fractions")
        return frozenset(values)


Generator = Pauli | Letters | Split | Local
"""``K`` of a gate ``exp(i t K)``."""
