"""Measure a wire in the middle of a circuit.

The operations recorded so far become a circuit of their own, which returns the state. The outcome
is drawn from it, the state is collapsed, and what follows in the quantum function starts from
there. A loop or a branch that measures takes the state as a value, and returns it (``dispatch``).
"""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.operation import Operator
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.classical.part import Numbers
from qgrad_lab.circuit.control.bodies import body_tape
from qgrad_lab.circuit.control.keys import next_key
from qgrad_lab.circuit.control.masking import current_active, where_active
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.lower.operands import BroadcastNeeded
from qgrad_lab.circuit.lower.operations import snapshot_of
from qgrad_lab.circuit.lower.refusals import MID_CIRCUIT
from qgrad_lab.circuit.lower.tape import tape_program
from qgrad_lab.circuit.record.recording import Recording, current_recording
from qgrad_lab.circuit.record.sources import SourceQueue
from qgrad_lab.core.mode import drops_snapshots
from qgrad_lab.engine.member import Member
from qgrad_lab.engine.numbers import checked
from qgrad_lab.engine.primitive import bind
from qgrad_lab.engine.randomness import folded, wrapped
from qgrad_lab.errors import CompileError
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


class MeasuresInside(CompileError):
    """``measure`` stands where operations do not go to the queue of the quantum function."""


def measure_wire(wires: Any, reset: bool, postselect: int | None) -> jax.Array:
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
    jax.Array
        The outcome, a boolean scalar.

    Raises
    ------
    CompileError
        Outside of a quantum function, or inside a function under ``qml.adjoint`` or ``qml.ctrl``.
    """
    label = _single(wires)
    if postselect not in (None, 0, 1):
        raise ValueError(f"measure was given postselect={postselect!r}; it is 0, 1 or None.")
    recording = current_recording()
    if recording is None:
        raise CompileError(
            f"measure({label!r}) stands outside of a quantum function. Call it in a QNode."
        )
    if recording.unknown is not None:
        qml.Identity(label)
        return recording.unknown
    if not recording.is_active():
        raise MeasuresInside(
            f"MidCircuitMeasure is not allowed here: measure({label!r}) in {recording.name} stands "
            "in a function under qml.adjoint or qml.ctrl. A measurement has no inverse, and no "
            "wires control it: move it out of this function."
        )
    wire_map = recording.wires()
    if not isinstance(label, jax.core.Tracer) and label not in wire_map:
        raise CompileError(
            f"measure({label!r}) in {recording.name} acts on a wire that the device does not have; "
            f"its wires are {list(wire_map)}."
        )
    wire = label if isinstance(label, jax.core.Tracer) else wire_map[label]
    if isinstance(label, jax.core.Tracer):
        qml.Identity(label)  # the engine checks the wires of every operation
    psi, key, valid = suspend(recording)
    projected = None if recording.discards else postselect
    own = _own_key(key, psi)
    outcome, psi = _collapsed(psi, wire, own, reset, projected, valid is not None)
    if postselect is not None and valid is not None:
        valid = jnp.logical_and(valid, outcome == bool(postselect))
    recording.num_measured += 1
    resume(recording, Suspended(psi, _next_key(key), valid))
    return outcome


def refuse_snapshots(name: str) -> NoReturn:
    """Refuse snapshots of the quantum function ``name``, which measures in the middle."""
    raise CompileError(
        f"{name} has a qml.Snapshot and measures in the middle, so that the state depends on "
        "outcomes. Take snapshots of circuits without measure, or leave out the snapshots."
    )


def suspend(recording: Recording) -> Suspended:
    """Take the recorded operations out of the queue and return the state after them."""
    return Suspended(_psi(recording, recording.wires()), recording.shot_key, recording.valid)


def resume(recording: Recording, suspended: Suspended) -> None:
    """Go on from ``suspended``, with an empty queue."""
    recording.shot_key = suspended.key
    recording.valid = suspended.valid
    recording.state = qml.StatePrep(
        suspended.psi, wires=list(recording.wires()), validate_norm=False
    )


@contextlib.contextmanager
def resumed(recording: Recording, suspended: Suspended) -> Iterator[None]:
    """Record inside the ``with`` block what follows ``suspended`` in a body; see `end`."""
    previous = recording.queue, recording.shot_key, recording.valid, recording.state
    try:
        with SourceQueue() as recording.queue:
            resume(recording, suspended)
            yield
    finally:
        recording.queue, recording.shot_key, recording.valid, recording.state = previous


def end(recording: Recording) -> Suspended:
    """Suspend the circuit at the end of a body."""
    body_tape(recording.queue, recording.name)
    return suspend(recording)


def _single(wires: Any) -> Any:
    if isinstance(wires, jax.core.Tracer):
        if wires.size != 1:
            raise CompileError("measure takes one wire.")
        return wires.reshape(())
    labels = qml.wires.Wires(wires)
    if len(labels) != 1:
        raise CompileError(f"measure was given the wires {labels.tolist()}; it takes one wire.")
    return labels[0]


def _psi(recording: Recording, wire_map: dict[Any, int]) -> jax.Array:
    """Return the state after the recorded operations, c128[2^n]; they leave the queue."""
    queue = recording.queue
    with qml.QueuingManager.stop_recording():
        tape = QuantumScript(QuantumScript.from_queue(queue).operations, [qml.state()])
    if not drops_snapshots() and any(map(snapshot_of, tape.operations)):
        refuse_snapshots(recording.name)
    for operation in [item for item in queue.queue if isinstance(item, Operator)]:
        queue.remove(operation)
    if len(tape.operations) == 1 and tape.operations[0] is recording.state:
        return recording.state.parameters[0]
    try:
        lowered = tape_program(tape, wire_map, recording.name, recording.single)
    except BroadcastNeeded:
        raise CompileError(
            f"An operation of {recording.name} was given a batch of parameters, and the circuit "
            "measures in the middle. Use jax.vmap of the QNode instead of parameter broadcasting."
        ) from None
    assert isinstance(lowered.program, Program)  # the tape has no shots
    program, numbers = where_active(lowered.program, Numbers.of(lowered.operands))
    outputs = bind(Member(program, BEST, MID_CIRCUIT), *numbers)
    pairs = outputs.reshape(-1, 2)
    return jax.lax.complex(pairs[:, 0], pairs[:, 1])


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

    With shots, outcomes of a state that is not a number are refused when the circuit runs.
    """
    num_wires = psi.size.bit_length() - 1
    shift = jnp.asarray(num_wires - 1 - wire, jnp.int64)
    states = jnp.arange(psi.size)
    bits = (states >> shift) & 1
    weights = jnp.real(psi) ** 2 + jnp.imag(psi) ** 2
    total = jnp.sum(weights)
    if shots:
        total = checked(jnp.where(current_active(), total, 1.0))
    one = jnp.sum(jnp.where(bits == 1, weights, 0.0)) / total
    if postselect is None:
        outcome = jax.random.uniform(wrapped(key), (), jnp.float64) < one
    else:
        # Where it cannot be found, the other one is.
        outcome = one > 0.0 if postselect else one >= 1.0
    kept = jnp.where(bits == outcome, psi, 0.0)
    norm = jnp.sqrt(jnp.sum(jnp.where(bits == outcome, weights, 0.0)))
    # It is zero only in a body that is not asked for, of a wire that there is not.
    collapsed = kept / jnp.where(norm == 0.0, 1.0, norm)
    if reset:
        flipped = jnp.bitwise_xor(states, outcome.astype(jnp.int64) << shift)
        collapsed = collapsed[flipped]
    return outcome, collapsed
