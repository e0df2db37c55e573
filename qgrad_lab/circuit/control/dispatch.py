"""Choose how a loop or a branch of a program is compiled.

Mostly as instructions (``loops``, ``branches``). Where it measures in the middle, the state is
carried through it, as one more of its values: the body, traced for its instructions until it
measured, is traced once more. Where only the wires of the circuit are looked for, it is run for its
operations (``wire_discovery``).
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
from pennylane.operation import Operator

from qgrad_lab.circuit.control import branches, cuts, loops, wire_discovery
from qgrad_lab.circuit.control.bodies import BatchInside, Iteration, SnapshotInside, check_ends
from qgrad_lab.circuit.control.mid_circuit import MeasuresInside, end, resume, resumed, suspend
from qgrad_lab.circuit.record.recording import Recording, current_recording


def loop(iteration: Iteration, counters: range, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the values that ``iteration(i, *values)`` carries through all of ``counters``."""
    recording = current_recording()
    if recording is not None and recording.unknown is not None:
        return wire_discovery.loop(recording, iteration, counters, values)
    try:
        return loops.loop(iteration, counters, values)
    except MeasuresInside:
        if recording is None or not recording.is_active():
            raise
    except (BatchInside, SnapshotInside):
        # A batch becomes several circuits, and the operations in this loop theirs. A snapshot has
        # a circuit for each iteration.
        for i in counters:
            values = iteration(i, *values)
        return values
    if recording.cuts is not None:
        for i in counters:
            values = iteration(i, *values)
            check_ends(recording.queue, recording.name)
        return values
    carried = (suspend(recording), *values)
    return _resumed(recording, loops.loop(_carrying(recording, iteration), counters, carried))


def bounded(
    still: Callable[..., Any],
    iteration: Iteration,
    values: tuple[Any, ...],
    label: int,
    name: str,
    iterations: Any = None,
) -> tuple[Any, ...]:
    """Carry values through a loop of unknown length; see `loops.bounded`."""
    recording = current_recording()
    if recording is not None and recording.unknown is not None:
        return wire_discovery.bounded(recording, iteration, values)
    try:
        return loops.bounded(still, iteration, values, label, name, iterations)
    except MeasuresInside:
        if recording is None or not recording.is_active():
            raise
    if recording.cuts is not None:
        raise cuts.RunNeeded
    results = loops.bounded(
        lambda number, state, *carry: still(number, *carry),
        _carrying(recording, iteration),
        (suspend(recording), *values),
        label,
        name,
        iterations,
    )
    return _resumed(recording, results)


def choose(number: Any, functions: Sequence[Callable[[], Any]], name: str) -> Any:
    """Return the result of ``functions[number]``, for a traced number."""
    recording = current_recording()
    if recording is not None and recording.unknown is not None:
        return wire_discovery.choose(recording, functions)
    try:
        return branches.choose(number, functions, name)
    except MeasuresInside:
        if recording is None or not recording.is_active():
            raise
    if recording.cuts is not None:
        return cuts.choose(recording, number, functions, name)
    state = suspend(recording)

    def carrying(function: Callable[[], Any]) -> Callable[[], tuple[Any, Any]]:
        def from_state() -> tuple[Any, Any]:
            with resumed(recording, state):
                result = function()
                return end(recording), result

        return from_state

    state, result = branches.choose(number, [carrying(f) for f in functions], name)
    resume(recording, state)
    return result


def without_operators(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``function`` to drop operators that it returns: they are in the circuit already."""

    @functools.wraps(function, updated=())
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        leaves = jax.tree.leaves(result, is_leaf=_is_operator)
        return None if leaves and all(map(_is_operator, leaves)) else result

    return wrapper


def _is_operator(leaf: Any) -> bool:
    return isinstance(leaf, Operator)


def _carrying(recording: Recording, iteration: Iteration) -> Iteration:
    """Wrap ``iteration`` to carry the state of the circuit as the first of its values."""

    def from_state(number: Any, state: Any, *carry: Any) -> tuple[Any, ...]:
        with resumed(recording, state):
            results = iteration(number, *carry)
            return (end(recording), *results)

    return from_state


def _resumed(recording: Recording, results: tuple[Any, ...]) -> tuple[Any, ...]:
    state, *values = results
    resume(recording, state)
    return tuple(values)
