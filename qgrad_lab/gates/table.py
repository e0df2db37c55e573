"""The one table of gates: a gate of a Program is one row.

``python -m qgrad_lab.gates`` makes the C++ table, ``engine/native/ir/gates.inc``, of these rows.
"""

import math
from fractions import Fraction

from qgrad_lab.gates.kind import ANY, GateKind
from qgrad_lab.gates.operators import PAULI, Entries, Letters, Local, Pauli, Split, diagonal

_HALF = Fraction(1, 2)
_ROOT = math.sqrt(0.5)
_HADAMARD: Entries = {(0, 0): _ROOT, (0, 1): _ROOT, (1, 0): _ROOT, (1, 1): -_ROOT}
_SX: Entries = {
    (0, 0): 0.5 + 0.5j,
    (0, 1): 0.5 - 0.5j,
    (1, 0): 0.5 - 0.5j,
    (1, 1): 0.5 + 0.5j,
}
_SWAP: Entries = {(0, 0): 1, (1, 2): 1, (2, 1): 1, (3, 3): 1}


def _excitation(num_wires: int, low: int, high: int, others: int = 0) -> Local:
    """Rotate the pair ``|low>``, ``|high>`` by [[c, -s], [s, c]], which is exp(-i t/2 Y) on it.

    The Minus and Plus forms put a phase exp(-i t/2 ``others``) on every other basis state.
    """
    entries: dict[tuple[int, int], complex] = {(low, high): -1j, (high, low): 1j}
    if others:
        rest = set(range(2**num_wires)) - {low, high}
        entries |= {(state, state): others for state in sorted(rest)}
    return Local(entries, -_HALF)


_ROWS = [
    GateKind("PauliX", 1, 1, matrix=PAULI["X"], controlled=("CNOT", "Toffoli")),
    GateKind("PauliY", 2, 1, matrix=PAULI["Y"], controlled=("CY",)),
    GateKind("PauliZ", 3, 1, matrix=PAULI["Z"], controlled=("CZ", "CCZ")),
    GateKind("Hadamard", 4, 1, matrix=_HADAMARD, controlled=("CH",)),
    GateKind("S", 5, 1, matrix=diagonal(1, 1j)),
    GateKind("SX", 6, 1, matrix=_SX),
    GateKind("T", 7, 1, matrix=diagonal(1, _ROOT + _ROOT * 1j)),
    GateKind(
        "PhaseShift", 8, 1, generator=Local({(1, 1): 1}), controlled=("ControlledPhaseShift",)
    ),
    GateKind("RX", 9, 1, generator=Pauli("X"), controlled=("CRX",)),
    GateKind("RY", 10, 1, generator=Pauli("Y"), controlled=("CRY",)),
    GateKind("RZ", 11, 1, generator=Pauli("Z"), controlled=("CRZ",)),
    GateKind("SWAP", 12, 2, matrix=_SWAP, controlled=("CSWAP",)),
    GateKind("IsingXX", 13, 2, generator=Pauli("XX")),
    GateKind("IsingXY", 14, 2, generator=Local({(1, 2): 1, (2, 1): 1}, _HALF)),
    GateKind("IsingYY", 15, 2, generator=Pauli("YY")),
    GateKind("IsingZZ", 16, 2, generator=Pauli("ZZ")),
    GateKind("SingleExcitation", 17, 2, generator=_excitation(2, 1, 2)),
    GateKind("SingleExcitationMinus", 18, 2, generator=_excitation(2, 1, 2, others=1)),
    GateKind("SingleExcitationPlus", 19, 2, generator=_excitation(2, 1, 2, others=-1)),
    GateKind("DoubleExcitation", 20, 4, generator=_excitation(4, 3, 12)),
    GateKind("DoubleExcitationMinus", 21, 4, generator=_excitation(4, 3, 12, others=1)),
    GateKind("DoubleExcitationPlus", 22, 4, generator=_excitation(4, 3, 12, others=-1)),
    # A phase on the swapped pair: its generator commutes with the swap.
    GateKind("PSWAP", 23, 2, generator=Local({(1, 1): 1, (2, 2): 1}), matrix=_SWAP),
    GateKind("MultiRZ", 24, ANY, generator=Pauli("Z")),
    # Lightning's controlled GlobalPhase looks for a wire that is not a control and finds none where
    # all wires are; its PCPhase builds a dense matrix of 4^wires elements.
    GateKind("GlobalPhase", 25, 0, generator=Pauli("", Fraction(-1)), kernel="phases"),
    GateKind("PCPhase", 26, ANY, generator=Split(), extra="dimension", kernel="phases"),
    GateKind(
        "PauliRot",
        27,
        ANY,
        generator=Letters(),
        extra="letters",
        kernel="pauli_rot",
        takes_controls=False,
    ),
    GateKind("QubitUnitary", 28, ANY, extra="matrix", kernel="matrix"),
    GateKind(
        "BasisState", 29, ANY, extra="bits", kernel="bits", takes_controls=False, prepares=True
    ),
    GateKind(
        "StatePrep", 30, ANY, extra="state", kernel="state", takes_controls=False, prepares=True
    ),
    # For wires that are known only when the Program runs, which it checks.
    GateKind("Identity", 31, 1, matrix=PAULI["I"], kernel="nothing"),
]

GATES: dict[str, GateKind] = {row.name: row for row in _ROWS}
"""By PennyLane's name."""

CONTROLLED = {
    (row.name, count): name for row in _ROWS for count, name in enumerate(row.controlled, start=1)
}
"""PennyLane's name of a gate with so many controls, all of them 1."""
