"""A QNode call inside a compiled program: quantum function to Programs, Programs to results.

1. The quantum function runs once and PennyLane records its operations (a tape).
2. The QNode's transforms are applied; each resulting tape becomes one Program (``tape_program``).
3. Each Program is bound as the engine's primitive; the transforms' post-processing and the shape of
   the user's return value are restored.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.tape import QuantumScript

from qgrad_lab.circuit import foreign
from qgrad_lab.circuit.classical import Numbers, join, joined, trace
from qgrad_lab.circuit.gates import PREPARATIONS
from qgrad_lab.circuit.lanes import active_where, current_active
from qgrad_lab.circuit.operands import BroadcastNeeded, Operands
from qgrad_lab.circuit.program import Branch, Gate, Index, Program
from qgrad_lab.circuit.recording import Recording, recording
from qgrad_lab.circuit.regions import Sizes, moved
from qgrad_lab.circuit.results import Measured
from qgrad_lab.circuit.returned import Returned
from qgrad_lab.circuit.tape_program import device_wires, tape_program
from qgrad_lab.engine.evaluate import Member
from qgrad_lab.engine.primitive import bind
from qgrad_lab.errors import CompileError
from qgrad_lab.tracing import lowering

_METHODS = {
    "adjoint": "adjoint",
    "best": "adjoint",
    "device": "adjoint",
    "parameter-shift": "parameter-shift",
}
"""The engine's method for each ``diff_method`` of a QNode."""

_REFUSALS = {
    None: (
        "Cannot differentiate a QNode explicitly marked non-differentiable (with "
        "diff_method=None). Give it diff_method='adjoint' or 'parameter-shift', or use "
        "jax.lax.stop_gradient on its arguments."
    ),
    "finite-diff": (
        "Finite differences at the QNode level is not supported under method='auto'. Use "
        "grad(..., method='fd') for finite differences of the whole function, or give the QNode "
        "diff_method='adjoint' or 'parameter-shift'."
    ),
}


def _refusal(diff_method: Any) -> str | None:
    if diff_method in _METHODS:
        return None
    return _REFUSALS.get(diff_method) or (
        f"Invalid gradient method {diff_method!r} of a QNode. A compiled QNode on lightning.qubit "
        "is differentiated with diff_method='adjoint', 'parameter-shift', 'best' or 'device'. "
        "Other methods are PennyLane's own, for its other devices, such as default.qubit."
    )


