"""Run the quantum function of a QNode and keep what it does."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.control.cuts import Cut
from qgrad_lab.circuit.control.one_shot import single_shot
from qgrad_lab.circuit.control.wire_discovery import discovered
from qgrad_lab.circuit.lower.allocation import has_allocations, with_wires
from qgrad_lab.circuit.lower.tape import device_wires, has_single_precision
from qgrad_lab.circuit.record.recording import Recording, WiresNeeded, record
from qgrad_lab.circuit.record.returned import Returned
from qgrad_lab.circuit.record.sources import OtherTrace


class Recorded(NamedTuple):
    """A quantum function that was run.

    Attributes
    ----------
    tape
        Its operations and measurements.
    returned
        What it returned.
    kinds
        Types of the measurements among the leaves that it returned.
    num_measured
        How many wires it measured in the middle.
    wire_map
        From wire labels to wires of a Program, where they had to be known.
    valid
        Whether it found all outcomes that it selected, bool; ``None`` without shots.
    cuts
        Measurements in the middle whose outcomes are all followed.
    """

    tape: QuantumScript
    returned: Returned
    kinds: tuple[type | None, ...]
    num_measured: int
    wire_map: dict[Any, int] | None
    valid: Any
    cuts: Sequence[Cut] = ()


def record_function(
    qnode: qml.QNode,
    args: Any,
    kwargs: Any,
    shots: qml.measurements.Shots,
    shot_key: Any,
    follows: bool | None = False,
) -> Recorded:
    """Run the quantum function of ``qnode``.

    Once, and on a device without wires three times, if it has loops or branches or measures in the
    middle: until one of these has to know the wires, for its wires alone, and with them. Once more
    where gates stand under ``jax.jit`` or in a loop of JAX.

    Parameters
    ----------
    qnode
        A QNode on ``lightning.qubit``.
    args, kwargs
        Pytrees of traced and other values.
    shots
        Of the tape.
    shot_key
        Key of the random numbers u32[2] where it is run for one shot, else ``None``.
    follows
        Whether all outcomes of measurements in the middle are followed; ``None`` raises a
        ``CutsNeeded`` where there is one.
    """
    try:
        return _record(qnode, args, kwargs, shots, shot_key, follows)
    except OtherTrace:
        # JAX then runs what is under jax.jit and loops of known length as Python does.
        with jax.disable_jit():
            return _record(qnode, args, kwargs, shots, shot_key, follows)


def _record(
    qnode: qml.QNode,
    args: Any,
    kwargs: Any,
    shots: qml.measurements.Shots,
    shot_key: Any,
    follows: bool | None,
) -> Recorded:
    name = qnode_name(qnode)
    current = Recording(
        name,
        device_wires(qnode.device),
        has_single_precision(qnode.device),
        defers=defers(qnode),
        discards=shot_key is not None
        and qnode.execute_kwargs.get("postselect_mode") != "fill-shots",
        shot_key=shot_key,
        signals=follows is None,
        cuts=[] if follows else None,
        valid=jnp.asarray(True) if shots else None,
    )

    def function() -> Any:
        return qnode.func(*args, **kwargs)

    try:
        with record(current) as queue:
            output = function()
    except WiresNeeded:
        current.wire_map = discovered(function, name, current.defers)
        with record(current) as queue:
            output = function()
    tape = QuantumScript.from_queue(queue, shots)
    returned = Returned.of(output, tape, name)
    kinds = returned.kinds(tape)
    if has_allocations(tape.operations) and not current.num_measured and not current.cuts:
        tape = with_wires(tape, current.wire_map, name)
    if shot_key is not None:
        tape = tape.copy(measurements=[single_shot(m) for m in tape.measurements])
    return Recorded(
        tape,
        returned,
        kinds,
        current.num_measured,
        current.wire_map,
        current.valid,
        current.cuts or (),
    )


def qnode_name(qnode: qml.QNode) -> str:
    """Return the name of the quantum function, for messages."""
    return getattr(qnode.func, "__name__", "circuit")


def defers(qnode: qml.QNode) -> bool:
    """Return whether ``qnode`` replaces measurements in the middle by controlled operations."""
    transform = qml.defer_measurements.tape_transform
    return any(getattr(t, "tape_transform", None) is transform for t in qnode.compile_pipeline)
