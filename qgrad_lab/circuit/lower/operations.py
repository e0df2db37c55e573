"""Lower PennyLane operations to gates of a Program.

Gates of the table, their controlled forms and adjoints are taken as they are; ``Rot`` becomes its
three rotations; everything else is decomposed by PennyLane before it arrives here.
"""

import dataclasses
from typing import Any

import jax
import pennylane as qml
from pennylane.operation import Operator

from qgrad_lab.circuit.ir.instructions import Gate, Instruction, Integer
from qgrad_lab.circuit.lower.blocks import place as place_region
from qgrad_lab.circuit.lower.blocks import region_of
from qgrad_lab.circuit.lower.extras import lower_with_extra
from qgrad_lab.circuit.lower.matrices import innermost
from qgrad_lab.circuit.lower.operands import Operands
from qgrad_lab.circuit.record.sources import place_of
from qgrad_lab.gates.kind import GateKind
from qgrad_lab.gates.table import CONTROLLED, GATES

_NOTHING = frozenset({"Identity", "Barrier", "Snapshot", "WireCut"})
_UNDRAWN = (qml.Identity, qml.Barrier, qml.Snapshot, qml.WireCut, qml.Rot)
"""Classes that are lowered, and have no row of their own."""

_ROT = (("RZ", 0), ("RY", 1), ("RZ", 2))
"""Rot(phi, theta, omega) = RZ(omega) RY(theta) RZ(phi): in the order in which they are applied."""


def _plain_classes() -> dict[type, tuple[GateKind, int]]:
    """Map operation classes that are gates as they stand to rows and numbers of controls."""
    found = {
        getattr(qml, kind.name): (kind, 0)
        for kind in GATES.values()
        if kind.extra is None and kind.num_wires != 0 and kind.name not in _NOTHING
    }
    for (base, num_controls), name in CONTROLLED.items():
        found[getattr(qml, name)] = (GATES[base], num_controls)
    return found


_PLAIN = _plain_classes()


def is_plain(operation: Operator) -> bool:
    """Return whether ``operation`` is a gate as it stands: always native, and no preparation."""
    return type(operation) in _PLAIN


def lower_plain(operation: Operator, wire_map: dict[Any, int], operands: Operands) -> Gate | None:
    """Lower an operation as circuits mostly consist of, far quicker than `lower`.

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
    if kind.has_angle:
        angle = operands.plain_angle(operation.data[0])
        if angle is None:
            return None
    if controls:
        values = (True,) * controls
        return Gate(kind, wires[controls:], angle, wires[:controls], values, place=place)
    return Gate(kind, wires, angle, place=place)


def is_native(operation: Operator) -> bool:
    """Return whether ``operation`` can be lowered without decomposing it first."""
    if region_of(operation) is not None:
        return True
    if isinstance(operation, qml.ops.Adjoint):
        return is_native(operation.base) and not is_preparation(operation.base)
    base = getattr(operation, "base", None)
    if _is_controlled(operation) and base is not None:
        kind = _row(innermost(base))
        return (
            is_native(base) and (kind is None or kind.takes_controls) and not is_preparation(base)
        )
    return _row(operation) is not None or isinstance(operation, _UNDRAWN)


def _row(operation: Operator) -> GateKind | None:
    """Return the row of a gate, which is no other operator of the same name."""
    is_own = isinstance(operation, getattr(qml, operation.name, ()))
    return GATES.get(operation.name) if is_own else None


def snapshot_of(operation: Operator) -> qml.Snapshot | None:
    """Return the snapshot that ``operation`` is, perhaps in a function under ``qml.adjoint``."""
    operation = innermost(operation)
    return operation if isinstance(operation, qml.Snapshot) else None


def is_preparation(operation: Operator) -> bool:
    """Return whether ``operation`` sets the state from data or bits."""
    return isinstance(operation, qml.operation.StatePrepBase)


def lower(operation: Operator, wire_map: dict[Any, int], operands: Operands) -> list[Instruction]:
    """Lower a native ``operation``.

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
    if is_preparation(operation):
        wires = _wires(operation.wires, wire_map, operands)
        return [lower_with_extra(_preparation(operation), operation, wires, operands)]
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
    kind = GATES[name]
    if kind.extra is not None:
        gate = lower_with_extra(kind, operation, wires, operands)
        return [dataclasses.replace(gate, **shared)]
    if kind.num_wires == 0:
        wires = ()  # it acts on the whole state, whatever wires it was given
    angle = operands.angle(operation.parameters[0], name) if kind.has_angle else None
    return [Gate(kind, wires, angle=angle, **shared)]


def _wires(labels: Any, wire_map: dict[Any, int], operands: Operands) -> tuple[Integer, ...]:
    return tuple(
        operands.integer(label, "A wire") if isinstance(label, jax.core.Tracer) else wire_map[label]
        for label in labels
    )


def _is_controlled(operation: Operator) -> bool:
    return isinstance(operation, qml.ops.Controlled)


def _preparation(operation: Operator) -> GateKind:
    """Return the row of a state preparation: its own, or that of the state it gives."""
    own = "BasisState" if isinstance(operation, qml.BasisState) else "StatePrep"
    return GATES.get(operation.name, GATES[own])
