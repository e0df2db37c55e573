"""Write a Program as text."""

from qgrad_lab.circuit.ir.extras import extra_texts
from qgrad_lab.circuit.ir.instructions import (
    Branch,
    Definition,
    Expval,
    Gate,
    Instruction,
    Measurement,
    Probs,
    Repeat,
    State,
    Term,
    Var,
)
from qgrad_lab.circuit.ir.scalars import COUNTERS, integer_text, number_text
from qgrad_lab.gates.table import CONTROLLED

_Lines = list[tuple[str, Gate | None]]


def program_text(program: Definition, results: str | None = None) -> str:
    """Return ``program`` as text, one operation a line; ``results`` replaces its measurements."""
    return "\n".join(text for text, _ in program_lines(program, results))


def program_lines(program: Definition, results: str | None = None) -> _Lines:
    """Return the lines of `program_text`, each with the gate that it shows."""
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
    """Return one operation as text."""
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
    """Return the first line of a loop that is inside of ``depth`` others."""
    order = "backwards " if loop.reverse else ""
    counter = COUNTERS[depth % len(COUNTERS)]
    return f"repeat {integer_text(loop.count)} times {order}{counter}"


def case_text(branch: Branch, number: int) -> str:
    """Return the first line of one body of a branch."""
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


def _term(term: Term) -> str:
    word = " @ ".join(f"{letter}{wire}" for wire, letter in term.word) or "I"
    return word if term.coefficient == 1.0 else f"{number_text(term.coefficient)} * {word}"


def measurement_text(measurement: Measurement) -> str:
    """Return one measurement as text."""
    match measurement:
        case Expval(terms):
            return f"expval({' + '.join(map(_term, terms)) or '0'})"
        case Var(terms):
            return f"var({' + '.join(map(_term, terms)) or '0'})"
        case Probs(wires):
            return f"probs({', '.join(map(str, wires))})"
        case State():
            return "state()"
