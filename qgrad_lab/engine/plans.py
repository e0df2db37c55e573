"""How the native library evaluates a Program: its plan, and how often it swept over a state."""

import ctypes
from typing import NamedTuple

import numpy as np

from qgrad_lab.engine.library import native_function


class Cost(NamedTuple):
    """What one evaluation should cost, measured operators left out."""

    sweeps: float
    """How often a state goes through memory."""
    bytes: float
    """Moved to and from memory, if no cache holds a state."""
    operations: float
    """In floating point; a multiplication with its addition counts as two."""


class Plan(NamedTuple):
    """The plan of a Program.

    ``text`` says which gates and wires are left of it and in which passes over slices of the state
    they run: a line for each run of gates on one wire, with the values of its control for which a
    gate acts, or for a gate of another kind.
    """

    text: str
    value: Cost
    gradient: Cost


class Counts(NamedTuple):
    """Sweeps since the library was loaded."""

    forward: int
    """Of a state, from the beginning of a circuit."""
    backward: int
    """Of a co-state, from its end."""


def plan(words: np.ndarray, index: np.ndarray) -> Plan:
    """The plan of an encoded Program.

    Parameters
    ----------
    words
        The encoding, i64.
    index
        The integers that the Program reads when it runs, i64[K].

    Raises
    ------
    ValueError
        If there is no such Program, or ``index`` asks for what it cannot do.
    """
    make = native_function("qgrad_lab_plan", ctypes.c_size_t)
    words = np.ascontiguousarray(words, np.int64)
    index = np.ascontiguousarray(index, np.int64)
    costs = np.zeros(6)
    text = ctypes.create_string_buffer(1 << 16)

    def fill() -> int:
        return make(
            ctypes.c_void_p(words.ctypes.data),
            ctypes.c_size_t(words.size),
            ctypes.c_void_p(index.ctypes.data),
            ctypes.c_size_t(index.size),
            text,
            ctypes.c_size_t(len(text)),
            ctypes.c_void_p(costs.ctypes.data),
        )

    size = fill()
    if size > len(text):
        text = ctypes.create_string_buffer(size)
        fill()
    result = text.raw[:size].decode()
    if not costs.any():
        raise ValueError(result)
    value, gradient = costs.reshape(2, 3).tolist()
    return Plan(result, Cost(*value), Cost(*gradient))


class Rows(NamedTuple):
    """How many rows each operand of a batch has: its size, or 1 where all elements share one."""

    theta: int = 1
    indices: int = 1
    data: int = 1
    tangent: int | None = None
    """``None`` for D[0] and its transpose."""
    cotangent: int | None = None
    """``None`` for what is not transposed."""


def strategy(words: np.ndarray, index: np.ndarray, rows: Rows, *, keep: bool = False) -> str:
    """Return how the native library evaluates a batch: by what its elements share.

    Parameters
    ----------
    words
        The encoding, i64.
    index
        The integers of the first element, i64[K].
    rows
        What varies over the batch.
    keep
        Whether states are kept for the gradient that follows.

    Returns
    -------
    str
        A name of ``Strategy`` in ``native/batch/strategy.hpp``.

    Raises
    ------
    ValueError
        If ``plan`` raises it.
    """
    choose = native_function("qgrad_lab_strategy", ctypes.c_char_p)
    words = np.ascontiguousarray(words, np.int64)
    index = np.ascontiguousarray(index, np.int64)
    numbers = np.array([number or 0 for number in rows], np.uint64)
    name: bytes | None = choose(
        ctypes.c_void_p(words.ctypes.data),
        ctypes.c_size_t(words.size),
        ctypes.c_void_p(index.ctypes.data),
        ctypes.c_size_t(index.size),
        ctypes.c_void_p(numbers.ctypes.data),
        ctypes.c_bool(keep),
    )
    if name is None:
        plan(words, index)
        raise ValueError("there is no such batch")
    return name.decode()


def counts() -> Counts:
    """How often the native library swept over a state, in all threads."""
    numbers = (ctypes.c_uint64 * 2)()
    native_function("qgrad_lab_counts", None)(numbers)
    return Counts(*numbers)


def take_peak_bytes() -> int:
    """The most memory that the states of circuits took at once since this was called last.

    In bytes, of all threads together; what stays allocated for a next call does not count.
    """
    return int(native_function("qgrad_lab_take_peak_bytes", ctypes.c_uint64)())
