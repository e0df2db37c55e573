"""PennyLane operations to gates of a Program.

Gates of the table, their controlled forms and adjoints are taken as they are; ``Rot`` becomes its
three rotations; everything else is decomposed by PennyLane before it arrives here.
"""

from typing import Any

import jax
import numpy as np
import pennylane as qml
from pennylane.operation import Operator

from qgrad_lab.circuit.ir.instructions import Gate, Instruction, Integer
from qgrad_lab.circuit.lower.blocks import place as place_region
from qgrad_lab.circuit.lower.blocks import region_of
from qgrad_lab.circuit.lower.operands import Operands
from qgrad_lab.circuit.record.sources import place_of
from qgrad_lab.errors import CompileError
from qgrad_lab.gates.table import CONTROLLED, GATES, PREPARATIONS, GateKind

_NOTHING = frozenset({"Identity", "Barrier", "Snapshot", "WireCut"})
_ROT = (("RZ", 0), ("RY", 1), ("RZ", 2))
"""Rot(phi, theta, omega) = RZ(omega) RY(theta) RZ(phi): in the order in which they are applied."""

# Gates with any number of wires, whose operator holds more than its angle and wires.
_SPECIAL = frozenset({"PauliRot", "PCPhase", "QubitUnitary"})


def _plain_classes() -> dict[type, tuple[GateKind, int]]:
    """Classes of operations that are gates as they stand, and how many controls these have."""
    found = {
        getattr(qml, kind.name): (kind, 0)
        for kind in GATES.values()
        if kind.name not in {*_NOTHING, *_SPECIAL, *PREPARATIONS, "GlobalPhase"}
    }
    for (base, num_controls), name in CONTROLLED.items():
        found[getattr(qml, name)] = (GATES[base], num_controls)
    return found


_PLAIN = _plain_classes()


def is_plain(operation: Operator) -> bool:
    """Whether ``operation`` is a gate as it stands: always native, and no preparation."""
    return type(operation) in _PLAIN


def lower_plain(operation: Operator, wire_map: dict[Any, int], operands: Operands) -> Gate | None:
    """The gate of an operation as circuits mostly consist of, far quicker than `lower`.

    ``None`` for all others, and for all that might be wrong: `lower` tells what it is.
    """
    found = _PLAIN.get(type(operation))
    if found is None:
        return None
    kind, controls = found
    try:
        wires = tuple([wire_map[label] for label in operation.wires.labels])
    except (KeyError, TypeError):  # unknown or traced
        return None
    place = place_of(operation)
    angle = None
    if kind.spectrum is not None:
        angle = operands.plain_angle(operation.data[0])
        if angle is None:
            return None
    if controls:
        values = (True,) * controls
        return Gate(kind, wires[controls:], angle, wires[:controls], values, place=place)
    return Gate(kind, wires, angle, place=place)


def is_native(operation: Operator) -> bool:
    """Whether ``operation`` can be lowered without decomposing it first."""
    if region_of(operation) is not None:
        return True
    if isinstance(operation, qml.ops.Adjoint):
        return is_native(operation.base)
    base = getattr(operation, "base", None)
    if _is_controlled(operation) and base is not None:
        # Lightning has no controlled PauliRot.
        return is_native(base) and _innermost(base).name != "PauliRot" and not _prepares(base)
    return operation.name in GATES or operation.name in _NOTHING or operation.name == "Rot"


def is_preparation(operation: Operator) -> bool:
    """Whether ``operation`` sets the state from data or bits."""
    return _prepares(operation)


