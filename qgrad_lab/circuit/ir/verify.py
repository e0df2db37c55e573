"""The verifier: refuses a malformed Program with the operation that is wrong."""

import math
from collections.abc import Iterable

from qgrad_lab.circuit.ir.instructions import (
    Branch,
    Expval,
    Gate,
    Index,
    Instruction,
    Integer,
    Number,
    Position,
    Probs,
    Repeat,
    Slot,
    State,
    Var,
)
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.text import gate_text
from qgrad_lab.gates.table import PREPARATIONS

MAX_WIRES = 40
"""A state on more wires fits no machine; the native library refuses it too."""


def verify(program: Program) -> None:
    """Check that ``program`` is well-formed.

    Parameters
    ----------
    program
        The Program to check.

    Raises
    ------
    ValueError
        If a wire, an element of theta, index or data, or the shape of an operation is out of range.

    Examples
    --------
    >>> from qgrad_lab.gates.table import GATES
    >>> verify(Program(num_wires=1, body=(Gate(GATES["RX"], wires=(1,), angle=0.5),)))
    Traceback (most recent call last):
    ...
    ValueError: malformed Program 'circuit' at operation 0, RX(0.5) 1: wire 1 is not one of 0 to 0
    """
    _require(
        1 <= program.num_wires <= MAX_WIRES,
        program,
        f"a Program has 1 to {MAX_WIRES} wires, got {program.num_wires}",
    )
    for number, instruction in enumerate(program.body):
        _check_instruction(program, instruction, f"operation {number}", (), number == 0)
    for measurement in program.measurements:
        try:
            match measurement:
                case Expval(terms) | Var(terms):
                    for term in terms:
                        _check_number(program, term.coefficient)
                        _check_wires(program, [wire for wire, _ in term.word])
                        if any(letter not in "XYZ" for _, letter in term.word):
                            raise ValueError(f"{term.word} has a letter other than X, Y, Z")
                case Probs(wires):
                    _check_wires(program, wires)
                    if not wires:
                        raise ValueError("probs needs at least one wire")
                case State():
                    pass
        except ValueError as error:
            raise ValueError(
                f"malformed Program {program.name!r} at {measurement}: {error}"
            ) from None


def _require(condition: bool, program: Program, message: str) -> None:
    if not condition:
        raise ValueError(f"malformed Program {program.name!r}: {message}")


def _check_instruction(
    program: Program, instruction: Instruction, where: str, loops: tuple[int, ...], first: bool
) -> None:
    """``where`` names the instruction, ``loops`` are the capacities of the loops around it."""
    try:
        match instruction:
            case Gate():
                _check_gate(program, instruction, loops, first)
                return
            case Repeat(count, capacity, body):
                _check_integer(program, count, loops)
                if not isinstance(count, Index) and not 0 <= count <= capacity:
                    raise ValueError(f"{count} iterations do not fit a capacity of {capacity}")
                bodies, loops = (body,), (*loops, capacity)
            case Branch(selector, bodies):
                _check_integer(program, selector, loops)
                if not bodies:
                    raise ValueError("there is no branch to choose")
    except ValueError as error:
        if isinstance(instruction, Gate):
            where += f", {gate_text(instruction)}"
        raise ValueError(f"malformed Program {program.name!r} at {where}: {error}") from None
    for body in bodies:
        for number, inner in enumerate(body):
            _check_instruction(program, inner, f"{where}.{number}", loops, False)


def _check_wires(program: Program, wires: Iterable[Integer], loops: tuple[int, ...] = ()) -> None:
    seen = set()
    for wire in wires:
        if isinstance(wire, Index):
            _check_integer(program, wire, loops)  # its value is checked when it runs
            continue
        if not 0 <= wire < program.num_wires:
            raise ValueError(f"wire {wire} is not one of 0 to {program.num_wires - 1}")
        if wire in seen:
            raise ValueError(f"wire {wire} is used twice")
        seen.add(wire)


def _check_place(
    name: str, position: Position, span: int, size: int, loops: tuple[int, ...]
) -> None:
    if position.strides and len(position.strides) != len(loops):
        raise ValueError(
            f"{name}[{position.base}] has {len(position.strides)} strides in {len(loops)} loops"
        )
    last = position.base
    for stride, count in zip(position.strides, loops, strict=False):
        last += stride * max(0, count - 1)
    if position.base < 0 or any(stride < 0 for stride in position.strides) or last + span > size:
        raise ValueError(f"{name}[{last}:{last + span}] does not exist, {name} has length {size}")


def _check_number(program: Program, number: Number, loops: tuple[int, ...] = ()) -> None:
    if isinstance(number, Slot):
        _check_place("theta", number, 1, program.num_theta, loops)
    elif not math.isfinite(number):
        raise ValueError(f"the number {number} is not finite")


def _check_integer(program: Program, integer: Integer, loops: tuple[int, ...]) -> None:
    if isinstance(integer, Index):
        _check_place("index", integer, 1, program.num_index, loops)


def _check_gate(program: Program, gate: Gate, loops: tuple[int, ...], first: bool) -> None:
    kind = gate.kind
    if kind.num_wires is not None and len(gate.wires) != kind.num_wires:
        raise ValueError(f"it acts on {kind.num_wires} wires, got {len(gate.wires)}")
    if not gate.wires and kind.name != "GlobalPhase":
        raise ValueError("it needs at least one wire")
    if len(gate.controls) != len(gate.control_values):
        raise ValueError("it needs one control value for each control")
    _check_wires(program, (*gate.controls, *gate.wires), loops)
    if (kind.spectrum is None) != (gate.angle is None):
        raise ValueError("it has no angle" if gate.angle is None else "it takes no angle")
    if gate.angle is not None:
        _check_number(program, gate.angle, loops)
    if kind.name in PREPARATIONS:
        traced = any(isinstance(wire, Index) for wire in gate.wires)
        if not first or gate.adjoint or gate.controls or traced:
            raise ValueError("a state can only be prepared by the first operation, on known wires")
    _check_extra(program, gate, loops)


def _check_extra(program: Program, gate: Gate, loops: tuple[int, ...]) -> None:
    k = len(gate.wires)
    match gate.kind.name:
        case "PCPhase":
            if len(gate.extra) != 1 or not 0 <= gate.extra[0] <= 2**k:
                raise ValueError(f"its dimension lies between 0 and {2**k}, got {gate.extra}")
        case "PauliRot":
            if len(gate.extra) != k or any(letter not in "XYZ" for letter in gate.extra):
                raise ValueError(f"it takes {k} letters X, Y, Z, got {gate.extra}")
            if gate.controls:
                raise ValueError("it takes no controls")
        case "QubitUnitary" | "StatePrep":
            size = 4**k if gate.kind.name == "QubitUnitary" else 2**k
            if len(gate.extra) != 1:
                raise ValueError(f"it needs {size} elements of data")
            if isinstance(gate.extra[0], Slot):
                _check_place("theta", gate.extra[0], 2 * size, program.num_theta, loops)
            else:
                _check_place("data", gate.extra[0], size, program.num_data, loops)
        case "BasisState":
            if len(gate.extra) != k:
                raise ValueError(f"it takes {k} bits, got {len(gate.extra)}")
            for bit in gate.extra:
                _check_integer(program, bit, loops)
        case _:
            if gate.extra:
                raise ValueError(f"it takes no extra operands, got {gate.extra}")
