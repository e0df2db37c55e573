"""Measure a wire in the middle of a circuit.

The operations recorded so far become a circuit of their own, which returns the state. The outcome
is drawn from it, the state is collapsed, and what follows in the quantum function starts from
there. A loop or a branch that measures takes the state as a value, and returns it (``dispatch``).
"""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.wires import DynamicWire

from qgrad_lab.circuit.classical.part import Numbers
from qgrad_lab.circuit.control import cuts
from qgrad_lab.circuit.control.bodies import body_tape
from qgrad_lab.circuit.control.collapse import normalised, projected, weight
from qgrad_lab.circuit.control.keys import next_key
from qgrad_lab.circuit.control.masking import current_active, where_active
from qgrad_lab.circuit.lower.allocation import refuse_allocations
from qgrad_lab.circuit.lower.readouts.readout import amplitudes_of
from qgrad_lab.circuit.lower.refusals import MID_CIRCUIT
from qgrad_lab.circuit.record.outcome import Outcome
from qgrad_lab.circuit.record.recording import Recording, current_recording
from qgrad_lab.circuit.record.sources import SourceQueue
from qgrad_lab.engine.member import Member
from qgrad_lab.engine.numbers import checked
from qgrad_lab.engine.primitive import bind
from qgrad_lab.engine.randomness import folded, wrapped
from qgrad_lab.errors import ArgumentError, CompileError
from qgrad_lab.methods.table import BEST


class Suspended(NamedTuple):
    """A circuit suspended in the middle, as a value that loops and branches carry.

    Attributes
    ----------
    psi
        The state, c128[2^n].
    key
        Of the random numbers to come, u32[2], where the circuit is run for one shot.
    valid
        Whether all outcomes that were selected were found, bool; ``None`` without shots.
    """

    psi: jax.Array
    key: jax.Array | None
    valid: jax.Array | None


class MeasuresInside(CompileError, ValueError):
    """``measure`` stands where operations do not go to the queue of the quantum function."""


def measure_wire(wires: Any, reset: bool, postselect: int | None) -> Outcome:
    """Measure one wire of the quantum function that is being recorded.

    Parameters
    ----------
    wires
        The wire, known or traced.
    reset
        Whether to set it to zero afterwards.
    postselect
        The outcome to select, 0 or 1, if any.

    Returns
    -------
    Outcome
        Of the wire, a traced bit.

    Raises
    ------
    CompileError
        Outside of a quantum function, or inside a function under ``qml.adjoint`` or ``qml.ctrl``.
    """
    label = _single(wires)
    if postselect not in (None, 0, 1):
        raise ArgumentError(f"measure was given postselect={postselect!r}; it is 0, 1 or None.")
    recording = current_recording()
    if recording is None:
        raise CompileError(
            f"measure({label!r}) stands outside of a quantum function. Call it in a QNode."
        )
    if recording.unknown is not None:
        qml.Identity(label)
        return Outcome(recording.unknown)
    if recording.signals:
        raise cuts.CutsNeeded
    if not recording.is_active():
        raise MeasuresInside(
            f"MidCircuitMeasure is not allowed here: measure({label!r}) in {recording.name} stands "
            "in a function under qml.adjoint or qml.ctrl. A measurement has no inverse, and no "
            "wires control it: move it out of this function."
        )
    recording.queue.check_trace(f"measure({label!r}) in {recording.name}")
    wire_map = recording.wires()
    if isinstance(label, DynamicWire):
        refuse_allocations(recording.name)
    if not isinstance(label, jax.core.Tracer) and label not in wire_map:
        raise CompileError(
            f"measure({label!r}) in {recording.name} acts on a wire that the device does not have; "
            f"its wires are {list(wire_map)}."
        )
    wire = label if isinstance(label, jax.core.Tracer) else wire_map[label]
    if isinstance(label, jax.core.Tracer):
        qml.Identity(label)  # the engine checks the wires of every operation
    recording.num_measured += 1
    if recording.cuts is not None:
        return cuts.cut(recording, wire, reset, postselect)
    psi, key, valid = suspend(recording)
    selected = None if recording.discards else postselect
    own = _own_key(key, psi)
    outcome, psi = _collapsed(psi, wire, own, reset, selected, valid is not None)
    if postselect is not None and valid is not None:
        valid = jnp.logical_and(valid, outcome == bool(postselect))
    resume(recording, Suspended(psi, _next_key(key), valid))
    return Outcome(outcome)


