"""Compile the call of a QNode: quantum function to Programs, Programs to results.

1. The quantum function runs and PennyLane records its operations (a tape).
2. The QNode's transforms are applied; each resulting tape becomes one Program (``tape_program``).
3. Each Program is bound as the engine's primitive; the transforms' post-processing and the shape of
   the user's return value are restored.

With shots, a ``Sampled`` circuit takes the place of the Program, and there is one result for each
number of shots.

The quantum function runs once as a rule, and again where what was traced turns out not to do: for a
device without wires (``quantum_function``), after a batch of parameters that makes several circuits
of one, and with shots and measurements in the middle, where a single shot is traced (``one_shot``).
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.capture import exact_means, foreign
from qgrad_lab.circuit.capture.fixed_numbers import fixed_shots
from qgrad_lab.circuit.capture.quantum_function import (
    Recorded,
    defers,
    qnode_name,
    record_function,
)
from qgrad_lab.circuit.capture.snapshots import has_snapshots, snapshot_tapes
from qgrad_lab.circuit.classical.part import Numbers, trace
from qgrad_lab.circuit.control.cuts import CutsNeeded, RunNeeded, refuse_snapshots
from qgrad_lab.circuit.control.keys import next_key
from qgrad_lab.circuit.control.masking import active_where, current_active, where_active
from qgrad_lab.circuit.control.mid_circuit import last_key, tape_key
from qgrad_lab.circuit.control.one_shot import ReturnValue, one_shot, single_branch
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.sampled import Sampled
from qgrad_lab.circuit.lower.operands import BroadcastNeeded, Operands
from qgrad_lab.circuit.lower.readouts.readout import Measured
from qgrad_lab.circuit.lower.refusals import REFUSALS, engine_method, refusal_of
from qgrad_lab.circuit.lower.tape import (
    has_single_precision,
    split_batch,
    standard_wires,
    tape_program,
)
from qgrad_lab.core.mode import lowering
from qgrad_lab.engine.member import Member
from qgrad_lab.engine.primitive import bind
from qgrad_lab.engine.sampling import with_key
from qgrad_lab.errors import CompileError


def call(qnode: qml.QNode, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Evaluate ``qnode(*args, **kwargs)`` as traced values of the program being compiled.

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
    if not jax.config.jax_enable_x64:  # type: ignore[attr-defined]
        raise CompileError(
            f"{qnode_name(qnode)} is called where JAX's 64-bit types are switched off; compiled "
            "circuits compute with float64. qgrad_lab switches them on when it is imported: remove "
            "what switches them off again, such as jax.enable_x64(False), or call "
            "jax.config.update('jax_enable_x64', True). Arrays of type float32 may be passed then."
        )
    if jax.config.jax_disable_jit:  # type: ignore[attr-defined]
        # Circuits are compiled all the same.
        with jax.disable_jit(False):
            return call(qnode, args, kwargs)
    kwargs = dict(kwargs)
    shots = fixed_shots(qnode, kwargs)
    if qnode.device.name != "lightning.qubit":
        if shots != qnode.shots:
            qnode = qml.set_shots(qnode, shots)
        return foreign.call(qnode, args, kwargs, REFUSALS.get(qnode.diff_method))
    _check_transforms(qnode)
    mid_circuit = qnode.execute_kwargs.get("mcm_method")
    if mid_circuit == "deferred" and not defers(qnode):
        qnode = qml.defer_measurements(qnode)
    follows = not shots and mid_circuit != _SINGLE_BRANCH
    try:
        copies = _call(qnode, args, kwargs, shots, follows=follows)
    except CutsNeeded:
        copies = [_followed(qnode, args, kwargs)]
    if copies[0].num_measured:
        _check_method(qnode, mid_circuit, shots)
        if shots and mid_circuit != _SINGLE_BRANCH:
            # What was traced is dropped: every shot has outcomes of its own in the middle.
            copies = [
                one_shot(
                    lambda key: _call(qnode, args, kwargs, _ONE_SHOT, key)[0],
                    number,
                    copies[0].num_wires,
                )
                for number in shots
            ]
        elif shots:
            copies = [single_branch(copy) for copy in copies]
    results = [copy.restore() for copy in copies]
    result = tuple(results) if shots.has_partitioned_shots else results[0]
    snapshots = copies[0].snapshots
    return result if snapshots is None else (snapshots, result)


def _check_transforms(qnode: qml.QNode) -> None:
    for each in qnode.compile_pipeline:
        if each.tape_transform is None and each.classical_cotransform is None:
            raise CompileError(
                f"The QNode {qnode_name(qnode)} has the compiler pass {each}, which is Catalyst's "
                "and does nothing to a circuit of PennyLane. Leave it out, or apply a transform of "
                "PennyLane's, such as qml.transforms.cancel_inverses or merge_rotations."
            )


def _followed(qnode: qml.QNode, args: Any, kwargs: Any) -> ReturnValue:
    """Return the means over all outcomes, or the values of one run that is drawn."""

    def execute(program: Program, numbers: Numbers, num_measured: int) -> jax.Array:
        return _execute(program, numbers, qnode, (), num_measured, None)

    try:
        return exact_means.call(qnode, args, kwargs, execute)
    except RunNeeded:
        return _call(qnode, args, kwargs, qml.measurements.Shots(None))[0]


def _check_method(qnode: qml.QNode, method: Any, shots: qml.measurements.Shots) -> None:
    """Refuse an ``mcm_method`` that there is not."""
    if method == "one-shot" and not shots:
        raise CompileError(
            f"{qnode_name(qnode)} measures in the middle, has mcm_method='one-shot' and no shots. "
            "Give it shots with qml.set_shots, or mcm_method='tree-traversal', which returns exact "
            "means over all outcomes."
        )
    if shots and method == _SINGLE_BRANCH:
        if qnode.execute_kwargs.get("postselect_mode") == "hw-like":
            raise CompileError(
                f"{qnode_name(qnode)} has mcm_method={_SINGLE_BRANCH!r}, with which all shots have "
                "the same outcomes, and postselect_mode='hw-like', which leaves out some. Use "
                "mcm_method='one-shot', or postselect_mode='fill-shots'."
            )
    if method not in (None, *_MID_CIRCUIT_METHODS):
        raise CompileError(
            f"{qnode_name(qnode)} measures in the middle, and has mcm_method={method!r}. In a "
            "compiled program it is None, "
            f"{', '.join(map(repr, _MID_CIRCUIT_METHODS[:-1]))} or {_MID_CIRCUIT_METHODS[-1]!r}."
        )


_SINGLE_BRANCH = "single-branch-statistics"
"""The ``mcm_method`` with which all shots have the same outcomes in the middle."""

_MID_CIRCUIT_METHODS = ("one-shot", "tree-traversal", "deferred", _SINGLE_BRANCH)

_ONE_SHOT = qml.measurements.Shots(1)


class _HasSnapshots(Exception):
    """Raised where a circuit was to be called alone, and takes snapshots."""


def _call(
    qnode: qml.QNode,
    args: Any,
    kwargs: Any,
    shots: qml.measurements.Shots,
    shot_key: Any = None,
    follows: bool = False,
) -> list[ReturnValue]:
    """Return a value for each number of shots; without shots, one.

    With ``follows``, raise ``CutsNeeded`` where the circuit measures in the middle.
    """
    if len(qnode.compile_pipeline) == 0:
        try:
            return _call_plain(qnode, args, kwargs, shots, shot_key, follows)
        except BroadcastNeeded:
            pass  # parameter broadcasting makes several circuits, which the general way handles
        except _HasSnapshots:
            pass  # so do snapshots
    return _call_transformed(qnode, args, kwargs, shots, shot_key, follows)


def _call_plain(
    qnode: qml.QNode,
    args: Any,
    kwargs: Any,
    shots: qml.measurements.Shots,
    shot_key: Any,
    follows: bool,
) -> list[ReturnValue]:
    """Call one circuit. Its classical part is traced on its own, for ``classical.assemble``."""
    leaves, structure = jax.tree.flatten((args, kwargs, shot_key))
    traced = [i for i, leaf in enumerate(leaves) if isinstance(leaf, jax.core.Tracer)]
    active = current_active()

    def classical(*values: Any) -> tuple[Operands, list[Any], Any]:
        replaced = list(leaves)
        for i, value in zip(traced, values, strict=True):
            replaced[i] = value
        inner_args, inner_kwargs, inner_key = jax.tree.unflatten(structure, replaced)
        with active_where(active):
            recorded = record_function(
                qnode, inner_args, inner_kwargs, shots, inner_key, None if follows else False
            )
        tape, returned, kinds, num_measured, wire_map, valid, _ = recorded
        if has_snapshots(qnode, tape):
            raise _HasSnapshots
        single = has_single_precision(qnode.device)
        lowered = tape_program(tape, wire_map, qnode_name(qnode), single)
        outputs = lowered.outputs
        readouts = returned.map(lambda number: lowered.readouts[number], outputs.keep)
        num_wires = len(wire_map or ())
        read_valid = outputs.keep(valid)
        counts = num_measured, num_wires
        static = (lowered.program, readouts, read_valid, returned.structure, kinds, counts)
        return lowered.operands, outputs.kept, static

    values = [leaves[i] for i in traced]
    part = trace(classical, *values)
    circuit, readouts, read_valid, output, kinds, (num_measured, num_wires) = part.static
    numbers, kept = part.evaluate(values)
    outputs = _execute(circuit, numbers, qnode, kinds, num_measured, shot_key)
    return [
        ReturnValue(
            output,
            [read(measured) for read in readouts],
            kinds,
            num_measured,
            num_wires,
            read_valid(measured),
        )
        for measured in Measured.split(circuit, outputs, kept)
    ]


def _call_transformed(
    qnode: qml.QNode,
    args: Any,
    kwargs: Any,
    shots: qml.measurements.Shots,
    shot_key: Any,
    follows: bool,
) -> list[ReturnValue]:
    """Call any number of circuits, whose post-processing may hold values traced in them."""
    recorded = record_function(qnode, args, kwargs, shots, shot_key, None if follows else False)
    tape, returned, kinds, num_measured, wire_map, valid, _ = recorded
    counts = num_measured, len(wire_map or ()), valid
    snapshots = None
    if has_snapshots(qnode, tape):
        if num_measured:
            refuse_snapshots(qnode_name(qnode))
        recorded = recorded._replace(wire_map=wire_map or standard_wires(tape, qnode_name(qnode)))
        asked = snapshot_tapes(tape, qnode_name(qnode))
        snapshots = list(_execute_tapes(asked, qnode, recorded, shot_key))
    if not tape.measurements:
        # Transforms and batches would have nothing to give back.
        value = ReturnValue(returned.structure, list(returned.leaves), kinds, *counts, snapshots)
        return [value] * (shots.num_copies if shots else 1)

    with lowering():
        qnode.compile_pipeline.set_classical_component(qnode, args, kwargs)
        tapes, postprocess = qnode.compile_pipeline((tape,))
        # Some, such as qml.adjoint_metric_tensor, take the circuits and not their results.
        is_executed = not qnode.compile_pipeline.is_informative
        executed = _execute_tapes(tapes, qnode, recorded, shot_key) if is_executed else tapes
        results = postprocess(executed)[0]
    copies = []
    for copy in results if shots.has_partitioned_shots else [results]:
        found = (copy,) if len(tape.measurements) == 1 else tuple(copy)
        if len(found) != len(tape.measurements):
            # A transform changed what is measured, such as qml.metric_tensor.
            value = ReturnValue(jax.tree.structure(0), [copy], (None,), *counts, snapshots)
            copies.append(value)
            continue
        leaves = returned.map(lambda number, found=found: found[number], lambda value: value)
        copies.append(ReturnValue(returned.structure, leaves, kinds, *counts, snapshots))
    return copies


def _execute_tapes(
    tapes: Sequence[QuantumScript], qnode: qml.QNode, recorded: Recorded, shot_key: Any
) -> tuple[Any, ...]:
    """Execute tapes. Where they are run for one shot, each has random numbers of its own."""
    keys = [None if shot_key is None else tape_key(shot_key, i) for i in range(len(tapes))]
    return tuple(
        _execute_tape(tape, qnode, recorded, key) for tape, key in zip(tapes, keys, strict=True)
    )


def _execute_tape(tape: QuantumScript, qnode: qml.QNode, recorded: Recorded, shot_key: Any) -> Any:
    """Execute a tape.

    Returns
    -------
    tuple or array
        Results in PennyLane's form: a tuple or the one result; of shot vectors, tuples of these.
    """
    try:
        single = has_single_precision(qnode.device)
        lowered = tape_program(tape, recorded.wire_map, qnode_name(qnode), single)
    except BroadcastNeeded:
        tapes, postprocess = split_batch(tape)
        if not tapes:
            raise CompileError(
                f"An operation of {qnode_name(qnode)} was given an array where it takes a number, "
                "and it does not take a batch of parameters."
            ) from None
        return postprocess(_execute_tapes(tapes, qnode, recorded, shot_key))
    numbers = Numbers.of(lowered.operands)
    kinds = tuple(map(type, tape.measurements))
    outputs = _execute(lowered.program, numbers, qnode, kinds, recorded.num_measured, shot_key)
    copies = []
    for measured in Measured.split(lowered.program, outputs, lowered.outputs.kept):
        results = tuple(read(measured) for read in lowered.readouts)
        copies.append(results if len(results) != 1 else results[0])
    return tuple(copies) if tape.shots.has_partitioned_shots else copies[0]


def _execute(
    circuit: Program | Sampled,
    numbers: Numbers,
    qnode: qml.QNode,
    kinds: Sequence[type | None],
    num_measured: int,
    shot_key: Any,
) -> jax.Array:
    """Bind a circuit and return all measured numbers, f64[M]."""
    program = circuit.program if isinstance(circuit, Sampled) else circuit
    program, numbers = where_active(program, numbers)
    refusal = refusal_of(qnode.diff_method, kinds, num_measured, isinstance(circuit, Sampled))
    method = engine_method(qnode.diff_method, isinstance(circuit, Sampled))
    if not isinstance(circuit, Sampled):
        return bind(Member(program, method, refusal), *numbers)
    if shot_key is None:
        key = next_key(numbers.theta, numbers.indices, shots=sum(circuit.shots))
    else:
        key = last_key(shot_key)
    numbers = numbers._replace(indices=with_key(numbers.indices, key))
    circuit = dataclasses.replace(circuit, program=program)
    outputs = bind(Member(circuit, method, refusal), *numbers)
    # In a branch that is not asked for, what is no number is no error.
    return outputs if current_active() is True else jnp.where(current_active(), outputs, 0.0)


def is_qnode(value: Any) -> bool:
    """Return whether ``value`` is a QNode."""
    return isinstance(value, qml.QNode)
