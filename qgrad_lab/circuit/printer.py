"""The text form of a Program."""

from typing import Any

from qgrad_lab.circuit.program import (
    Bit,
    Expval,
    Gate,
    Measurement,
    Number,
    Probs,
    Program,
    Slot,
    State,
    Term,
    Var,
)

# Controlled gates that have a name of their own, by base and number of controls.
_CONTROLLED_NAMES = {
    ("PauliX", 1): "CNOT",
    ("PauliX", 2): "Toffoli",
    ("PauliY", 1): "CY",
    ("PauliZ", 1): "CZ",
    ("Hadamard", 1): "CH",
    ("SWAP", 1): "CSWAP",
    ("RX", 1): "CRX",
    ("RY", 1): "CRY",
    ("RZ", 1): "CRZ",
    ("PhaseShift", 1): "ControlledPhaseShift",
}


def program_text(program: Program) -> str:
    """``program`` as text, one operation a line."""
    arrays = [("theta", "f64", program.num_theta)]
    arrays += [("index", "i64", program.num_index), ("data", "c128", program.num_data)]
    operands = ", ".join(f"{name}: {kind}[{size}]" for name, kind, size in arrays if size)
    plural = "" if program.num_wires == 1 else "s"
    lines = [f"program {program.name}({operands}) on {program.num_wires} wire{plural} {{"]
    lines += [f"  {gate_text(gate)}" for gate in program.gates]
    lines.append(f"  return {', '.join(map(_measurement, program.measurements))}")
    return "\n".join([*lines, "}"])


def gate_text(gate: Gate) -> str:
    """One operation as text."""
    name = gate.kind.name
    wires = gate.wires
    prefix = ""
    if gate.controls:
        own_name = _CONTROLLED_NAMES.get((name, len(gate.controls)))
        if own_name and all(gate.control_values):
            name, wires = own_name, gate.controls + wires
        else:
            values = zip(gate.controls, gate.control_values, strict=True)
            prefix = f"control {' '.join(f'{wire}={int(value)}' for wire, value in values)}"
    operands = [_number(gate.angle)] if gate.angle is not None else []
    operands += _extra(gate)
    text = f"{name}({', '.join(operands)})" if operands else name
    text = " ".join([text, *map(str, wires)])
    if gate.adjoint:
        text = f"adjoint {{ {text} }}"
    return f"{prefix} {{ {text} }}" if prefix else text


def _number(value: Number) -> str:
    return f"theta[{value.index}]" if isinstance(value, Slot) else f"{value:.17g}"


def _bit(value: Any) -> str:
    return f"index[{value.position}]" if isinstance(value, Bit) else str(int(value))


def _extra(gate: Gate) -> list[str]:
    match gate.kind.name:
        case "PCPhase":
            return [f"dim={gate.extra[0]}"]
        case "PauliRot":
            return ["".join(gate.extra)]
        case "QubitUnitary":
            return [f"data[{gate.extra[0]}:{gate.extra[0] + 4 ** len(gate.wires)}]"]
        case "StatePrep":
            return [f"data[{gate.extra[0]}:{gate.extra[0] + 2 ** len(gate.wires)}]"]
        case "BasisState":
            return [_bit(value) for value in gate.extra]
        case _:
            return []


def _term(term: Term) -> str:
    word = " @ ".join(f"{letter}{wire}" for wire, letter in term.word) or "I"
    return word if term.coefficient == 1.0 else f"{_number(term.coefficient)} * {word}"


def _measurement(measurement: Measurement) -> str:
    match measurement:
        case Expval(terms):
            return f"expval({' + '.join(map(_term, terms)) or '0'})"
        case Var(terms):
            return f"var({' + '.join(map(_term, terms)) or '0'})"
        case Probs(wires):
            return f"probs({', '.join(map(str, wires))})"
        case State():
            return "state()"
