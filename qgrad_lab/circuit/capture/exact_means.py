"""Call a QNode that measures in the middle: the exact means over all outcomes.

The quantum function is traced once, and cut where it measures (``control.cuts``); the branches are
followed depth first (``control.tree``). Where all outcomes are selected there is one branch, whose
state is normalised at the end.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.capture.quantum_function import Recorded, qnode_name, record_function
from qgrad_lab.circuit.classical.staged import StagedPart, Values, trace_staged
from qgrad_lab.circuit.control.cuts import Cut, RunNeeded, batch_refused
from qgrad_lab.circuit.control.masking import active_where, current_active
from qgrad_lab.circuit.control.one_shot import ReturnValue
from qgrad_lab.circuit.control.tree import Execute, follow
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.lower.operands import BroadcastNeeded, Operands
from qgrad_lab.circuit.lower.readouts.mixture import weight as probability
from qgrad_lab.circuit.lower.readouts.readout import Measured, Outputs
from qgrad_lab.circuit.lower.tape import LoweredTape, has_single_precision, tape_program
from qgrad_lab.core.mode import lowering
from qgrad_lab.errors import CompileError

_NO_SHOTS = qml.measurements.Shots(None)


class _Static(NamedTuple):
    """What is known when the quantum function was traced.

    Attributes
    ----------
    cuts
        Without what was traced.
    program
        What comes after the last of them.
    readouts
        One for each leaf that is returned: of a mixture, of the one state, of a classical value.
    total
        Reads the probability of a branch.
    num_classical
        Results that are classical values of the user's.
    recorded
        The structure of what is returned.
    error
        Why there are no means, unless one run is drawn.
    """

    cuts: tuple[Cut, ...]
    program: Program | None
    readouts: tuple[Any, ...]
    total: Any
    num_classical: int
    recorded: Recorded
    error: CompileError | None


def call(qnode: qml.QNode, args: Any, kwargs: Any, execute: Execute) -> ReturnValue:
    """Return the means over all outcomes of the measurements in the middle.

    Parameters
    ----------
    qnode
        Without shots.
    args, kwargs
        Pytrees of traced and other values.
    execute
        Binds a Program.

    Raises
    ------
    RunNeeded
        If outcomes are returned, or decide how long a loop is.
    CompileError
        If what it returns is not one of a mixture of states.
    """
    leaves, structure = jax.tree.flatten((args, kwargs))
    traced = [i for i, leaf in enumerate(leaves) if isinstance(leaf, jax.core.Tracer)]
    active = current_active()

    def classical(*values: Any) -> tuple[list[Operands], list[Any], _Static]:
        replaced = list(leaves)
        for i, value in zip(traced, values, strict=True):
            replaced[i] = value
        inner_args, inner_kwargs = jax.tree.unflatten(structure, replaced)
        with active_where(active):
            recorded = record_function(
                qnode, inner_args, inner_kwargs, _NO_SHOTS, None, follows=True
            )
        return _lowered(qnode, recorded)

    part = trace_staged(classical, *(leaves[i] for i in traced))
    static: _Static = part.static
    first = 2 * len(static.cuts)
    classical_results = range(first, first + static.num_classical)
    if any(part.stage_of(number) for number in classical_results):
        raise RunNeeded
    if static.error is not None:
        raise static.error
    start = part.begin([leaves[i] for i in traced])
    known = iter([part.result(start, number) for number in classical_results])
    found = iter(_measured(part, static, start, execute))
    recorded = static.recorded
    outputs = [next(found if is_one else known) for is_one in recorded.returned.measured]
    return ReturnValue(
        recorded.returned.structure,
        outputs,
        recorded.kinds,
        recorded.num_measured,
        len(recorded.wire_map or ()),
    )


def _measured(part: StagedPart, static: _Static, start: Values, execute: Execute) -> list[Any]:
    """Return the results of the measurements at the end."""
    cuts, program = static.cuts, static.program
    assert program is not None
    kept = range(2 * len(cuts) + static.num_classical, len(part.results))

    def execute_last(values: Values) -> Measured:
        outputs = execute(program, part.numbers(values, len(cuts)))
        return Measured.split(program, outputs, [part.result(values, i) for i in kept])[0]

    if not _is_mixed(cuts):
        return follow(
            part,
            cuts,
            start,
            execute,
            lambda values: [read(execute_last(values)) for read in static.readouts],
            None,
        )

    def summed(measured: Measured) -> Any:
        return [each.linear(measured) for each in static.readouts], static.total(measured)

    numbers = [jax.ShapeDtypeStruct((size,), jnp.float64) for size in program.sizes()]
    types = jax.eval_shape(
        lambda numbers, kept: summed(Measured(numbers, kept)),
        numbers,
        [part.result_types()[i] for i in kept],
    )
    sums, total = follow(
        part, cuts, start, execute, lambda values: summed(execute_last(values)), types
    )
    if not all(cut.branches for cut in cuts):
        sums = jax.tree.map(lambda value: value / total, sums)
    return [each.result(value) for each, value in zip(static.readouts, sums, strict=True)]


def _lowered(qnode: qml.QNode, recorded: Recorded) -> tuple[list[Operands], list[Any], _Static]:
    """Lower what comes after the last cut; give all operands and traced results."""
    cuts = recorded.cuts
    results = [value for cut in cuts for value in (_wire(cut), jnp.asarray(cut.active))]
    classical = [
        leaf
        for leaf, is_one in zip(recorded.returned.leaves, recorded.returned.measured, strict=True)
        if not is_one
    ]
    static = _Static(
        cuts=tuple(cut.without_traced() for cut in cuts),
        program=None,
        readouts=(),
        total=None,
        num_classical=len(classical),
        recorded=recorded._replace(tape=None, returned=recorded.returned.without_classical()),
        error=None,
    )
    operands = [cut.operands or Operands() for cut in cuts]
    results += [jnp.asarray(value) for value in classical]
    try:
        lowered, total = _end(qnode, recorded)
    except CompileError as error:
        # Where an outcome is returned one run is drawn, which may well be possible.
        return operands, results, static._replace(error=error)
    places = recorded.returned.map(lambda number: lowered.readouts[number], lambda _: None)
    assert isinstance(lowered.program, Program)  # there are no shots
    static = static._replace(
        program=lowered.program, readouts=tuple(place for place in places if place), total=total
    )
    return [*operands, lowered.operands], [*results, *lowered.outputs.kept], static


def _end(qnode: qml.QNode, recorded: Recorded) -> tuple[LoweredTape, Any]:
    """Lower the tape after the last cut; returns also the readout of a branch's probability."""
    tape = _transformed(qnode, recorded.tape)
    outputs = Outputs()
    mixed = _is_mixed(recorded.cuts)
    total = probability(outputs) if mixed else None
    single = has_single_precision(qnode.device)
    name = qnode_name(qnode)
    try:
        return tape_program(tape, recorded.wire_map, name, single, mixed, outputs), total
    except BroadcastNeeded:
        raise batch_refused(name) from None


def _transformed(qnode: qml.QNode, tape: QuantumScript) -> QuantumScript:
    """Apply the transforms of ``qnode``, each of which has to make one tape of one."""
    if len(qnode.compile_pipeline) == 0:
        return tape
    with lowering():
        tapes, postprocess = qnode.compile_pipeline((tape,))
    marks = tuple(object() for _ in tapes)
    try:
        alone = postprocess(marks) == marks[:1] and len(tapes) == 1
    except Exception:  # whatever it does to results that it can make nothing of
        alone = False
    if not alone:
        raise CompileError(
            f"{qnode_name(qnode)} measures in the middle, and a transform of it makes several "
            "circuits of one, or computes with their results. Give it mcm_method='deferred', which "
            "replaces the measurements before."
        )
    return tapes[0]


def _is_mixed(cuts: Any) -> bool:
    return any(cut.branches for cut in cuts)


def _wire(cut: Cut) -> jax.Array:
    return jnp.asarray(cut.wire, jnp.int64)
