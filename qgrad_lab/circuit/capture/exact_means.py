"""Call a QNode that measures in the middle: the exact means over all outcomes.

The quantum function is traced once, and cut where it measures (``control.cuts``); the branches are
followed depth first (``control.tree``). Where all outcomes are selected there is one branch, whose
state is normalised at the end.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.capture.quantum_function import Recorded, qnode_name, record_function
from qgrad_lab.circuit.capture.snapshots import has_snapshots
from qgrad_lab.circuit.classical.staged import StagedPart, Values, trace_staged
from qgrad_lab.circuit.control.collapse import NOTHING
from qgrad_lab.circuit.control.cuts import Cut, RunNeeded, batch_refused, refuse_snapshots
from qgrad_lab.circuit.control.keys import next_key
from qgrad_lab.circuit.control.masking import active_where, current_active
from qgrad_lab.circuit.control.one_shot import ReturnValue
from qgrad_lab.circuit.control.tree import Execute, draw, follow
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
    classical
        Places of the user's classical values among the results.
    draws
        Whether one run is drawn.
    recorded
        The structure of what is returned.
    error
        Why there are no means, unless one run is drawn.
    """

    cuts: tuple[Cut, ...]
    program: Program | None
    readouts: tuple[Any, ...]
    total: Any
    classical: range
    draws: bool
    recorded: Recorded
    error: CompileError | None


def call(
    qnode: qml.QNode, args: Any, kwargs: Any, execute: Callable[..., jax.Array]
) -> ReturnValue:
    """Return the means over all outcomes of the measurements in the middle.

    Where outcomes are returned, they are those of one run. It is drawn here if an outcome is
    selected after others, which are drawn under the condition that it will be found.

    Parameters
    ----------
    qnode
        Without shots.
    args, kwargs
        Pytrees of traced and other values.
    execute
        ``execute(program, numbers, num_measured)`` binds a Program.

    Raises
    ------
    RunNeeded
        If outcomes are returned, or decide how long a loop is, and can be drawn one by one.
    CompileError
        If what it returns is not one of a mixture of states.
    """
    part, arguments = _trace(qnode, args, kwargs, draws=False)
    static: _Static = part.static
    if any(part.stage_of(number) for number in static.classical):
        if not _selects_late(static.cuts):
            raise RunNeeded
        part, arguments = _trace(qnode, args, kwargs, draws=True)
        static = part.static
    if static.error is not None:
        raise static.error
    start = part.begin(arguments)
    recorded = static.recorded
    if static.draws:
        found, known = _drawn(part, start, functools.partial(execute, num_measured=1))
    else:
        found = _measured(part, start, functools.partial(execute, num_measured=0))
        known = [part.result(start, number) for number in static.classical]
    measured, classical = iter(found), iter(known)
    return ReturnValue(
        recorded.returned.structure,
        [next(measured if is_one else classical) for is_one in recorded.returned.measured],
        recorded.kinds,
        recorded.num_measured,
        len(recorded.wire_map or ()),
        None,
    )


def _trace(qnode: qml.QNode, args: Any, kwargs: Any, draws: bool) -> tuple[StagedPart, list[Any]]:
    """Trace the quantum function; returns the classical part, and its arguments."""
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
        return _lowered(qnode, recorded, draws)

    arguments = [leaves[i] for i in traced]
    return trace_staged(classical, *arguments), arguments


def _measured(part: StagedPart, start: Values, execute: Execute) -> list[Any]:
    """Return the means of what is measured at the end."""
    static: _Static = part.static
    cuts = static.cuts
    measured = _last(part, execute)
    if not _is_mixed(cuts):

        def results(values: Values) -> list[Any]:
            found = measured(values)
            return [read(found) for read in static.readouts]

        return follow(part, cuts, start, execute, results, None)

    def summed(measured: Measured) -> Any:
        return [each.linear(measured) for each in static.readouts], static.total(measured)

    types = jax.eval_shape(summed, _types(part))
    sums, total = follow(part, cuts, start, execute, lambda values: summed(measured(values)), types)
    if not all(cut.branches for cut in cuts):
        total = jnp.where(total > NOTHING, total, jnp.nan)
        sums = jax.tree.map(lambda value: value / total, sums)
    return [each.result(value) for each, value in zip(static.readouts, sums, strict=True)]


def _drawn(part: StagedPart, start: Values, execute: Execute) -> tuple[list[Any], list[Any]]:
    """Return what is measured at the end of one run, and its classical values."""
    static: _Static = part.static
    measured = _last(part, execute)

    def leaf(values: Values) -> Any:
        found = measured(values)
        results = [read(found) for read in static.readouts]
        return results, [part.result(values, number) for number in static.classical]

    types = (
        jax.eval_shape(lambda found: [read(found) for read in static.readouts], _types(part)),
        [part.result_types()[number] for number in static.classical],
    )
    return draw(part, static.cuts, start, execute, leaf, types, next_key())


def _last(part: StagedPart, execute: Execute) -> Callable[[Values], Measured]:
    """Return how what comes after the last cut is executed."""
    static: _Static = part.static
    program = static.program
    assert program is not None
    kept = range(static.classical.stop, len(part.results))

    def measured(values: Values) -> Measured:
        outputs = execute(program, part.numbers(values, len(static.cuts)))
        return Measured.split(program, outputs, [part.result(values, i) for i in kept])[0]

    return measured


def _types(part: StagedPart) -> Measured:
    """Return the types of what is measured at the end."""
    static: _Static = part.static
    assert static.program is not None
    numbers: list[Any] = [
        jax.ShapeDtypeStruct((size,), jnp.float64) for size in static.program.sizes()
    ]
    return Measured(numbers, part.result_types()[static.classical.stop :])


def _lowered(
    qnode: qml.QNode, recorded: Recorded, draws: bool
) -> tuple[list[Operands], list[Any], _Static]:
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
        classical=range(2 * len(cuts), 2 * len(cuts) + len(classical)),
        draws=draws,
        recorded=recorded._replace(
            tape=None, returned=recorded.returned.without_classical(), cuts=(), valid=None
        ),
        error=None,
    )
    operands = [cut.operands or Operands() for cut in cuts]
    results += [jnp.asarray(value) for value in classical]
    try:
        lowered, total = _end(qnode, recorded, _is_mixed(cuts) and not draws)
    except CompileError as error:
        # Where an outcome is returned one run is drawn, which may well be possible.
        return operands, results, static._replace(error=error)
    places = recorded.returned.map(lambda number: lowered.readouts[number], lambda _: None)
    assert isinstance(lowered.program, Program)  # there are no shots
    static = static._replace(
        program=lowered.program, readouts=tuple(place for place in places if place), total=total
    )
    return [*operands, lowered.operands], [*results, *lowered.outputs.kept], static


def _end(qnode: qml.QNode, recorded: Recorded, mixed: bool) -> tuple[LoweredTape, Any]:
    """Lower the tape after the last cut; returns also the readout of a branch's probability."""
    if has_snapshots(qnode, recorded.tape):
        refuse_snapshots(qnode_name(qnode))
    tape = _transformed(qnode, recorded.tape)
    outputs = Outputs()
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


def _selects_late(cuts: Sequence[Cut]) -> bool:
    """Return whether an outcome is selected after one that is not."""
    selects = [not cut.branches for cut in cuts]
    return not all(selects) and any(selects[selects.index(False) :])


def _is_mixed(cuts: Sequence[Cut]) -> bool:
    return any(cut.branches for cut in cuts)


def _wire(cut: Cut) -> jax.Array:
    return jnp.asarray(cut.wire, jnp.int64)
