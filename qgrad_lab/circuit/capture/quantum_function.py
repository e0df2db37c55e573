"""Run the quantum function of a QNode and keep what it does."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import pennylane as qml
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.control.one_shot import single_shot
from qgrad_lab.circuit.control.wire_discovery import discovered
from qgrad_lab.circuit.lower.tape import device_wires, has_single_precision
from qgrad_lab.circuit.record.recording import Recording, WiresNeeded, record
from qgrad_lab.circuit.record.returned import Returned


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
    """

    tape: QuantumScript
    returned: Returned
    kinds: tuple[type | None, ...]
    num_measured: int
    wire_map: dict[Any, int] | None
    valid: Any


def record_function(
    qnode: qml.QNode, args: Any, kwargs: Any, shots: qml.measurements.Shots, shot_key: Any
) -> Recorded:
    """Run the quantum function of ``qnode``.

    Once, and on a device without wires three times, if it has loops or branches or measures in the
    middle: until one of these has to know the wires, for its wires alone, and with them.

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
    """
    name = qnode_name(qnode)
    current = Recording(
        name,
        device_wires(qnode.device),
        has_single_precision(qnode.device),
        defers=defers(qnode),
        discards=shot_key is not None
        and qnode.execute_kwargs.get("postselect_mode") != "fill-shots",
        shot_key=shot_key,
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
    returned = Returned.of(output, tape, name, qnode.diff_method)
    kinds = returned.kinds(tape)
    if shot_key is not None:
        tape = tape.copy(measurements=[single_shot(m) for m in tape.measurements])
    return Recorded(tape, returned, kinds, current.num_measured, current.wire_map, current.valid)


def qnode_name(qnode: qml.QNode) -> str:
    """Return the name of the quantum function, for messages."""
    return getattr(qnode.func, "__name__", "circuit")


def defers(qnode: qml.QNode) -> bool:
    """Return whether ``qnode`` replaces measurements in the middle by controlled operations."""
    transform = qml.defer_measurements.tape_transform
    return any(getattr(t, "tape_transform", None) is transform for t in qnode.compile_pipeline)