def suspend(recording: Recording) -> Suspended:
    """Take the recorded operations out of the queue and return the state after them."""
    return Suspended(_psi(recording), recording.shot_key, recording.valid)


def resume(recording: Recording, suspended: Suspended) -> None:
    """Go on from ``suspended``, with an empty queue."""
    recording.shot_key = suspended.key
    recording.valid = suspended.valid
    cuts.start_from(recording, suspended.psi)


@contextlib.contextmanager
def resumed(recording: Recording, suspended: Suspended) -> Iterator[None]:
    """Record inside the ``with`` block what follows ``suspended`` in a body; see `end`."""
    previous = (
        recording.queue,
        recording.root,
        recording.shot_key,
        recording.valid,
        recording.state,
    )
    try:
        with SourceQueue() as queue:
            recording.queue = recording.root = queue
            resume(recording, suspended)
            yield
    finally:
        (
            recording.queue,
            recording.root,
            recording.shot_key,
            recording.valid,
            recording.state,
        ) = previous


def end(recording: Recording) -> Suspended:
    """Suspend the circuit at the end of a body."""
    body_tape(recording.queue, recording.name)
    return suspend(recording)


def _single(wires: Any) -> Any:
    if isinstance(wires, jax.core.Tracer):
        if wires.size != 1:
            raise ArgumentError("measure takes one wire.")
        return wires.reshape(())
    labels = qml.wires.Wires(wires)
    if len(labels) != 1:
        raise ArgumentError(f"measure was given the wires {labels.tolist()}; it takes one wire.")
    return labels[0]


def _psi(recording: Recording) -> jax.Array:
    """Return the state after the recorded operations, c128[2^n]; they leave the queue."""
    found = cuts.suspended(recording)
    if found is None:
        assert recording.state is not None
        return recording.state.parameters[0]
    program, numbers = where_active(found[0], Numbers.of(found[1]))
    return amplitudes_of(bind(Member(program, BEST, MID_CIRCUIT), *numbers))


def last_key(key: jax.Array) -> jax.Array:
    """Derive the key of the measurements at the end of a shot from the key of the shot."""
    return folded(key, 0)


def tape_key(key: jax.Array, number: int) -> jax.Array:
    """Derive the key of one of several circuits in a shot from the key of the shot."""
    return folded(key, 3 + number)


def _own_key(key: jax.Array | None, psi: jax.Array) -> jax.Array:
    """Derive the key of one measurement."""
    if key is not None:
        return folded(key, 1)
    # One number that depends on the state is enough to tell the elements of a batch apart.
    return next_key(jnp.real(psi[0]))


def _next_key(key: jax.Array | None) -> jax.Array | None:
    """Derive the key of what follows a measurement."""
    return None if key is None else folded(key, 2)


def _collapsed(
    psi: jax.Array, wire: Any, key: jax.Array, reset: bool, postselect: int | None, shots: bool
) -> tuple[jax.Array, jax.Array]:
    """Return the outcome, and the state after it.

    With shots, outcomes of a state that is not a number are refused when the circuit runs, and an
    outcome that cannot be selected is not: the shot is left out. Without shots the state after it
    is not a number.
    """
    zeros, ones = (projected(psi, wire, outcome, reset) for outcome in (False, True))
    total = weight(psi)
    if shots:
        total = checked(jnp.where(current_active(), total, 1.0))
    one = weight(ones) / total
    if postselect is None:
        outcome = jax.random.uniform(wrapped(key), (), jnp.float64) < one
    elif shots:
        outcome = one > 0.0 if postselect else one >= 1.0
    else:
        outcome = jnp.asarray(bool(postselect))
    kept = jnp.where(outcome, ones, zeros)
    if not shots:
        return outcome, normalised(kept, psi)
    norm = jnp.sqrt(weight(kept))
    # It is zero only in a body that is not asked for, of a wire that there is not.
    return outcome, kept / jnp.where(norm == 0.0, 1.0, norm)