def lower(operation: Operator, wire_map: dict[Any, int], operands: Operands) -> list[Instruction]:
    """The instructions of a native ``operation``.

    Parameters
    ----------
    operation
        For which ``is_native`` holds, or a state preparation.
    wire_map
        From wire labels to wires of the Program.
    operands
        Takes the numbers that are known only when the Program runs.

    Returns
    -------
    list of Instruction
        In the order in which they are applied.
    """
    region = region_of(operation)
    if region is not None:
        return list(place_region(region, operands))
    if _prepares(operation):
        return [_preparation(operation, wire_map, operands)]
    controls: list[Integer] = []
    values: list[bool] = []
    adjoint = False
    while True:
        if isinstance(operation, qml.ops.Adjoint):
            adjoint = not adjoint
            operation = operation.base
        elif _is_controlled(operation):
            controls += _wires(operation.control_wires, wire_map, operands)
            values += [bool(value) for value in operation.control_values]
            operation = operation.base
        else:
            break
    shared: dict[str, Any] = {
        "controls": tuple(controls),
        "control_values": tuple(values),
        "adjoint": adjoint,
    }
    name = operation.name
    if name in _NOTHING:
        traced = [label for label in operation.wires if isinstance(label, jax.core.Tracer)]
        return [Gate(GATES["Identity"], _wires([w], wire_map, operands)) for w in traced]
    wires = _wires(operation.wires, wire_map, operands)
    if name == "Rot":
        angles = [operands.angle(value, name) for value in operation.parameters]
        gates: list[Instruction] = [
            Gate(GATES[part], wires, angle=angles[i], **shared) for part, i in _ROT
        ]
        return gates[::-1] if adjoint else gates
    if name in _SPECIAL:
        return [_special(operation, wires, shared, operands)]
    kind = GATES[name]
    if name == "GlobalPhase":
        wires = ()  # it acts on the whole state, whatever wires it was given
    angle = operands.angle(operation.parameters[0], name) if kind.spectrum is not None else None
    return [Gate(kind, wires, angle=angle, **shared)]


def _wires(labels: Any, wire_map: dict[Any, int], operands: Operands) -> tuple[Integer, ...]:
    return tuple(
        operands.integer(label, "A wire") if isinstance(label, jax.core.Tracer) else wire_map[label]
        for label in labels
    )


def _is_controlled(operation: Operator) -> bool:
    return isinstance(operation, qml.ops.Controlled)


def _innermost(operation: Operator) -> Operator:
    while isinstance(operation, qml.ops.Adjoint | qml.ops.Controlled):
        operation = operation.base
    return operation


def _prepares(operation: Operator) -> bool:
    return isinstance(operation, qml.operation.StatePrepBase)


def _special(
    operation: Operator, wires: tuple[Integer, ...], shared: dict[str, Any], operands: Operands
) -> Gate:
    name = operation.name
    kind = GATES[name]
    value = operation.parameters[0]
    if name == "QubitUnitary":
        offset = operands.matrix(value, (2 ** len(wires),) * 2, name)
        return Gate(kind, wires, extra=(offset,), **shared)
    if name == "PCPhase":
        dimension = int(operation.hyperparameters["dimension"][0])
        return Gate(kind, wires, angle=operands.angle(value, name), extra=(dimension,), **shared)
    return _pauli_rot(kind, operation, wires, shared, operands)


def _pauli_rot(
    kind: GateKind,
    operation: Operator,
    wires: tuple[Integer, ...],
    shared: dict[str, Any],
    operands: Operands,
) -> Gate:
    word = operation.hyperparameters["pauli_word"]
    letters = tuple(letter for letter in word if letter != "I")
    acted = tuple(wire for wire, letter in zip(wires, word, strict=True) if letter != "I")
    value = operation.parameters[0]
    if not letters:
        # exp(-i t/2) on every state.
        return Gate(GATES["GlobalPhase"], (), angle=operands.angle(value / 2, "PauliRot"), **shared)
    return Gate(kind, acted, angle=operands.angle(value, "PauliRot"), extra=letters, **shared)


def _preparation(operation: Operator, wire_map: dict[Any, int], operands: Operands) -> Gate:
    wires = _wires(operation.wires, wire_map, operands)
    if isinstance(operation, qml.BasisState):
        return Gate(GATES["BasisState"], wires, extra=operands.bits(operation.parameters[0]))
    state = _amplitudes(operation)
    if np.ndim(state) == 1 and not isinstance(state, jax.core.Tracer):
        norm = float(np.linalg.norm(np.asarray(state)))
        if abs(norm - 1.0) > 1e-8:
            raise CompileError(
                f"{operation.name} was given a state of norm {norm:.6g}; a state has norm 1. "
                "Divide it by its norm, or pass normalize=True."
            )
    return Gate(
        GATES["StatePrep"], wires, extra=(operands.state(state, 2 ** len(wires), operation.name),)
    )


def _amplitudes(operation: Operator) -> Any:
    """The prepared state on the operation's wires, [2^k], or a batch of them."""
    if not isinstance(operation, qml.StatePrep):
        # One dimension a wire, and no parameters that could be a batch.
        return qml.math.reshape(operation.state_vector(), (-1,))
    state = operation.parameters[0]
    return state.toarray()[0] if hasattr(state, "toarray") else state  # SciPy's sparse arrays
