"""Call QNodes on devices that the engine has no kernels for: PennyLane runs them.

It does so in the compiled program. The quantum function is recorded with traced parameters, as for
a compiled circuit. There are two ways from there:

- Where PennyLane simulates and differentiates a circuit in JAX (``diff_method="backprop"``), it
  does so inside the program, and JAX compiles that.
- Everywhere else the traced parameters are the operands of callbacks (``callbacks``), in which
  PennyLane executes the circuit and differentiates it with the QNode's own ``diff_method``.
"""

import warnings
import weakref
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pennylane as qml
from pennylane.measurements import MeasurementProcess
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.capture.callbacks import outputs_of
from qgrad_lab.circuit.capture.quantum_function import qnode_name
from qgrad_lab.circuit.capture.snapshots import has_snapshots, snapshot_tapes
from qgrad_lab.circuit.record.returned import Returned
from qgrad_lab.circuit.record.sources import SourceQueue
from qgrad_lab.core.mode import Mode, mode
from qgrad_lab.errors import CompileError

_NO_SHAPE = (
    qml.exceptions.MeasurementShapeError,
    qml.exceptions.QuantumFunctionError,
    NotImplementedError,
    TypeError,
)
"""What PennyLane raises when it is asked for the shape of a result that has none."""

_NOT_SIMULATED = (
    qml.exceptions.DeviceError,
    qml.exceptions.MeasurementShapeError,
    qml.exceptions.QuantumFunctionError,
    NotImplementedError,
)
"""What PennyLane raises when a device does not execute a circuit."""

_warned: "weakref.WeakSet[qml.QNode]" = weakref.WeakSet()


def call(
    qnode: qml.QNode, args: tuple[Any, ...], kwargs: dict[str, Any], refusal: str | None
) -> Any:
    """Evaluate ``qnode(*args, **kwargs)`` by PennyLane.

    Parameters
    ----------
    qnode
        On any device of PennyLane.
    args, kwargs
        Pytrees of traced and other values.
    refusal
        Why the QNode has no derivatives; ``None`` if it has.

    Raises
    ------
    CompileError
        If it returns something of unknown shape, or its operations depend on traced values by more
        than their parameters.
    """
    _warn_once(qnode)
    with mode(Mode.OUTSIDE):
        tape, returned = _record(qnode, args, kwargs)
        # PennyLane's own call returns no classical values.
        in_jax = (
            refusal is None
            and bool(tape.measurements)
            and all(returned.measured)
            and _is_simulated_in_jax(qnode, tape)
        )
        if in_jax:
            result = _simulated(qnode, args, kwargs)
    if not in_jax:
        _check_method(qnode, tape)
        copies = [
            jax.tree.unflatten(
                returned.structure,
                returned.map(lambda number, own=values: own[number], lambda value: value),
            )
            for values in _values(qnode, tape, refusal)
        ]
        result = tuple(copies) if tape.shots.has_partitioned_shots else copies[0]
    if not has_snapshots(qnode, tape):
        return result
    asked = snapshot_tapes(tape, qnode_name(qnode))
    if qnode.device.wires is None:
        # Their states are those of all wires, also of wires that come later.
        with qml.QueuingManager.stop_recording():
            later = qml.Identity(tape.wires)
        asked = [one.copy(ops=[*one.operations, later]) for one in asked]
    snapshots = [_snapshot(qnode, one, in_jax, refusal) for one in asked]
    return snapshots, result


