"""The text form of a Program."""

from qgrad_lab.circuit.ir.instructions import (
    Branch,
    Data,
    Definition,
    Expval,
    Gate,
    Index,
    Instruction,
    Integer,
    Measurement,
    Number,
    Position,
    Probs,
    Repeat,
    Slot,
    State,
    Term,
    Var,
)
from qgrad_lab.gates.table import CONTROLLED

_Lines = list[tuple[str, Gate | None]]

_COUNTERS = "ijklmnpqrstuvw"
"""Names of loop counters, by depth."""


def program_text(program: Definition, results: str | None = None) -> str:
    """``program`` as text, one operation a line; with ``results`` in the place of its own."""
    return "\n".join(text for text, _ in program_lines(program, results))


def program_lines(program: Definition, results: str | None = None) -> _Lines:
    """The lines of `program_text`, each with the gate that it is."""
    arrays = [("theta", "f64", program.num_theta)]
    arrays += [("index", "i64", program.num_index), ("data", "c128", program.num_data)]
    operands = ", ".join(f"{name}: {kind}[{size}]" for name, kind, size in arrays if size)
    plural = "" if program.num_wires == 1 else "s"
    precision = " in complex64" if program.single else ""
    wires = f"{program.num_wires} wire{plural}"
    if results is None:
        results = ", ".join(map(measurement_text, program.measurements))
    return [
        (f"program {program.name}({operands}) on {wires}{precision} {{", None),
        *_indented(_body(program.body, 0)),
        (f"  return {results}", None),
        ("}", None),
    ]


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
            pairs = (f"{integer_text(wire)}={int(value)}" for wire, value in values)
            prefix = f"control {' '.join(pairs)}"
    operands = [number_text(gate.angle)] if gate.angle is not None else []
    operands += extra_texts(gate)
    text = f"{name}({', '.join(operands)})" if operands else name
    text = " ".join([text, *map(integer_text, wires)])
    if gate.adjoint:
        text = f"adjoint {{ {text} }}"
    return f"{prefix} {{ {text} }}" if prefix else text


def repeat_text(loop: Repeat, depth: int) -> str:
    """The beginning of a loop that is inside of ``depth`` others."""
    order = "backwards " if loop.reverse else ""
    counter = _COUNTERS[depth % len(_COUNTERS)]
    return f"repeat {integer_text(loop.count)} times {order}{counter}"


def case_text(branch: Branch, number: int) -> str:
    """The beginning of one body of a branch."""
    start = "" if number else f"branch {integer_text(branch.selector)} "
    return f"{start}case {number}"


def _indented(lines: _Lines) -> _Lines:
    return [(f"  {text}", gate) for text, gate in lines]


def _body(body: tuple[Instruction, ...], depth: int) -> _Lines:
    lines: _Lines = []
    for instruction in body:
        match instruction:
            case Gate():
                lines.append((gate_text(instruction), instruction))
            case Repeat(body=inner):
                lines.append((f"{repeat_text(instruction, depth)} {{", None))
                lines += [*_indented(_body(inner, depth + 1)), ("}", None)]
            case Branch(bodies=bodies):
                for number, inner in enumerate(bodies):
                    closing = "} " if number else ""
                    lines.append((f"{closing}{case_text(instruction, number)} {{", None))
                    lines += _indented(_body(inner, depth))
                lines.append(("}", None))
    return lines


def _place(position: Position) -> str:
    parts = [str(position.base)] if position.base or not any(position.strides) else []
    for counter, stride in zip(_COUNTERS, position.strides, strict=False):
        if stride:
            parts.append(counter if stride == 1 else f"{stride}*{counter}")
    return " + ".join(parts)


def number_text(value: Number) -> str:
    """A number, or the element of theta that it is."""
    return f"theta[{_place(value)}]" if isinstance(value, Slot) else f"{value:.17g}"


def integer_text(value: Integer) -> str:
    """An integer, or the element of index that it is."""
    return f"index[{_place(value)}]" if isinstance(value, Index) else str(int(value))


def _numbers(position: Data | Slot, size: int) -> str:
    name, size = ("theta", 2 * size) if isinstance(position, Slot) else ("data", size)
    start = _place(position)
    end = str(position.base + size) if start.isdigit() else f"{start} + {size}"
    return f"{name}[{start}:{end}]"


def extra_texts(gate: Gate) -> list[str]:
    """What a gate has besides wires and an angle, each as text."""
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
            return [integer_text(value) for value in gate.extra]
        case _:
            return []


def _term(term: Term) -> str:
    word = " @ ".join(f"{letter}{wire}" for wire, letter in term.word) or "I"
    return word if term.coefficient == 1.0 else f"{number_text(term.coefficient)} * {word}"


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
