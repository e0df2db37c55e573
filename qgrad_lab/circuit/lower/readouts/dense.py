"""Apply operators to amplitudes in JAX, for observables that are no short sum of Pauli words."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
from pennylane.operation import Operator

from qgrad_lab.circuit.lower.observables import (
    known_matrix,
    not_hermitian,
    projector_ket,
    scalar_of,
)
from qgrad_lab.circuit.lower.readouts.readout import Measured, Outputs
from qgrad_lab.circuit.lower.readouts.traced_wires import Wire, matrix_at, state_of, wires_of
from qgrad_lab.errors import CompileError

_MAX_DENSE_WIRES = 12
"""A dense matrix on more wires takes over 1 GB."""

Apply = Callable[[Measured, jax.Array], jax.Array]
"""From amplitudes c128[2^n] to the amplitudes after an operator is applied."""


def operator(op: Operator, wire_map: dict[Any, int], outputs: Outputs) -> Apply:
    """Return the action of ``op``, of any size, on amplitudes.

    Parameters
    ----------
    op
        With known or traced parameters.
    wire_map
        From wire labels to wires of the Program.
    outputs
        Takes traced parameters.

    Raises
    ------
    CompileError
        If ``op`` has no matrix or one that is too large, or is known not to be Hermitian.
    """
    match op:
        case qml.ops.Sum():
            return _sum([operator(operand, wire_map, outputs) for operand in op.operands])
        case qml.ops.Prod():
            return _product([operator(operand, wire_map, outputs) for operand in op.operands])
        case qml.ops.SProd():
            base = operator(op.base, wire_map, outputs)
            scalar = outputs.keep(scalar_of(op))
            return lambda measured, psi: scalar(measured) * base(measured, psi)
        case qml.Identity():
            return lambda _, psi: psi
        case qml.SparseHamiltonian():
            return _sparse(op, wires_of(op.wires, wire_map, outputs))
        case qml.Projector():
            return _projector(op, wires_of(op.wires, wire_map, outputs), outputs)
        case _:
            return _dense(op, wires_of(op.wires, wire_map, outputs), outputs)


def matrix_operator(matrix: Any, wires: tuple[Wire, ...], outputs: Outputs) -> Apply:
    """Return the action of a dense ``matrix``, known or traced, on ``wires``."""
    read = outputs.keep(matrix)
    return lambda measured, psi: _on(wires, psi, measured, lambda columns: read(measured) @ columns)


def _sum(parts: list[Apply]) -> Apply:
    return lambda measured, psi: sum(
        (part(measured, psi) for part in parts), start=jnp.zeros_like(psi)
    )


def _product(factors: list[Apply]) -> Apply:
    def apply(measured: Measured, psi: jax.Array) -> jax.Array:
        for factor in reversed(factors):
            psi = factor(measured, psi)
        return psi

    return apply


def _sparse(op: Operator, wires: tuple[Wire, ...]) -> Apply:
    matrix = op.sparse_matrix()
    difference = matrix - matrix.conj().T
    if abs(difference).max() > 1e-12 * max(1.0, abs(matrix).max()):
        raise not_hermitian(op)
    entries = matrix.tocoo()

    def apply(measured: Measured, psi: jax.Array) -> jax.Array:
        def multiply(columns: jax.Array) -> jax.Array:
            products = entries.data[:, None] * columns[entries.col]
            return jnp.zeros_like(columns).at[entries.row].add(products)

        return _on(wires, psi, measured, multiply)

    return apply


def _projector(op: Operator, wires: tuple[Wire, ...], outputs: Outputs) -> Apply:
    ket = outputs.keep(projector_ket(op))

    def apply(measured: Measured, psi: jax.Array) -> jax.Array:
        vector = ket(measured)
        return _on(wires, psi, measured, lambda columns: jnp.outer(vector, vector.conj() @ columns))

    return apply


def _dense(op: Operator, wires: tuple[Wire, ...], outputs: Outputs) -> Apply:
    if len(wires) > _MAX_DENSE_WIRES:
        raise CompileError(
            f"The observable {op.name} acts on {len(wires)} wires; the dense matrix of an "
            f"observable may act on {_MAX_DENSE_WIRES}. Use a sum of Pauli words, or "
            "qml.SparseHamiltonian."
        )
    matrix = known_matrix(op)
    known = not isinstance(matrix, jax.core.Tracer)
    if isinstance(op, qml.Hermitian) and known and not np.allclose(matrix, matrix.conj().T):
        raise not_hermitian(op)
    return matrix_operator(matrix, wires, outputs)


def _on(
    wires: tuple[Wire, ...],
    psi: jax.Array,
    measured: Measured,
    change: Callable[[jax.Array], jax.Array],
) -> jax.Array:
    """Apply ``change`` to the state with basis states of ``wires`` as rows, c128[2^k, 2^(n-k)]."""
    return state_of(change(matrix_at(psi, wires, measured)), wires, measured)