def _simulated(qnode: qml.QNode, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call ``qnode``, which PennyLane simulates in JAX."""
    try:
        return qnode.update(interface="jax")(*args, **kwargs)
    except _NOT_SIMULATED as error:
        raise CompileError(
            f"The QNode {qnode_name(qnode)} cannot be executed on the device "
            f"{qnode.device.name}, as PennyLane says: {error}"
        ) from error


def _values(qnode: qml.QNode, tape: QuantumScript, refusal: str | None) -> list[list[jax.Array]]:
    """Return the results of ``tape``, of which there are several for several numbers of shots."""
    shapes = [_result_shape(measured, tape, qnode) for measured in tape.measurements]
    copies = [[shape(shots) for shape in shapes] for shots in tape.shots or [None]]
    if not shapes:
        return [[] for _ in copies]
    outputs = iter(outputs_of(qnode, tape, [one for copy in copies for one in copy], refusal))
    return [[next(outputs) for _ in copy] for copy in copies]


def _snapshot(qnode: qml.QNode, tape: QuantumScript, in_jax: bool, refusal: str | None) -> Any:
    if in_jax:
        with mode(Mode.OUTSIDE):
            return qml.execute([tape], qnode.device, diff_method="backprop", interface="jax")[0]
    values = [copy[0] for copy in _values(qnode, tape, refusal)]
    return tuple(values) if tape.shots.has_partitioned_shots else values[0]


def _warn_once(qnode: qml.QNode) -> None:
    if qnode in _warned:
        return
    _warned.add(qnode)
    warnings.warn(
        f"The QNode {qnode_name(qnode)} is on the device {qnode.device.name}, for which there are "
        "no native circuits: PennyLane executes it in the compiled program, which is slow. The "
        "fast path is qml.device('lightning.qubit', wires=...).",
        UserWarning,
        stacklevel=2,
    )


def _record(qnode: qml.QNode, args: Any, kwargs: Any) -> tuple[QuantumScript, Returned]:
    name, device = qnode_name(qnode), qnode.device.name
    try:
        with SourceQueue() as queue:
            output = qnode.func(*args, **kwargs)
        tape = QuantumScript.from_queue(queue, shots=qnode.shots)
    except (jax.errors.ConcretizationTypeError, jax.errors.TracerIntegerConversionError) as error:
        raise CompileError(
            f"The quantum function {name} is on the device {device}, where loops, branches and "
            "wires may not depend on traced values. Use qml.device('lightning.qubit', wires=...), "
            "which takes them, or make the values static arguments."
        ) from error
    for thing in (*tape.operations, *tape.measurements):
        if any(isinstance(wire, jax.core.Tracer) for wire in thing.wires):
            raise CompileError(
                f"{thing} of {name} acts on a traced wire, which the device {device} does not "
                "take. Use qml.device('lightning.qubit', wires=...)."
            )
    return tape, Returned.of(output, tape, name)


def _is_simulated_in_jax(qnode: qml.QNode, tape: QuantumScript) -> bool:
    if qnode.diff_method not in ("backprop", "best") or qnode.device.name == "null.qubit":
        return False  # null.qubit supports everything, and simulates nothing
    config = qml.devices.ExecutionConfig(gradient_method="backprop", interface="jax")
    return bool(qnode.device.supports_derivatives(config, tape))


def _check_method(qnode: qml.QNode, tape: QuantumScript) -> None:
    """Find out before the circuit runs what PennyLane would find out then."""
    if qnode.diff_method not in ("adjoint", "backprop", "device"):
        return
    config = qml.devices.ExecutionConfig(gradient_method=qnode.diff_method, interface="autograd")
    if not qnode.device.supports_derivatives(config, tape):
        raise CompileError(
            f"The QNode {qnode_name(qnode)} has diff_method {qnode.diff_method!r}, which the "
            f"device {qnode.device.name} does not support for this circuit. Use "
            "diff_method='parameter-shift', or the device lightning.qubit."
        )


def _result_shape(
    measured: MeasurementProcess, tape: QuantumScript, qnode: qml.QNode
) -> Callable[[int | None], jax.ShapeDtypeStruct]:
    """Return a function from the number of shots to the shape and type of what is measured."""
    wires = qnode.device.wires if qnode.device.wires is not None else tape.wires
    batch = () if tape.batch_size is None else (tape.batch_size,)

    def shape(shots: int | None) -> jax.ShapeDtypeStruct:
        try:
            found = measured.shape(shots=shots, num_device_wires=len(wires))
            return jax.ShapeDtypeStruct((*batch, *found), np.dtype(measured.numeric_type))
        except _NO_SHAPE as error:
            raise CompileError(
                f"{measured} of {qnode_name(qnode)}, on the device {qnode.device.name} with "
                f"{shots or 'no'} shots, has no shape that is known before it runs. A compiled "
                "program returns arrays of known shapes, such as qml.expval, qml.var, qml.probs, "
                "and qml.sample with shots."
            ) from error

    return shape
