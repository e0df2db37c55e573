"""Encode a Program as the 64-bit words that the native library decodes.

The layout stands at the top of ``engine/native/ir/decode.cpp``, which validates every word again:
what arrives there may come from a file, such as JAX's persistent cache.
"""

from typing import cast

import numpy as np

from qgrad_lab.circuit.ir.extras import extra_words
from qgrad_lab.circuit.ir.instructions import (
    Branch,
    Definition,
    Expval,
    Gate,
    Index,
    Instruction,
    Integer,
    Measurement,
    Probs,
    Repeat,
    State,
    Term,
    Var,
)
from qgrad_lab.circuit.ir.scalars import integer_words, number_words
from qgrad_lab.engine.library import ENCODING_VERSION

_MAGIC = int.from_bytes(b"QGRAD", "little")
_REPEAT = 100
_BRANCH = 101


def encode(program: Definition) -> np.ndarray:
    """Return the words of ``program``, i64."""
    words = [
        _MAGIC,
        ENCODING_VERSION,
        program.num_wires,
        program.num_theta,
        program.num_index,
        program.num_data,
        int(program.single),
        len(program.measurements),
        *_body(program.body),
    ]
    for measurement in program.measurements:
        words += _measurement(measurement)
    return np.array(words, dtype=np.int64)


def _body(body: tuple[Instruction, ...]) -> list[int]:
    words = [len(body)]
    for instruction in body:
        words += _instruction(instruction)
    return words


def _instruction(instruction: Instruction) -> list[int]:
    match instruction:
        case Gate():
            words = _gate(instruction)
        case Repeat(count, capacity, body, reverse, label):
            words = [_REPEAT, 0, *integer_words(count), capacity, int(reverse), label, *_body(body)]
        case Branch(selector, bodies):
            words = [_BRANCH, 0, *integer_words(selector), len(bodies)]
            for body in bodies:
                words += _body(body)
    words[1] = len(words)
    return words


def _gate(gate: Gate) -> list[int]:
    controls, wires = gate.controls, gate.wires
    traced = False
    for wire in (*controls, *wires):
        if isinstance(wire, Index):
            traced = True
    words = [
        gate.kind.opcode,
        0,
        int(gate.adjoint),
        *number_words(gate.angle),
        len(controls),
        len(wires),
        int(traced),
        gate.source,
    ]
    # Only where one of them is traced does each say which kind of integer it is.
    words += _integers(controls) if traced else cast("tuple[int, ...]", controls)
    words += map(int, gate.control_values)
    words += _integers(wires) if traced else cast("tuple[int, ...]", wires)
    if gate.extra:
        words += extra_words(gate)
    return words


def _integers(values: tuple[Integer, ...]) -> list[int]:
    return [word for value in values for word in integer_words(value)]


def _term(term: Term) -> list[int]:
    word = [number for wire, letter in term.word for number in (wire, "XYZ".index(letter))]
    return [*number_words(term.coefficient), len(term.word), *word]


def _measurement(measurement: Measurement) -> list[int]:
    match measurement:
        case Expval(terms) | Var(terms):
            kind = 0 if isinstance(measurement, Expval) else 1
            body = [len(terms), *(number for term in terms for number in _term(term))]
        case Probs(wires):
            kind, body = 2, [len(wires), *wires]
        case State():
            kind, body = 3, []
    return [kind, len(body) + 2, *body]
