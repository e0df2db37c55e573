"""Molecules: their Hamiltonians on qubits, and circuits of excitations.

The Hamiltonians are those of ``qml.qchem.molecular_hamiltonian`` (Hartree-Fock orbitals, STO-3G,
Jordan-Wigner; energies in hartree), written as numbers into ``hamiltonians/``: H2 with 0.7414
angstrom between its nuclei, whose lowest energy is -1.13727, and LiH with 1.5957, whose lowest
energy is -7.88239.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.circuits import Circuit, Gate, Observable, Parameter, Term

_FOLDER = Path(__file__).parent / "hamiltonians"


def hamiltonian(molecule: str) -> Observable:
    """Of ``"h2"`` (4 wires, 15 terms) or ``"lih"`` (12 wires, 631 terms)."""
    terms = []
    for line in (_FOLDER / f"{molecule}.txt").read_text().splitlines():
        coefficient, word = line.split()
        wires = tuple(wire for wire, letter in enumerate(word) if letter != "I")
        terms.append(Term(float(coefficient), word.replace("I", ""), wires))
    return tuple(terms)


def excitations(electrons: int, wires: int) -> Circuit:
    """The Hartree-Fock state, and every single and double excitation of it that keeps the spin.

    Even wires are orbitals of one spin, odd wires those of the other. The parameters are a vector.
    """
    gates = [Gate("X", (wire,)) for wire in range(electrons)]
    doubles = (("DoubleExcitation", lost + gained) for lost, gained in _moves(2, electrons, wires))
    singles = (("SingleExcitation", lost + gained) for lost, gained in _moves(1, electrons, wires))
    for number, (name, on) in enumerate(itertools.chain(doubles, singles)):
        gates.append(Gate(name, on, Parameter((number,))))
    return tuple(gates)


def _moves(
    count: int, electrons: int, wires: int
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """``count`` occupied orbitals and as many empty ones, with the same total spin."""
    for lost in itertools.combinations(range(electrons), count):
        for gained in itertools.combinations(range(electrons, wires), count):
            if sum(wire % 2 for wire in lost) == sum(wire % 2 for wire in gained):
                yield lost, gained
