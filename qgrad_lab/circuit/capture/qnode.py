"""A QNode call inside a compiled program: quantum function to Programs, Programs to results.

1. The quantum function runs once and PennyLane records its operations (a tape).
2. The QNode's transforms are applied; each resulting tape becomes one Program (``tape_program``).
3. Each Program is bound as the engine's primitive; the transforms' post-processing and the shape of
   the user's return value are restored.

With shots, a ``Sampled`` circuit takes the place of the Program, and there is one result for each
number of shots.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.capture import foreign
from qgrad_lab.circuit.classical.part import Numbers, join, joined, trace
from qgrad_lab.circuit.control.keys import next_key
from qgrad_lab.circuit.control.masking import active_where, current_active, where_active
from qgrad_lab.circuit.control.mid_circuit import last_key, tape_key
from qgrad_lab.circuit.control.one_shot import Results, one_shot, single_shot
from qgrad_lab.circuit.control.wire_discovery import discovered
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.sampled import Sampled
from qgrad_lab.circuit.lower.operands import BroadcastNeeded, Operands
from qgrad_lab.circuit.lower.readouts.readout import Measured
from qgrad_lab.circuit.lower.refusals import METHODS, REFUSALS, refusal_of
from qgrad_lab.circuit.lower.tape import device_wires, has_single_precision, tape_program
from qgrad_lab.circuit.record.recording import Recording, WiresNeeded, record
from qgrad_lab.circuit.record.returned import Returned
from qgrad_lab.core.mode import lowering
from qgrad_lab.engine.evaluate import Member
from qgrad_lab.engine.primitive import bind
from qgrad_lab.engine.sampling import with_key
from qgrad_lab.errors import CompileError


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
        return foreign.call(qnode, args, kwargs, REFUSALS.get(qnode.diff_method))
    mid_circuit = qnode.execute_kwargs.get("mcm_method")
    if mid_circuit == "deferred" and not _defers(qnode):
        qnode = qml.defer_measurements(qnode)
    kwargs = dict(kwargs)
    shots = qml.measurements.Shots(qnode._get_shots(kwargs))
    copies = _call(qnode, args, kwargs, shots)
    if copies[0].num_measured and mid_circuit not in (None, "one-shot", _SINGLE_BRANCH):
        raise CompileError(
            f"{_name(qnode)} measures in the middle, and has mcm_method={mid_circuit!r}. In a "
            f"compiled program it is None, 'one-shot', 'deferred' or {_SINGLE_BRANCH!r}."
        )
    if shots and copies[0].num_measured and mid_circuit != _SINGLE_BRANCH:
        # What was traced is dropped: every shot has outcomes of its own in the middle.
        copies = [
            one_shot(
                lambda key: _call(qnode, args, kwargs, _ONE_SHOT, key)[0],
                number,
                copies[0].num_wires,
            )
            for number in shots
        ]
    results = [copy.restore() for copy in copies]
    return tuple(results) if shots.has_partitioned_shots else results[0]


_SINGLE_BRANCH = "single-branch-statistics"
"""The ``mcm_method`` of which all shots have the same outcomes in the middle."""


class _Recorded(NamedTuple):
    """A quantum function that was run.

    ``kinds`` are the types of the measurements among the leaves that it returned, ``num_measured``
    is how many wires it measured in the middle, ``wire_map`` is from wire labels to wires of a
    Program, where they had to be known.
    """

    tape: QuantumScript
    returned: Returned
    kinds: tuple[type | None, ...]
    num_measured: int
    wire_map: dict[Any, int] | None


_ONE_SHOT = qml.measurements.Shots(1)


def _call(
    qnode: qml.QNode, args: Any, kwargs: Any, shots: qml.measurements.Shots, shot_key: Any = None
) -> list[Results]:
    """The results of each number of shots; without shots, one."""
    if len(qnode.compile_pipeline) == 0:
        try:
            return _call_plain(qnode, args, kwargs, shots, shot_key)
        except BroadcastNeeded:
            pass  # parameter broadcasting makes several circuits, which the general way handles
    return _call_transformed(qnode, args, kwargs, shots, shot_key)


def _call_plain(
    qnode: qml.QNode, args: Any, kwargs: Any, shots: qml.measurements.Shots, shot_key: Any
) -> list[Results]:
    """One circuit. Its classical part is traced on its own, for ``views.assemble``."""
    leaves, structure = jax.tree.flatten((args, kwargs, shot_key))
    traced = [i for i, leaf in enumerate(leaves) if isinstance(leaf, jax.core.Tracer)]
    active = current_active()

    def classical(*values: Any) -> tuple[Operands, list[Any], Any]:
        replaced = list(leaves)
        for i, value in zip(traced, values, strict=True):
            replaced[i] = value
        inner_args, inner_kwargs, inner_key = jax.tree.unflatten(structure, replaced)
        with active_where(active):
            recorded = _record(qnode, inner_args, inner_kwargs, shots, inner_key)
        tape, returned, kinds, num_measured, wire_map = recorded
        circuit = tape_program(tape, wire_map, _name(qnode), has_single_precision(qnode.device))
        outputs = circuit.outputs
        readouts = returned.map(lambda number: circuit.readouts[number], outputs.keep)
        num_wires = len(wire_map or ())
        static = (circuit.program, readouts, returned.structure, kinds, num_measured, num_wires)
        return circuit.operands, outputs.kept, static

    values = [leaves[i] for i in traced]
    part = trace(classical, *values)
    circuit, readouts, output, kinds, num_measured, num_wires = part.static
    numbers, kept = part.evaluate(values)
    outputs = _execute(circuit, numbers, qnode, kinds, num_measured, shot_key)
    return [
        Results(output, [read(measured) for read in readouts], kinds, num_measured, num_wires)
        for measured in Measured.split(circuit, outputs, kept)
    ]


def _call_transformed(
    qnode: qml.QNode, args: Any, kwargs: Any, shots: qml.measurements.Shots, shot_key: Any
) -> list[Results]:
    """Any number of circuits; their post-processing may hold values that were traced in them."""
    recorded = _record(qnode, args, kwargs, shots, shot_key)
    tape, returned, kinds, num_measured, wire_map = recorded
    counts = num_measured, len(wire_map or ())

    with lowering():
        qnode.compile_pipeline.set_classical_component(qnode, args, kwargs)
        tapes, postprocess = qnode.compile_pipeline((tape,))
        results = postprocess(_execute_tapes(tapes, qnode, recorded, shot_key))[0]
    copies = []
    for copy in results if shots.has_partitioned_shots else [results]:
        found = (copy,) if len(tape.measurements) == 1 else tuple(copy)
        if len(found) != len(tape.measurements):
            # A transform changed what is measured, such as qml.metric_tensor.
            copies.append(Results(jax.tree.structure(0), [copy], (None,), *counts))
            continue
        leaves = returned.map(lambda number, found=found: found[number], lambda value: value)
        copies.append(Results(returned.structure, leaves, kinds, *counts))
    return copies


def _execute_tapes(
    tapes: Sequence[QuantumScript], qnode: qml.QNode, recorded: _Recorded, shot_key: Any
) -> tuple[Any, ...]:
    """Results of each tape. Where they are run for one shot, each has random numbers of its own."""
    keys = [None if shot_key is None else tape_key(shot_key, i) for i in range(len(tapes))]
    return tuple(
        _execute_tape(tape, qnode, recorded, key) for tape, key in zip(tapes, keys, strict=True)
    )


def _execute_tape(tape: QuantumScript, qnode: qml.QNode, recorded: _Recorded, shot_key: Any) -> Any:
    """Results in PennyLane's form: a tuple or the one result; of shot vectors, tuples of these."""
    try:
        single = has_single_precision(qnode.device)
        circuit = tape_program(tape, recorded.wire_map, _name(qnode), single)
    except BroadcastNeeded:
        if tape.batch_size is None:
            raise CompileError(
                f"An operation of {_name(qnode)} was given an array where it takes a number, and "
                "it does not take a batch of parameters."
            ) from None
        tapes, postprocess = qml.transforms.broadcast_expand(tape)
        return postprocess(_execute_tapes(tapes, qnode, recorded, shot_key))
    theta = joined(circuit.operands.theta.values, jnp.float64)
    numbers = join(theta, circuit.operands.index.values, circuit.operands.data.values)
    kinds = tuple(map(type, tape.measurements))
    outputs = _execute(circuit.program, numbers, qnode, kinds, recorded.num_measured, shot_key)
    copies = []
    for measured in Measured.split(circuit.program, outputs, circuit.outputs.kept):
        results = tuple(read(measured) for read in circuit.readouts)
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
    """All measured numbers, f64[M]."""
    program = circuit.program if isinstance(circuit, Sampled) else circuit
    program, numbers = where_active(program, numbers)
    refusal = refusal_of(qnode.diff_method, kinds, num_measured, isinstance(circuit, Sampled))
    if not isinstance(circuit, Sampled):
        method = METHODS.get(qnode.diff_method, "adjoint")
        return bind(Member(program, method, refusal), *numbers)
    if shot_key is None:
        key = next_key(numbers.theta, numbers.indices, shots=sum(circuit.shots))
    else:
        key = last_key(shot_key)
    numbers = numbers._replace(indices=with_key(numbers.indices, key))
    circuit = dataclasses.replace(circuit, program=program)
    return bind(Member(circuit, "parameter-shift", refusal), *numbers)


