"""Eigenbases of observables, in which a circuit with shots finds their outcomes."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
from pennylane.operation import Operator
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.ir.instructions import Instruction
from qgrad_lab.circuit.lower.observables import is_traced, known_matrix
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.readout import Readout
from qgrad_lab.circuit.lower.readouts.traced_wires import TracedWire, Wire
from qgrad_lab.errors import CompileError

_MAX_MATRIX_WIRES = 8
"""The change to an eigenbasis is a dense matrix, which is part of the circuit."""


class Eigenbasis(NamedTuple):
    """An observable in its eigenbasis.

    Attributes
    ----------
    wires
        Measured wires, the first most significant.
    basis
        In which they are measured; see ``Outcomes``.
    eigenvalues
        Of each outcome, f64[2^k], known or traced.
    """

    wires: tuple[Wire, ...]
    basis: Any
    eigenvalues: Any

    def outcomes(self, context: Context, each: bool = False) -> Readout:
        """Read how often each eigenstate is found, or ``each`` outcome."""
        return context.read_outcomes(self.wires, self.basis, each)


def spectrum(observable: Operator, context: Context) -> tuple[Readout, Readout]:
    """Read how often each eigenstate of ``observable`` is found, and the eigenvalues."""
    found = eigenbasis(observable, context)
    return found.outcomes(context), context.outputs.keep(found.eigenvalues)


def eigenbasis(observable: Operator, context: Context) -> Eigenbasis:
    """Find the eigenbasis of ``observable``, known or traced.

    Raises
    ------
    CompileError
        If it is not Hermitian, acts on too many wires, or depends on traced values in a way that
        leaves no matrix to diagonalise.
    """
    wires = context.places(observable.wires)
    if len(wires) == 0 or (
        isinstance(observable, qml.Hermitian | qml.SparseHamiltonian) or is_traced(observable)
    ):
        return _diagonalised(observable, wires, context)
    with qml.QueuingManager.stop_recording(), jax.ensure_compile_time_eval():
        gates = observable.diagonalizing_gates()
        eigenvalues = np.asarray(observable.eigvals())
    if np.max(np.abs(np.imag(eigenvalues))) > 1e-10 * max(1.0, np.max(np.abs(eigenvalues))):
        raise CompileError(f"The observable {observable} is not Hermitian: it cannot be sampled.")
    basis = _lowered(gates, context) if gates else "Z" * len(wires)
    return Eigenbasis(wires, basis, np.real(eigenvalues))


def _diagonalised(observable: Operator, wires: tuple[Wire, ...], context: Context) -> Eigenbasis:
    """Find the eigenbasis from the eigenvectors of the matrix."""
    if is_traced(observable) and not isinstance(observable, qml.Hermitian):
        raise CompileError(
            f"{observable} cannot be sampled as a whole: its eigenbasis depends on traced values. "
            "With shots, use its expectation value, or qml.Hermitian of its matrix."
        )
    if not 1 <= len(wires) <= _MAX_MATRIX_WIRES:
        raise CompileError(
            f"The observable {observable} acts on {len(wires)} wires; with shots, an observable "
            f"that is not made of Pauli operators acts on 1 to {_MAX_MATRIX_WIRES}. Use a sum of "
            "Pauli words."
        )
    matrix = known_matrix(observable)
    if isinstance(matrix, jax.core.Tracer):
        eigenvalues, vectors = jnp.linalg.eigh(matrix.astype(jnp.complex128))
    else:
        dense = matrix.toarray() if isinstance(observable, qml.SparseHamiltonian) else matrix
        if not np.allclose(dense, dense.conj().T):
            raise CompileError(
                f"The observable {observable} is not Hermitian: it cannot be sampled."
            )
        eigenvalues, vectors = np.linalg.eigh(dense)
    with qml.QueuingManager.stop_recording():
        gate = qml.QubitUnitary(vectors.conj().T, wires=observable.wires, unitary_check=False)
    return Eigenbasis(wires, _lowered([gate], context), eigenvalues)


def _lowered(gates: list[Operator], context: Context) -> tuple[Instruction, ...]:
    """Lower a change of basis, in which traced wires are labels."""
    traced = {
        wire: wire.value for gate in gates for wire in gate.wires if isinstance(wire, TracedWire)
    }
    if traced:
        gates = [gate.map_wires(traced) for gate in gates]
    return context.lower_gates(QuantumScript(gates))