def call(qnode: qml.QNode, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The results of ``qnode(*args, **kwargs)`` as traced values of the program being compiled.

    Parameters
    ----------
    qnode
        A QNode; on any device but ``lightning.qubit`` it is PennyLane that runs it.
    args, kwargs
        Pytrees of traced and other values.

    Returns
    -------
    pytree
        What the quantum function returns, with arrays in the place of measurements.

    Raises
    ------
    CompileError
        If the circuit cannot be compiled; the message says what is in the way.
    """
    if qnode.device.name != "lightning.qubit":
        return foreign.call(qnode, args, kwargs, _REFUSALS.get(qnode.diff_method))
    _check_device(qnode)
    if len(qnode.compile_pipeline) == 0:
        try:
            return _call_plain(qnode, args, kwargs)
        except BroadcastNeeded:
            pass  # parameter broadcasting makes several circuits, which the general way handles
    return _call_transformed(qnode, args, kwargs)


def _call_plain(qnode: qml.QNode, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """One circuit. Its classical part is traced on its own, for ``views.assemble``."""
    leaves, structure = jax.tree.flatten((args, kwargs))
    traced = [i for i, leaf in enumerate(leaves) if isinstance(leaf, jax.core.Tracer)]
    active = current_active()

    def classical(*values: Any) -> tuple[Operands, list[Any], Any]:
        replaced = list(leaves)
        for i, value in zip(traced, values, strict=True):
            replaced[i] = value
        inner_args, inner_kwargs = jax.tree.unflatten(structure, replaced)
        with active_where(active):
            tape, returned = _record(qnode, inner_args, inner_kwargs)
        circuit = tape_program(tape, qnode.device, _name(qnode))
        outputs = circuit.outputs
        readouts = returned.map(lambda number: circuit.readouts[number], outputs.keep)
        return circuit.operands, outputs.kept, (circuit.program, readouts, returned.structure)

    values = [leaves[i] for i in traced]
    part = trace(classical, *values)
    program, readouts, output = part.static
    numbers, kept = part.evaluate(values)
    measured = Measured.split(program, _execute(program, numbers, qnode), kept)
    return jax.tree.unflatten(output, [read(measured) for read in readouts])


def _call_transformed(qnode: qml.QNode, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Any number of circuits; their post-processing may hold values that were traced in them."""
    tape, returned = _record(qnode, args, kwargs)
    with lowering():
        qnode.compile_pipeline.set_classical_component(qnode, args, kwargs)
        tapes, postprocess = qnode.compile_pipeline((tape,))
        results = postprocess(tuple(_execute_tape(tape, qnode) for tape in tapes))[0]
    found = (results,) if len(tape.measurements) == 1 else tuple(results)
    if len(found) != len(tape.measurements):
        return results  # a transform changed what is measured, such as qml.metric_tensor
    return returned.restore(returned.map(lambda number: found[number], lambda value: value))


def _execute_tape(tape: QuantumScript, qnode: qml.QNode) -> Any:
    """Results in PennyLane's form: a tuple, or the one result."""
    try:
        circuit = tape_program(tape, qnode.device, _name(qnode))
    except BroadcastNeeded:
        if tape.batch_size is None:
            raise CompileError(
                f"An operation of {_name(qnode)} was given an array where it takes a number, and "
                "it does not take a batch of parameters."
            ) from None
        tapes, postprocess = qml.transforms.broadcast_expand(tape)
        return postprocess(tuple(_execute_tape(single, qnode) for single in tapes))
    theta = joined(circuit.operands.theta.values, jnp.float64)
    numbers = join(theta, circuit.operands.index.values, circuit.operands.data.values)
    outputs = _execute(circuit.program, numbers, qnode)
    measured = Measured.split(circuit.program, outputs, circuit.outputs.kept)
    results = tuple(read(measured) for read in circuit.readouts)
    return results if len(results) != 1 else results[0]


def _execute(program: Program, numbers: Numbers, qnode: qml.QNode) -> jax.Array:
    """All measured numbers, f64[M]."""
    program, numbers = _where_active(program, numbers)
    member = Member(
        program,
        method=_METHODS.get(qnode.diff_method, "adjoint"),
        refusal=_refusal(qnode.diff_method),
    )
    return bind(member, *numbers)


def _where_active(program: Program, numbers: Numbers) -> tuple[Program, Numbers]:
    """``program``, doing nothing in a loop or branch that is evaluated but not asked for.

    Only where something in it, such as a traced wire, may then have a value that is an error.
    """
    active = current_active()
    if active is True or program.num_index == 0:
        return program, numbers
    start = sum(isinstance(i, Gate) and i.kind.name in PREPARATIONS for i in program.body[:1])
    body = moved(program.body, Sizes(index=1))
    choice = Branch(Index(0), ((), body[start:]))
    program = dataclasses.replace(
        program, num_index=program.num_index + 1, body=(*body[:start], choice)
    )
    index = jnp.concatenate([jnp.asarray(active, jnp.int64).reshape(1), numbers.indices])
    return program, numbers._replace(indices=index)


def is_qnode(value: Any) -> bool:
    """Whether ``value`` is a QNode."""
    return isinstance(value, qml.QNode)


def _name(qnode: qml.QNode) -> str:
    return getattr(qnode.func, "__name__", "circuit")


def _check_device(qnode: qml.QNode) -> None:
    if qnode.shots:
        raise CompileError(
            f"A QNode with {qnode.shots} cannot be compiled. Compiled QNodes are exact: remove the "
            "shots, for example with qml.set_shots(qnode, None)."
        )


def _record(qnode: qml.QNode, args: Any, kwargs: Any) -> tuple[QuantumScript, Returned]:
    """Run the quantum function; its operations and its return value."""
    with recording(Recording(_name(qnode), device_wires(qnode.device))):
        with qml.queuing.AnnotatedQueue() as queue:
            output = qnode.func(*args, **kwargs)
    tape = QuantumScript.from_queue(queue)
    return tape, Returned.of(output, tape, _name(qnode), qnode.diff_method)
