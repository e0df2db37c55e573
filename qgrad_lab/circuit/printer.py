"""The text form of a Program."""

from qgrad_lab.circuit.gates import CONTROLLED
from qgrad_lab.circuit.program import (
    Branch,
    Data,
    Expval,
    Gate,
    Index,
    Instruction,
    Integer,
    Measurement,
    Number,
    Position,
    Probs,
    Program,
    Repeat,
    Slot,
    State,
    Term,
    Var,
)

_COUNTERS = "ijklmnpqrstuvw"
"""Names of loop counters, by depth."""


def program_text(program: Program, results: str | None = None) -> str:
    """``program`` as text, one operation a line; with ``results`` in the place of its own."""
    arrays = [("theta", "f64", program.num_theta)]
    arrays += [("index", "i64", program.num_index), ("data", "c128", program.num_data)]
    operands = ", ".join(f"{name}: {kind}[{size}]" for name, kind, size in arrays if size)
    plural = "" if program.num_wires == 1 else "s"
    precision = " in complex64" if program.single else ""
    wires = f"{program.num_wires} wire{plural}"
    lines = [f"program {program.name}({operands}) on {wires}{precision} {{"]
    lines += _indented(_body(program.body, 0))
    if results is None:
        results = ", ".join(map(measurement_text, program.measurements))
    lines.append(f"  return {results}")
    return "\n".join([*lines, "}"])


def gate_text(gate: Gate) -> str:
    """One operation as text."""
    name = gate.kind.name
    wires = gate.wires
    prefix = ""
    if gate.controls:
        own_name = CONTROLLED.get((name, len(gate.controls)))
        if own_name and all(gate.control_values):
            name, wires = own_name, gate.controls + wires
        else:
            values = zip(gate.controls, gate.control_values, strict=True)
            pairs = (f"{_integer(wire)}={int(value)}" for wire, value in values)
            prefix = f"control {' '.join(pairs)}"
    operands = [_number(gate.angle)] if gate.angle is not None else []
    operands += _extra(gate)
    text = f"{name}({', '.join(operands)})" if operands else name
    text = " ".join([text, *map(_integer, wires)])
    if gate.adjoint:
        text = f"adjoint {{ {text} }}"
    return f"{prefix} {{ {text} }}" if prefix else text


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _body(body: tuple[Instruction, ...], depth: int) -> list[str]:
    lines = []
    for instruction in body:
        match instruction:
            case Gate():
                lines.append(gate_text(instruction))
            case Repeat(count, _, inner, reverse, _):
                order = "backwards " if reverse else ""
                counter = _COUNTERS[depth % len(_COUNTERS)]
                lines.append(f"repeat {_integer(count)} times {order}{counter} {{")
                lines += [*_indented(_body(inner, depth + 1)), "}"]
            case Branch(selector, bodies):
                for number, inner in enumerate(bodies):
                    start = f"branch {_integer(selector)}" if number == 0 else "}"
                    lines.append(f"{start} case {number} {{")
                    lines += _indented(_body(inner, depth))
                lines.append("}")
    return lines


def _place(position: Position) -> str:
    parts = [str(position.base)] if position.base or not any(position.strides) else []
    for counter, stride in zip(_COUNTERS, position.strides, strict=False):
        if stride:
            parts.append(counter if stride == 1 else f"{stride}*{counter}")
    return " + ".join(parts)


def _number(value: Number) -> str:
    return f"theta[{_place(value)}]" if isinstance(value, Slot) else f"{value:.17g}"


def _integer(value: Integer) -> str:
    return f"index[{_place(value)}]" if isinstance(value, Index) else str(int(value))


def _numbers(position: Data | Slot, size: int) -> str:
    name, size = ("theta", 2 * size) if isinstance(position, Slot) else ("data", size)
    start = _place(position)
    end = str(position.base + size) if start.isdigit() else f"{start} + {size}"
    return f"{name}[{start}:{end}]"


def _extra(gate: Gate) -> list[str]:
    match gate.kind.name:
        case "PCPhase":
            return [f"dim={value}" for value in gate.extra]
        case "PauliRot":
            return ["".join(gate.extra)]
        case "QubitUnitary":
            return [_numbers(value, 4 ** len(gate.wires)) for value in gate.extra]
        case "StatePrep":
            return [_numbers(value, 2 ** len(gate.wires)) for value in gate.extra]
        case "BasisState":
            return [_integer(value) for value in gate.extra]
        case _:
            return []


def _term(term: Term) -> str:
    word = " @ ".join(f"{letter}{wire}" for wire, letter in term.word) or "I"
    return word if term.coefficient == 1.0 else f"{_number(term.coefficient)} * {word}"


def measurement_text(measurement: Measurement) -> str:
    """One measurement as text."""
    match measurement:
        case Expval(terms):
            return f"expval({' + '.join(map(_term, terms)) or '0'})"
        case Var(terms):
            return f"var({' + '.join(map(_term, terms)) or '0'})"
        case Probs(wires):
            return f"probs({', '.join(map(str, wires))})"
        case State():
            return "state()"
