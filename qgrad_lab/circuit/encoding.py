"""Program to the 64-bit words that the native library decodes.

The layout stands at the top of ``engine/native/decode.cpp``, which validates every word again: what
arrives there may come from a file, such as JAX's persistent cache.
"""

import struct
from typing import Any

import numpy as np

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
from qgrad_lab.engine.library import ENCODING_VERSION

_MAGIC = int.from_bytes(b"QGRAD", "little")


def encode(program: Program) -> np.ndarray:
    """The words of ``program``, i64."""
    words = [
        _MAGIC,
        ENCODING_VERSION,
        program.num_wires,
        program.num_theta,
        program.num_index,
        program.num_data,
        len(program.gates),
        len(program.measurements),
    ]
    for gate in program.gates:
        words += _gate(gate)
    for measurement in program.measurements:
        words += _measurement(measurement)
    return np.array(words, dtype=np.int64)


def _number(value: Number | None) -> tuple[int, int]:
    match value:
        case None:
            return 0, 0
        case Slot(index):
            return 2, index
        case _:
            return 1, struct.unpack("<q", struct.pack("<d", value))[0]


def _gate(gate: Gate) -> list[int]:
    words = [
        gate.kind.opcode,
        0,
        int(gate.adjoint),
        *_number(gate.angle),
        len(gate.controls),
        len(gate.wires),
        *gate.controls,
        *map(int, gate.control_values),
        *gate.wires,
        *map(_extra, gate.extra),
    ]
    words[1] = len(words)
    return words


def _extra(value: Any) -> int:
    match value:
        case Bit(position):
            return 2 + position
        case str():
            return "XYZ".index(value)
        case _:
            return int(value)


def _term(term: Term) -> list[int]:
    word = [number for wire, letter in term.word for number in (wire, "XYZ".index(letter))]
    return [*_number(term.coefficient), len(term.word), *word]


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
