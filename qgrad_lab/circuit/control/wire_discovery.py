"""Discover the wires of a quantum function with loops or branches on a device without wires.

On such a device a circuit has the wires that its operations act on. Loops and branches have to
know them when they are compiled, so the quantum function runs once more, for its operations only:
every branch, and a loop once, or where its wires depend on its counter, for every number that the
counter takes. What is traced meanwhile is dropped.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.lower.tape import has_traced_wires, standard_wires
from qgrad_lab.circuit.record.recording import Recording, record
from qgrad_lab.circuit.record.sources import SourceQueue


def discovered(function: Callable[[], Any], name: str, defers: bool) -> dict[Any, int]:
    """Run a quantum function for its wires.

    Parameters
    ----------
    function
        The quantum function, its arguments bound.
    name
        Of the function, for messages.
    defers
        Whether PennyLane replaces measurements in the middle.

    Returns
    -------
    dict
        From its wire labels to wires of a Program.

    Raises
    ------
    CompileError
        If an operation acts on a wire that is known only when the program runs.
    """
    found: list[dict[Any, int]] = []

    def trace(unknown: Any) -> None:
        with record(Recording(name, None, defers=defers, unknown=unknown)) as queue:
            function()
        found.append(standard_wires(QuantumScript.from_queue(queue), name))

    jax.eval_shape(trace, jnp.zeros((), bool))
    return found[-1]


def loop(
    recording: Recording, iteration: Callable[..., Any], counters: range, values: tuple[Any, ...]
) -> tuple[Any, ...]:
    """Run a loop of known length for its operations."""
    if len(counters) == 0:
        return values
    with SourceQueue() as queue:
        results = _once(recording, iteration, values)
    if not has_traced_wires(QuantumScript.from_queue(queue)):
        for operation in queue.queue:
            qml.QueuingManager.append(operation)
        return results
    for i in counters:
        with jax.ensure_compile_time_eval():
            values = iteration(i, *values)
    return values


def bounded(
    recording: Recording, iteration: Callable[..., Any], values: tuple[Any, ...]
) -> tuple[Any, ...]:
    """Run a loop of unknown length for its operations."""
    return _once(recording, iteration, values)


def choose(recording: Recording, functions: Sequence[Callable[[], Any]]) -> Any:
    """Run every branch for its operations."""
    return [_opaque(recording, function()) for function in functions][0]


def _once(
    recording: Recording, iteration: Callable[..., Any], values: tuple[Any, ...]
) -> tuple[Any, ...]:
    counter = _opaque(recording, jnp.zeros((), jnp.int64))
    results: tuple[Any, ...] = _opaque(recording, iteration(counter, *_opaque(recording, values)))
    return results


def _opaque(recording: Recording, values: Any) -> Any:
    """Return ``values`` as traced ones, which say nothing about wires."""
    # A branch may return the operator that it applied, which must not be applied once more.
    with qml.QueuingManager.stop_recording():
        return jax.tree.map(lambda value: jnp.where(recording.unknown, value, value), values)
