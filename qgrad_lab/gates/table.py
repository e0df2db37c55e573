"""The one table of gates: every operation of a Program, its code, wires, angle and spectrum.

A gate with an angle is ``U(t) = exp(i t K)``. ``spectrum`` holds the eigenvalues of ``K``; measured
numbers depend on the angle with their differences as frequencies, amplitudes with their absolute
values. ``opcode`` is the code that ``engine/native/ir/program.hpp`` gives the same gate.
"""

from dataclasses import dataclass
from fractions import Fraction

_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class GateKind:
    """A row of the table.

    Parameters
    ----------
    name
        PennyLane's name of the operation.
    opcode
        Code in the encoding of a Program.
    num_wires
        How many wires it acts on besides controls; ``None`` for any number.
    spectrum
        Eigenvalues of K in ``U(t) = exp(i t K)``; ``None`` for an operation without angle.
    """

    name: str
    opcode: int
    num_wires: int | None
    spectrum: frozenset[Fraction] | None = None

    def frequencies(self, *, controlled: bool, amplitudes: bool = False) -> frozenset[Fraction]:
        """Frequencies, in 1/radian, with which results depend on the gate's angle.

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
        values = self.spectrum or frozenset()
        if controlled:
            values |= {Fraction(0)}
        if amplitudes:
            return frozenset(abs(value) for value in values if value)
        return frozenset(abs(a - b) for a in values for b in values if a != b)


def _spectrum(*values: Fraction | int) -> frozenset[Fraction]:
    return frozenset(Fraction(value) for value in values)


_PAULI = _spectrum(-_HALF, _HALF)
_PROJECTOR = _spectrum(0, 1)
_EXCITATION = _spectrum(-_HALF, 0, _HALF)

_ROWS = [
    GateKind("PauliX", 1, 1),
    GateKind("PauliY", 2, 1),
    GateKind("PauliZ", 3, 1),
    GateKind("Hadamard", 4, 1),
    GateKind("S", 5, 1),
    GateKind("SX", 6, 1),
    GateKind("T", 7, 1),
    GateKind("PhaseShift", 8, 1, _PROJECTOR),
    GateKind("RX", 9, 1, _PAULI),
    GateKind("RY", 10, 1, _PAULI),
    GateKind("RZ", 11, 1, _PAULI),
    GateKind("SWAP", 12, 2),
    GateKind("IsingXX", 13, 2, _PAULI),
    GateKind("IsingXY", 14, 2, _EXCITATION),
    GateKind("IsingYY", 15, 2, _PAULI),
    GateKind("IsingZZ", 16, 2, _PAULI),
    GateKind("SingleExcitation", 17, 2, _EXCITATION),
    GateKind("SingleExcitationMinus", 18, 2, _PAULI),
    GateKind("SingleExcitationPlus", 19, 2, _PAULI),
    GateKind("DoubleExcitation", 20, 4, _EXCITATION),
    GateKind("DoubleExcitationMinus", 21, 4, _PAULI),
    GateKind("DoubleExcitationPlus", 22, 4, _PAULI),
    # PSWAP(t) is a fixed swap times exp(i t K), K the projector on the swapped pair.
    GateKind("PSWAP", 23, 2, _PROJECTOR),
    GateKind("MultiRZ", 24, None, _PAULI),
    GateKind("GlobalPhase", 25, None, _spectrum(-1)),
    GateKind("PCPhase", 26, None, _spectrum(-1, 1)),
    GateKind("PauliRot", 27, None, _PAULI),
    GateKind("QubitUnitary", 28, None),
    GateKind("BasisState", 29, None),
    GateKind("StatePrep", 30, None),
    # For wires that are known only when the Program runs, which it checks.
    GateKind("Identity", 31, 1),
]

GATES: dict[str, GateKind] = {row.name: row for row in _ROWS}
"""By PennyLane's name."""

CONTROLLED = {
    ("PauliX", 1): "CNOT",
    ("PauliY", 1): "CY",
    ("PauliZ", 1): "CZ",
    ("Hadamard", 1): "CH",
    ("RX", 1): "CRX",
    ("RY", 1): "CRY",
    ("RZ", 1): "CRZ",
    ("PhaseShift", 1): "ControlledPhaseShift",
    ("SWAP", 1): "CSWAP",
    ("PauliX", 2): "Toffoli",
    ("PauliZ", 2): "CCZ",
}
"""PennyLane's name of a gate with so many controls, all of them 1."""

PREPARATIONS = frozenset({"BasisState", "StatePrep"})
"""Operations that set the state and can therefore only come first."""
