"""Find the extra operand of a gate in an operator of PennyLane.

One function for each kind of extra operand, whose text, words and checks are those of the class
of the same name in ``circuit.ir.extras``.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pennylane as qml
from pennylane.operation import Operator

from qgrad_lab.circuit.ir.instructions import Gate, Integer
from qgrad_lab.circuit.lower.operands import Operands
from qgrad_lab.errors import CompileError
from qgrad_lab.gates.kind import Extra, GateKind
from qgrad_lab.gates.table import GATES

Wires = tuple[Integer, ...]


def lower_with_extra(kind: GateKind, operation: Operator, wires: Wires, operands: Operands) -> Gate:
    """Lower an operation whose row of the table asks for an extra operand.

    Parameters
    ----------
    kind
        The row.
    operation
        Without controls, and no adjoint.
    wires
        Those of the operation, as wires of the Program.
    operands
        Takes the numbers that are known only when the Program runs.
    """
    assert kind.extra is not None
    return _LOWERINGS[kind.extra](kind, operation, wires, operands)


def _angle(kind: GateKind, operation: Operator, operands: Operands) -> Any:
    return operands.angle(operation.parameters[0], operation.name) if kind.has_angle else None


def _dimension(kind: GateKind, operation: Operator, wires: Wires, operands: Operands) -> Gate:
    dimension = int(operation.hyperparameters["dimension"][0])
    return Gate(kind, wires, angle=_angle(kind, operation, operands), extra=(dimension,))


def _letters(kind: GateKind, operation: Operator, wires: Wires, operands: Operands) -> Gate:
    word = operation.hyperparameters["pauli_word"]
    letters = tuple(letter for letter in word if letter != "I")
    acted = tuple(wire for wire, letter in zip(wires, word, strict=True) if letter != "I")
    if not letters:
        # exp(-i t/2) on every state.
        angle = operands.angle(operation.parameters[0] / 2, operation.name)
        return Gate(GATES["GlobalPhase"], (), angle=angle)
    return Gate(kind, acted, angle=_angle(kind, operation, operands), extra=letters)


def _matrix(kind: GateKind, operation: Operator, wires: Wires, operands: Operands) -> Gate:
    shape = (2 ** len(wires),) * 2
    place = operands.matrix(operation.parameters[0], shape, operation.name)
    return Gate(kind, wires, extra=(place,))


def _bits(kind: GateKind, operation: Operator, wires: Wires, operands: Operands) -> Gate:
    return Gate(kind, wires, extra=operands.bits(operation.parameters[0]))


def _state(kind: GateKind, operation: Operator, wires: Wires, operands: Operands) -> Gate:
    state = _amplitudes(operation)
    if np.ndim(state) == 1 and not isinstance(state, jax.core.Tracer):
        norm = float(np.linalg.norm(np.asarray(state)))
        if abs(norm - 1.0) > 1e-8:
            raise CompileError(
                f"{operation.name} was given a state of norm {norm:.6g}; a state has norm 1. "
                "Divide it by its norm, or pass normalize=True."
            )
    return Gate(kind, wires, extra=(operands.state(state, 2 ** len(wires), operation.name),))


def _amplitudes(operation: Operator) -> Any:
    """Return the prepared state on the operation's wires, [2^k], or a batch of them."""
    if not isinstance(operation, qml.StatePrep):
        # One dimension a wire, and no parameters that could be a batch.
        return qml.math.reshape(operation.state_vector(), (-1,))
    state = operation.parameters[0]
    return state.toarray()[0] if hasattr(state, "toarray") else state  # SciPy's sparse arrays


_LOWERINGS: dict[Extra, Callable[[GateKind, Operator, Wires, Operands], Gate]] = {
    "dimension": _dimension,
    "letters": _letters,
    "matrix": _matrix,
    "state": _state,
    "bits": _bits,
}
