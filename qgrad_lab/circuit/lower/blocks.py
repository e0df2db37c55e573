"""Parts of a circuit that run several times, or not at all: bodies of loops and branches.

A region is captured as a circuit is: the user's function runs once, its operations become
instructions, and the numbers they read become arrays of the region. What contains the region then
moves its positions: into larger arrays, and into loops.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import pennylane as qml

from qgrad_lab.circuit.ir.instructions import (
    Branch,
    Gate,
    Index,
    Instruction,
    Integer,
    Position,
    Repeat,
    Slot,
)
from qgrad_lab.circuit.ir.text import gate_text
from qgrad_lab.circuit.lower.operands import Operands
from qgrad_lab.errors import CompileError
from qgrad_lab.gates.table import GATES

Body = tuple[Instruction, ...]


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Lengths of theta, index and data, or distances in them."""

    theta: int = 0
    index: int = 0
    data: int = 0

    def of(self, position: Position) -> int:
        """The one for the array that ``position`` is in."""
        match position:
            case Slot():
                return self.theta
            case Index():
                return self.index
            case _:
                return self.data


def moved(body: Body, offset: Sizes) -> Body:
    """``body`` for arrays in which its own begin at ``offset``."""
    return _map(body, lambda position, _: position.moved(offset.of(position)), 0)


def looped(body: Body, strides: Sizes) -> Body:
    """``body`` inside one more loop that has ``strides`` new elements for each iteration."""
    return _map(body, lambda position, depth: position.looped(strides.of(position), depth), 0)


def inverse(body: Body) -> Body:
    """The inverse of ``body``."""
    result: list[Instruction] = []
    for instruction in reversed(body):
        match instruction:
            case Gate():
                result.append(dataclasses.replace(instruction, adjoint=not instruction.adjoint))
            case Repeat(_, _, inner, reverse):
                result.append(
                    dataclasses.replace(instruction, body=inverse(inner), reverse=not reverse)
                )
            case Branch(_, bodies):
                result.append(dataclasses.replace(instruction, bodies=tuple(map(inverse, bodies))))
    return tuple(result)


def controlled(body: Body, controls: tuple[Integer, ...], values: tuple[bool, ...]) -> Body:
    """``body`` on condition that ``controls`` have ``values``."""
    result: list[Instruction] = []
    for instruction in body:
        match instruction:
            case Gate(kind) if kind.extra == "letters" and not kind.takes_controls:
                into, rotation, back = _diagonalised(instruction)
                result += [*into, *controlled((rotation,), controls, values), *back]
            case Gate():
                wires = {wire for wire in controls if not isinstance(wire, Index)}
                if not wires.isdisjoint(instruction.wires + instruction.controls):
                    raise CompileError(
                        f"{gate_text(instruction)} in a loop or a branch is controlled by a wire "
                        "that it acts on itself. The control wires of qml.ctrl must be different "
                        "from those of the operations."
                    )
                result.append(
                    dataclasses.replace(
                        instruction,
                        controls=controls + instruction.controls,
                        control_values=values + instruction.control_values,
                    )
                )
            case Repeat(_, _, inner):
                inside = controlled(inner, controls, values)
                result.append(dataclasses.replace(instruction, body=inside))
            case Branch(_, bodies):
                inside_all = tuple(controlled(inner, controls, values) for inner in bodies)
                result.append(dataclasses.replace(instruction, bodies=inside_all))
    return tuple(result)


def _diagonalised(gate: Gate) -> tuple[Body, Gate, Body]:
    """Return a rotation about a Pauli word as a MultiRZ between changes of basis.

    Lightning has no controlled PauliRot.
    """
    into: list[Gate] = []
    back: list[Gate] = []
    for wire, letter in zip(gate.wires, gate.extra, strict=True):
        if letter == "X":
            into.append(Gate(GATES["Hadamard"], (wire,)))
            back.append(Gate(GATES["Hadamard"], (wire,)))
        elif letter == "Y":
            into.append(Gate(GATES["RX"], (wire,), angle=math.pi / 2))
            back.append(Gate(GATES["RX"], (wire,), angle=-math.pi / 2))
    rotation = dataclasses.replace(gate, kind=GATES["MultiRZ"], extra=())
    return tuple(into), rotation, tuple(back)


