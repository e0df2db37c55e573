"""Make gates of operators that have a matrix, and no decomposition that can be traced.

Their matrix, known or traced, becomes that of a ``QubitUnitary``, which has all derivatives, all
controls and an adjoint.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
from pennylane.operation import Operator

from qgrad_lab.circuit.lower.matrix_functions import exponential, power, root
from qgrad_lab.circuit.lower.operands import BroadcastNeeded
from qgrad_lab.errors import CompileError

MAX_WIRES = 10
"""On 10 wires a matrix takes 16 MB, and its gradient several times as much. With two wires more it
takes 16 times the memory, and an exponential 64 times the time."""

_UNITARY = 1e-8
"""How far U^dagger U of a known matrix may be from 1; the engine asks for as much."""

_UNTRACEABLE = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
    qml.exceptions.DecompositionUndefinedError,
    NotImplementedError,
)
"""Errors of decompositions that ask for numbers where there are traced values."""

_NO_GATES = (qml.ops.Sum, qml.ops.SProd, qml.Hermitian, qml.Projector, qml.SparseHamiltonian)
"""Operators whose matrix is unitary in exceptional cases only."""


def parts(operation: Operator) -> list[Operator]:
    """Decompose ``operation`` once, or return the gate of its matrix.

    Raises
    ------
    CompileError
        If it has neither a decomposition that can be traced nor a matrix of a gate.
    """
    inner = innermost(operation)
    try:
        if (
            isinstance(inner, qml.SpecialUnitary)  # it tests its angles
            or _has_another_name(inner)
            or not inner.has_decomposition
            or not operation.has_decomposition
        ):
            return [_gate(operation)]
        decomposed = operation.decomposition()
    except _UNTRACEABLE:
        return [_gate(operation)]
    # The power of an exponential is one operator, and no list.
    return [decomposed] if isinstance(decomposed, Operator) else list(decomposed)


def innermost(operation: Operator) -> Operator:
    """Return what ``operation`` is the adjoint or a controlled form of; else itself."""
    while isinstance(operation, qml.ops.Adjoint | qml.ops.Controlled):
        operation = operation.base
    return operation


def _has_another_name(operation: Operator) -> bool:
    """Return whether the name is that of another class, by which PennyLane finds decompositions."""
    other = getattr(qml, operation.name, None)
    if not isinstance(other, type) or isinstance(operation, other):
        return False
    own = type(operation).compute_decomposition is not Operator.compute_decomposition
    return operation.has_matrix and not own


def has_batch(operation: Operator) -> bool:
    """Return whether PennyLane knows that ``operation`` was given a batch of parameters."""
    # It knows nothing of exponentials, whose gates have the batch.
    return not isinstance(innermost(operation), qml.ops.Exp) and operation.batch_size is not None


def _gate(operation: Operator) -> Operator:
    """Return the gate of the matrix of ``operation``, which may be controlled or an adjoint."""
    if isinstance(operation, qml.ops.Adjoint):
        return qml.ops.Adjoint(_gate(operation.base))
    if isinstance(operation, qml.ops.Controlled):
        return qml.ops.Controlled(
            _gate(operation.base), operation.control_wires, operation.control_values
        )
    if len(operation.wires) > MAX_WIRES:
        raise CompileError(
            f"The gate {operation.name} acts on {len(operation.wires)} wires and is applied as a "
            f"matrix, which may act on {MAX_WIRES}: it has no decomposition into gates. Give it "
            "one, or for a time evolution use qml.TrotterProduct or qml.ApproxTimeEvolution."
        )
    if has_batch(operation):
        raise BroadcastNeeded
    matrix = _matrix(operation)
    _check_unitary(operation, matrix)
    return qml.QubitUnitary(matrix, wires=operation.wires, unitary_check=False)


def _matrix(operation: Operator) -> Any:
    """Return the matrix of ``operation`` on its wires, NumPy's if it is known."""
    match operation:
        case qml.ops.Exp():
            return _exponential(_known(operation.coeff), _matrix(operation.base))
        case qml.ops.Pow():
            return _power(operation)
        case qml.BlockEncode():
            return _block_encoding(operation.data[0], operation.hyperparameters["subspace"])
    try:
        # Arrays of JAX that are known stay known.
        with jax.ensure_compile_time_eval():
            return _known(operation.matrix())
    except qml.exceptions.MatrixUndefinedError as error:
        raise CompileError(
            f"Operator {operation} not supported with qgrad_lab and does not provide a "
            "decomposition or a matrix. Give its class compute_decomposition or compute_matrix."
        ) from error


