"""Draw a Program: its wires, and its gates on them.

>>> from qgrad_lab.gates.table import GATES
>>> from qgrad_lab.circuit.ir.instructions import (Expval, Gate, Slot, Term)
>>> rx = Gate(GATES["RX"], wires=(0,), angle=Slot(0))
>>> cnot = Gate(GATES["PauliX"], wires=(1,), controls=(0,), control_values=(True,))
>>> z1 = Expval((Term(1.0, ((1, "Z"),)),))
>>> print(drawing(Program(num_wires=2, num_theta=1, body=(rx, cnot), measurements=(z1,))))
0: ──RX(theta[0])─╭●──
1: ───────────────╰X──
return expval(Z1)
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from qgrad_lab.circuit.ir.extras import extra_texts
from qgrad_lab.circuit.ir.instructions import Branch, Gate, Index, Instruction, Repeat
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.scalars import integer_text, number_text
from qgrad_lab.circuit.ir.text import case_text, measurement_text, repeat_text

MOST_COLUMNS = 400
"""Columns of gates that are drawn; the rest is counted."""


@dataclasses.dataclass
class _Column:
    """A column of the drawing: for a gate, a text on each wire that it crosses.

    A column with a title is a border that no gate moves across; the title stands above the wires.
    """

    cells: dict[int, str]
    title: str | None = None


def drawing(program: Program, width: int = 100) -> str:
    """Draw ``program`` with time from left to right, a line for each wire.

    Parameters
    ----------
    program
        What is drawn. Loops and branches stand between borders, drawn once; gates whose wires are
        known only when it runs cross all wires.
    width
        Of a line, in characters; longer circuits go on below.

    Returns
    -------
    str
        The lines.
    """
    columns: list[_Column] = []
    left_out = 0
    for entry in _entries(program.body, program.num_wires, 0):
        if len(columns) >= MOST_COLUMNS:
            left_out += 1
        else:
            _place(entry, columns)
    lines = list(_blocks(columns, program.num_wires, width))
    if left_out:
        lines.append(f"... and {left_out:,} more operations, which the program lists")
    lines.append(f"return {', '.join(map(measurement_text, program.measurements))}")
    return "\n".join(lines)


def _entries(body: Sequence[Instruction], num_wires: int, depth: int) -> Iterator[_Column]:
    for instruction in body:
        match instruction:
            case Gate():
                yield _column(instruction, num_wires)
            case Repeat(body=inner):
                yield _border(repeat_text(instruction, depth), "╟", num_wires)
                yield from _entries(inner, num_wires, depth + 1)
                yield _border("", "╢", num_wires)
            case Branch(bodies=bodies):
                for number, inner in enumerate(bodies):
                    title = case_text(instruction, number)
                    yield _border(title, "╫" if number else "╟", num_wires)
                    yield from _entries(inner, num_wires, depth)
                yield _border("", "╢", num_wires)


def _border(title: str, character: str, num_wires: int) -> _Column:
    return _Column(dict.fromkeys(range(num_wires), character), title)


def _column(gate: Gate, num_wires: int) -> _Column:
    if any(isinstance(wire, Index) for wire in (*gate.wires, *gate.controls)):
        wires = " ".join(map(integer_text, (*gate.controls, *gate.wires)))
        prefix = "C" * len(gate.controls)
        label = f"{prefix}{_label(gate)} on {wires}"
        cells = dict.fromkeys(range(num_wires), "│")
        return _Column({**cells, 0: label})
    labels: dict[Any, str] = {wire: _label(gate) for wire in gate.wires}
    for wire, value in zip(gate.controls, gate.control_values, strict=True):
        labels[wire] = "●" if value else "○"
    if not labels:  # a global phase
        return _Column(dict.fromkeys(range(num_wires), "│") | {0: _label(gate)})
    first, last = min(labels), max(labels)
    if first == last:
        return _Column({first: f"─{labels[first]}"})
    cells = {}
    for wire in range(first, last + 1):
        corner = "╭" if wire == first else "╰" if wire == last else "├"
        cells[wire] = corner + labels[wire] if wire in labels else "│"
    return _Column(cells)


def _label(gate: Gate) -> str:
    name = gate.kind.name
    name = {"PauliX": "X", "PauliY": "Y", "PauliZ": "Z", "Hadamard": "H"}.get(name, name)
    operands = [] if gate.angle is None else [number_text(gate.angle)]
    operands += extra_texts(gate, drawn=True)
    text = f"{name}({', '.join(operands)})" if operands else name
    return f"{text}†" if gate.adjoint else text


def _place(entry: _Column, columns: list[_Column]) -> None:
    """Put a gate as far left as it goes, or a border at the end."""
    position = len(columns)
    if entry.title is None:
        while (
            position > 0
            and columns[position - 1].title is None
            and not columns[position - 1].cells.keys() & entry.cells.keys()
        ):
            position -= 1
    if position < len(columns) and entry.title is None:
        columns[position].cells.update(entry.cells)
    else:
        columns.append(entry)


def _blocks(columns: list[_Column], num_wires: int, width: int) -> Iterator[str]:
    """Yield the lines, in blocks of at most ``width`` characters."""
    labels = [f"{wire}: " for wire in range(num_wires)]
    margin = max(map(len, labels))
    rest = list(columns)
    while True:
        taken, used = 0, margin + 2
        while taken < len(rest) and (taken == 0 or used + _width(rest[taken]) <= width):
            used += _width(rest[taken])
            taken += 1
        block, rest = rest[:taken], rest[taken:]
        titles = " " * (margin + 1) + "".join(
            (column.title or "").ljust(_width(column)) for column in block
        )
        if titles.strip():
            yield titles.rstrip()
        for wire, label in enumerate(labels):
            cells = (column.cells.get(wire, "").ljust(_width(column), "─") for column in block)
            yield label.rjust(margin) + "─" + "".join(cells) + "─"
        if not rest:
            return
        yield ""


def _width(column: _Column) -> int:
    longest = max(map(len, column.cells.values()), default=0)
    return max(longest, len(column.title or "")) + 1
