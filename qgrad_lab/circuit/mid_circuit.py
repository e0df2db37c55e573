"""``measure``: a wire is measured in the middle of a circuit.

The operations recorded so far become a circuit of their own, which returns the state. The outcome
is drawn from it, the state is collapsed, and what follows in the quantum function starts from
there.
"""

from typing import Any

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.operation import Operator
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.classical import join, joined
from qgrad_lab.circuit.operands import BroadcastNeeded
from qgrad_lab.circuit.program import Program
from qgrad_lab.circuit.randomness import next_key
from qgrad_lab.circuit.recording import Recording, current_recording
from qgrad_lab.circuit.refusals import MID_CIRCUIT
from qgrad_lab.circuit.tape_program import tape_program
from qgrad_lab.engine.evaluate import Member
from qgrad_lab.engine.primitive import bind
from qgrad_lab.engine.randomness import folded, wrapped
from qgrad_lab.errors import CompileError


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
        Outside of a quantum function; inside a loop, a branch, or a function under ``qml.adjoint``
        or ``qml.ctrl``.
    """
    label = _single(wires)
    if postselect not in (None, 0, 1):
        raise ValueError(f"measure was given postselect={postselect!r}; it is 0, 1 or None.")
    recording = current_recording()
    if recording is None:
        raise CompileError(
            f"measure({label!r}) stands outside of a quantum function. Call it in a QNode."
        )
    if qml.QueuingManager.active_context() is not recording.queue:
        raise CompileError(
            f"MidCircuitMeasure is not allowed here: measure({label!r}) in {recording.name} stands "
            "in a loop, a branch or a function under qml.adjoint or qml.ctrl. Write the loop as a "
            "Python loop of known length, which is unrolled, and put the measurement in front of "
            "the branch."
        )
    if postselect is not None and recording.discards:
        raise CompileError(
            f"{recording.name} has postselect_mode='hw-like', which leaves out shots, and the "
            "shapes of a compiled program are fixed. Use 'fill-shots', which projects every shot."
        )
    wire_map = recording.wires()
    if not isinstance(label, jax.core.Tracer) and label not in wire_map:
        raise CompileError(
            f"measure({label!r}) in {recording.name} acts on a wire that the device does not have; "
            f"its wires are {list(wire_map)}."
        )
    psi = _state(recording, wire_map)
    key = _key(recording, psi)
    wire = label if isinstance(label, jax.core.Tracer) else wire_map[label]
    outcome, psi = _collapsed(psi, wire, key, reset, postselect)
    recording.num_measured += 1
    qml.StatePrep(psi, wires=list(wire_map), validate_norm=False)
    return outcome


def _single(wires: Any) -> Any:
    if isinstance(wires, jax.core.Tracer):
        if wires.size != 1:
            raise CompileError("measure takes one wire.")
        return wires.reshape(())
    labels = qml.wires.Wires(wires)
    if len(labels) != 1:
        raise CompileError(f"measure was given the wires {labels.tolist()}; it takes one wire.")
    return labels[0]


def _state(recording: Recording, wire_map: dict[Any, int]) -> jax.Array:
    """The state after the operations recorded so far, c128[2^n]; they leave the queue."""
    queue = recording.queue
    with qml.QueuingManager.stop_recording():
        tape = QuantumScript(QuantumScript.from_queue(queue).operations, [qml.state()])
    for operation in [item for item in queue.queue if isinstance(item, Operator)]:
        queue.remove(operation)
    if len(tape.operations) == 1 and recording.num_measured:
        return tape.operations[0].parameters[0]  # as the measurement before left it
    try:
        circuit = tape_program(tape, wire_map, recording.name)
    except BroadcastNeeded:
        raise CompileError(
            f"An operation of {recording.name} was given a batch of parameters, and the circuit "
            "measures in the middle. Use jax.vmap of the QNode instead of parameter broadcasting."
        ) from None
    theta = joined(circuit.operands.theta.values, jnp.float64)
    numbers = join(theta, circuit.operands.index.values, circuit.operands.data.values)
    assert isinstance(circuit.program, Program)  # the tape has no shots
    outputs = bind(Member(circuit.program, "adjoint", MID_CIRCUIT), *numbers)
    pairs = outputs.reshape(-1, 2)
    return jax.lax.complex(pairs[:, 0], pairs[:, 1])


def _key(recording: Recording, psi: jax.Array) -> jax.Array:
    if recording.shot_key is not None:
        return folded(recording.shot_key, recording.num_measured)
    # One number that depends on the state is enough to tell the elements of a batch apart.
    return next_key(jnp.real(psi[0]))


def _collapsed(
    psi: jax.Array, wire: Any, key: jax.Array, reset: bool, postselect: int | None
) -> tuple[jax.Array, jax.Array]:
    """The outcome, and the state after it."""
    num_wires = psi.size.bit_length() - 1
    shift = jnp.asarray(num_wires - 1 - wire, jnp.int64)
    states = jnp.arange(psi.size)
    bits = (states >> shift) & 1
    weights = jnp.real(psi) ** 2 + jnp.imag(psi) ** 2
    total = jnp.sum(weights)
    one = jnp.sum(jnp.where(bits == 1, weights, 0.0)) / total
    if postselect is None:
        outcome = jax.random.uniform(wrapped(key), (), jnp.float64) < one
    else:
        # Where it cannot be found, the other one is.
        outcome = one > 0.0 if postselect else one >= 1.0
    kept = jnp.where(bits == outcome, psi, 0.0)
    norm = jnp.sqrt(jnp.sum(jnp.where(bits == outcome, weights, 0.0)))
    collapsed = kept / norm
    if reset:
        flipped = jnp.bitwise_xor(states, outcome.astype(jnp.int64) << shift)
        collapsed = collapsed[flipped]
    return outcome, collapsed