def _exponential(factor: Any, base: Any) -> Any:
    """Return the exponential of ``factor * base``, for a batch of factors one for each of them."""
    if np.ndim(factor) == 0:
        return exponential(factor, base)
    rows = [exponential(one, base) for one in factor]
    return jnp.stack(rows) if isinstance(factor, jax.core.Tracer) else np.stack(rows)


def _power(operation: qml.ops.Pow) -> Any:
    base, exponent = _matrix(operation.base), _known(operation.z)
    known = not isinstance(exponent, jax.core.Tracer)
    if known and exponent == int(exponent):
        count = int(exponent)
        base = base.conj().T if count < 0 else base  # it is unitary
        namespace: Any = jnp if isinstance(base, jax.core.Tracer) else np
        return namespace.linalg.matrix_power(base, abs(count))
    if isinstance(base, jax.core.Tracer):
        raise CompileError(
            f"{operation} is a fractional power of a gate that depends on traced values, which "
            "has no derivative in general. Use a rotation with a scaled angle, qml.exp of its "
            "generator, or an integer power."
        )
    _check_unitary(operation.base, base)
    return power(base, exponent)


def _block_encoding(block: Any, subspace: tuple[int, ...]) -> Any:
    """Return ``[[A, (1 - A A^+)^1/2], [(1 - A^+ A)^1/2, -A^+]]``, and 1 on other basis states."""
    if not isinstance(block, jax.core.Tracer):
        block = np.asarray(block.toarray() if hasattr(block, "toarray") else block)
    block = jnp.asarray(block, jnp.complex128)
    adjoint = block.conj().T
    rows, columns = block.shape
    with jax.ensure_compile_time_eval():
        encoded = jnp.block(
            [
                [block, root(jnp.eye(rows) - block @ adjoint)],
                [root(jnp.eye(columns) - adjoint @ block), -adjoint],
            ]
        )
        rest = subspace[2] - rows - columns
        encoded = jax.scipy.linalg.block_diag(encoded, jnp.eye(rest)) if rest else encoded
    return _known(encoded)


def _known(value: Any) -> Any:
    """Return arrays of JAX that are known as NumPy's."""
    if isinstance(value, jax.Array) and not isinstance(value, jax.core.Tracer):
        return np.asarray(value)
    return value


def _check_unitary(operation: Operator, matrix: Any) -> None:
    if isinstance(matrix, jax.core.Tracer):
        is_gate = not isinstance(operation, _NO_GATES)
        if isinstance(operation, qml.ops.Exp) and not isinstance(operation, qml.ops.Evolution):
            is_gate = jnp.iscomplexobj(operation.coeff) or not isinstance(
                operation.coeff, jax.core.Tracer
            )
    else:
        error = np.swapaxes(matrix.conj(), -1, -2) @ matrix - np.eye(matrix.shape[-1])
        is_gate = bool(np.max(np.abs(error), initial=0.0) <= _UNITARY)
    if not is_gate:
        raise CompileError(
            f"{operation} stands in a circuit as a gate, and is not unitary. Measure an observable "
            "H with qml.expval(H), evolve by it with qml.evolve(H, t), and do not leave an "
            "operator that was made and not used in the quantum function."
        )