def is_qnode(value: Any) -> bool:
    """Whether ``value`` is a QNode."""
    return isinstance(value, qml.QNode)


def _name(qnode: qml.QNode) -> str:
    return getattr(qnode.func, "__name__", "circuit")


def _defers(qnode: qml.QNode) -> bool:
    transform = qml.defer_measurements.tape_transform
    return any(getattr(t, "tape_transform", None) is transform for t in qnode.compile_pipeline)


def _record(
    qnode: qml.QNode, args: Any, kwargs: Any, shots: qml.measurements.Shots, shot_key: Any
) -> _Recorded:
    """Run the quantum function."""
    name = _name(qnode)
    current = Recording(
        name,
        device_wires(qnode.device),
        has_single_precision(qnode.device),
        defers=_defers(qnode),
        discards=bool(shots) and qnode.execute_kwargs.get("postselect_mode") == "hw-like",
        shot_key=shot_key,
    )

    def run() -> Any:
        return qnode.func(*args, **kwargs)

    try:
        with record(current) as queue:
            output = run()
    except WiresNeeded:
        current.wire_map = discovered(run, name, current.defers)
        with record(current) as queue:
            output = run()
    tape = QuantumScript.from_queue(queue, shots)
    returned = Returned.of(output, tape, name, qnode.diff_method)
    kinds = returned.kinds(tape)
    if shot_key is not None:
        tape = tape.copy(measurements=[single_shot(m) for m in tape.measurements])
    return _Recorded(tape, returned, kinds, current.num_measured, current.wire_map)
