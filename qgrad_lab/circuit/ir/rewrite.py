"""Rewrite instructions: for larger arrays, inside one more loop, inverted, controlled.

The body of a loop or a branch is lowered for arrays of its own. What contains it then moves its
positions: into larger arrays, and into loops.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

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
from qgrad_lab.errors import CompileError
from qgrad_lab.gates.table import GATES

Body = tuple[Instruction, ...]
"""The instructions of a circuit, of a loop or of a branch, in the order of time."""


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Lengths of theta, index and data, or distances in them."""

    theta: int = 0
    index: int = 0
    data: int = 0

    def __add__(self, other: "Sizes") -> "Sizes":
        return Sizes(self.theta + other.theta, self.index + other.index, self.data + other.data)

    def __iter__(self) -> Iterator[int]:
        yield from (self.theta, self.index, self.data)

    def of(self, position: Position) -> int:
        """Return the one for the array that ``position`` is in."""
        match position:
            case Slot():
                return self.theta
            case Index():
                return self.index
            case _:
                return self.data


def moved(body: Body, offset: Sizes) -> Body:
    """Return ``body`` for arrays in which its own begin at ``offset``."""
    return _map(body, lambda position, _: position.moved(offset.of(position)), 0)


def looped(body: Body, strides: Sizes) -> Body:
    """Return ``body`` inside one more loop, with ``strides`` new elements for each iteration."""
    return _map(body, lambda position, depth: position.looped(strides.of(position), depth), 0)


def inverse(body: Body) -> Body:
    """Return the inverse of ``body``."""
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
    """Return ``body`` on condition that ``controls`` have ``values``."""
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
    """Write a PauliRot as a MultiRZ between changes of basis: Lightning has no controlled one."""
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
    """Apply ``change(position, number of loops around it)`` to every position in ``body``."""

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