def _map(body: Body, change: Callable[[Any, int], Any], depth: int) -> Body:
    """``body`` with ``change(position, number of loops around it)`` for every position."""

    def each(value: Any) -> Any:
        return change(value, depth) if isinstance(value, Position) else value

    result: list[Instruction] = []
    for instruction in body:
        match instruction:
            case Gate():
                result.append(
                    dataclasses.replace(
                        instruction,
                        angle=each(instruction.angle),
                        wires=tuple(map(each, instruction.wires)),
                        controls=tuple(map(each, instruction.controls)),
                        extra=tuple(map(each, instruction.extra)),
                    )
                )
            case Repeat(count, _, inner):
                inside = _map(inner, change, depth + 1)
                result.append(dataclasses.replace(instruction, count=each(count), body=inside))
            case Branch(selector, bodies):
                inside_all = tuple(_map(inner, change, depth) for inner in bodies)
                result.append(
                    dataclasses.replace(instruction, selector=each(selector), bodies=inside_all)
                )
    return tuple(result)


def place(region: "Region", operands: Operands) -> Body:
    """The body of ``region`` with its arrays at the end of ``operands``."""
    theta, index, data = region.arrays
    offset = Sizes(
        operands.theta.append(theta), operands.index.append(index), operands.data.append(data)
    )
    return moved(region.body, offset)


class Region(qml.operation.Operation):
    """Instructions in PennyLane's queue, in the place where a loop or a branch was called.

    It acts on all wires, so that no transform moves an operation across it.
    """

    num_params = 0
    grad_method = None

    def __init__(
        self,
        body: Body,
        arrays: tuple[jax.Array, jax.Array, jax.Array],
        wire_map: Mapping[Any, int],
    ) -> None:
        self.body = body
        self.arrays = arrays
        self.wire_map = wire_map
        super().__init__(wires=list(wire_map))

    def __repr__(self) -> str:
        return f"<loop or branch of {len(self.body)} instructions>"

    @property
    def has_adjoint(self) -> bool:
        """Every region has an inverse."""
        return True

    def adjoint(self) -> "Region":
        """The inverse of the region."""
        return Region(inverse(self.body), self.arrays, self.wire_map)

    def controlled(self, labels: Sequence[Any], values: Sequence[bool]) -> "Region":
        """The region on condition that the wires ``labels`` have ``values``."""
        theta, index, data = self.arrays
        controls: list[Integer] = []
        for label in labels:
            if isinstance(label, jax.core.Tracer):
                controls.append(Index(index.size))
                index = jnp.append(index, label)
            elif label in self.wire_map:
                controls.append(self.wire_map[label])
            else:
                raise CompileError(
                    f"qml.ctrl was given the control wire {label!r}, which the device does not "
                    f"have; its wires are {list(self.wire_map)}."
                )
        body = controlled(self.body, tuple(controls), tuple(map(bool, values)))
        return Region(body, (theta, index, data), self.wire_map)

    def __copy__(self) -> "Region":
        with qml.QueuingManager.stop_recording():
            return Region(self.body, self.arrays, self.wire_map)

    def _flatten(self) -> tuple[Any, Any]:
        return self.arrays, (self.body, tuple(self.wire_map.items()))

    @classmethod
    def _unflatten(cls, data: Any, metadata: Any) -> "Region":
        body, wire_map = metadata
        return cls(body, tuple(data), dict(wire_map))


def region_of(operation: Any) -> Region | None:
    """The region that ``operation`` is, or is the inverse of."""
    inverted = False
    while isinstance(operation, qml.ops.Adjoint):
        inverted = not inverted
        operation = operation.base
    if not isinstance(operation, Region):
        return None
    with qml.QueuingManager.stop_recording():
        return operation.adjoint() if inverted else operation
