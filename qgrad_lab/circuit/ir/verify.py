"""Verify Programs: refuse a malformed one with the operation that is wrong."""

from collections.abc import Iterable

from qgrad_lab.circuit.ir.extras import check_extra
from qgrad_lab.circuit.ir.instructions import (
    Branch,
    Expval,
    Gate,
    Index,
    Instruction,
    Integer,
    Probs,
    Repeat,
    State,
    Var,
)
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.scalars import Scope
from qgrad_lab.circuit.ir.text import gate_text

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
    scope = Scope(program)
    for number, instruction in enumerate(program.body):
        _check_instruction(scope, instruction, f"operation {number}", number == 0)
    for measurement in program.measurements:
        try:
            match measurement:
                case Expval(terms) | Var(terms):
                    for term in terms:
                        scope.check_number(term.coefficient)
                        _check_wires(scope, [wire for wire, _ in term.word])
                        if any(letter not in "XYZ" for _, letter in term.word):
                            raise ValueError(f"{term.word} has a letter other than X, Y, Z")
                case Probs(wires):
                    _check_wires(scope, wires)
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


def _check_instruction(scope: Scope, instruction: Instruction, where: str, first: bool) -> None:
    """Check an instruction and those inside it; ``where`` names it."""
    inside = scope
    try:
        match instruction:
            case Gate():
                _check_gate(scope, instruction, first)
                return
            case Repeat(count, capacity, body):
                scope.check_integer(count)
                if not isinstance(count, Index) and not 0 <= count <= capacity:
                    raise ValueError(f"{count} iterations do not fit a capacity of {capacity}")
                bodies, inside = (body,), Scope(scope.program, (*scope.loops, capacity))
            case Branch(selector, bodies):
                scope.check_integer(selector)
                if not bodies:
                    raise ValueError("there is no branch to choose")
    except ValueError as error:
        if isinstance(instruction, Gate):
            where += f", {gate_text(instruction)}"
        name = scope.program.name
        raise ValueError(f"malformed Program {name!r} at {where}: {error}") from None
    for body in bodies:
        for number, inner in enumerate(body):
            _check_instruction(inside, inner, f"{where}.{number}", False)


def _check_wires(scope: Scope, wires: Iterable[Integer]) -> None:
    seen = set()
    for wire in wires:
        if isinstance(wire, Index):
            scope.check_integer(wire)  # its value is checked when it runs
            continue
        if not 0 <= wire < scope.program.num_wires:
            raise ValueError(f"wire {wire} is not one of 0 to {scope.program.num_wires - 1}")
        if wire in seen:
            raise ValueError(f"wire {wire} is used twice")
        seen.add(wire)


def _check_gate(scope: Scope, gate: Gate, first: bool) -> None:
    kind = gate.kind
    if kind.num_wires is not None and len(gate.wires) != kind.num_wires:
        raise ValueError(f"it acts on {kind.num_wires} wires, got {len(gate.wires)}")
    if kind.num_wires is None and not gate.wires:
        raise ValueError("it needs at least one wire")
    if len(gate.controls) != len(gate.control_values):
        raise ValueError("it needs one control value for each control")
    _check_wires(scope, (*gate.controls, *gate.wires))
    if kind.has_angle != (gate.angle is not None):
        raise ValueError("it has no angle" if gate.angle is None else "it takes no angle")
    if gate.angle is not None:
        scope.check_number(gate.angle)
    if kind.prepares:
        traced = any(isinstance(wire, Index) for wire in gate.wires)
        if not first or gate.adjoint or gate.controls or traced:
            raise ValueError("a state can only be prepared by the first operation, on known wires")
    check_extra(gate, scope)
    if gate.controls and not kind.takes_controls:
        raise ValueError("it takes no controls")
