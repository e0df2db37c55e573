"""Cut a circuit where it measures in the middle, to be evaluated for all outcomes (``tree``).

The operations between two measurements become a Program that takes a state to a state. Its outcome
and the state after it are marks (``classical.staged``), for which the quantum function goes on. A
branch that measures is laid out flat: all of them are recorded one after the other, each on
condition that it is asked for, measurements included.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.operation import Operator
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.classical.part import Numbers
from qgrad_lab.circuit.classical.staged import outcome_mark, state_mark
from qgrad_lab.circuit.control.bodies import Tree, body_tape, cast, lower_body
from qgrad_lab.circuit.control.branches import check_alike
from qgrad_lab.circuit.control.masking import active_where
from qgrad_lab.circuit.ir.instructions import Branch, Index
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.rewrite import Sizes, moved
from qgrad_lab.circuit.lower.blocks import Region
from qgrad_lab.circuit.lower.operands import BroadcastNeeded, Operands
from qgrad_lab.circuit.lower.operations import snapshot_of
from qgrad_lab.circuit.lower.tape import tape_program
from qgrad_lab.circuit.record.outcome import Outcome
from qgrad_lab.circuit.record.recording import Recording
from qgrad_lab.circuit.record.sources import SourceQueue
from qgrad_lab.core.mode import drops_snapshots
from qgrad_lab.errors import CompileError

MAX_BRANCHINGS = 24
"""The most measurements in the middle whose outcomes are all followed: 2^24 circuits."""


class CutsNeeded(Exception):
    """Raised by the first measurement of a circuit whose outcomes are all to be followed."""


class RunNeeded(Exception):
    """Raised where the outcomes cannot all be followed, and one run is drawn instead."""


@dataclasses.dataclass(frozen=True)
class Cut:
    """A measurement in the middle, and the circuit before it.

    Attributes
    ----------
    program, operands
        From the last cut, or the start, to this one; ``None`` if nothing happens there.
    wire
        Of the circuit, known or traced.
    reset, postselect
        As ``measure`` was given them.
    active
        Whether it is asked for: ``True``, or a traced boolean in a branch.
    """

    program: Program | None
    operands: Operands | None
    wire: Any
    reset: bool
    postselect: int | None
    active: Any

    @property
    def branches(self) -> bool:
        """Whether both outcomes are followed."""
        return self.postselect is None

    def without_traced(self) -> "Cut":
        """Return the cut without traced values: ``None`` in their place."""
        return dataclasses.replace(
            self,
            operands=None,
            wire=None if isinstance(self.wire, jax.core.Tracer) else self.wire,
            active=None if isinstance(self.active, jax.core.Tracer) else self.active,
        )


def cut(recording: Recording, wire: Any, reset: bool, postselect: int | None) -> Outcome:
    """Cut the circuit that is recorded, and go on after the measurement of ``wire``."""
    cuts = recording.cuts
    assert cuts is not None
    flush(recording)
    lowered = suspended(recording)
    program, operands = (None, Operands()) if lowered is None else lowered
    cuts.append(Cut(program, operands, wire, reset, postselect, recording.active))
    if sum(each.branches for each in cuts) > MAX_BRANCHINGS:
        raise CompileError(
            f"{recording.name} measures in the middle more than {MAX_BRANCHINGS} times, and "
            "returns means over all outcomes, of which there are 2 to the power of that. Give it "
            "shots, with qml.set_shots, or return an outcome, so that one run is drawn."
        )
    stage = len(cuts)
    start_from(recording, state_mark(stage, len(recording.wires())))
    return Outcome(outcome_mark(stage))


def suspended(recording: Recording) -> tuple[Program, Operands] | None:
    """Take the recorded operations out of the queue, as a Program that returns the state.

    ``None`` if the state is the one that the last measurement left.
    """
    queue = recording.root
    with qml.QueuingManager.stop_recording():
        tape = QuantumScript(QuantumScript.from_queue(queue).operations, [qml.state()])
    if not drops_snapshots() and any(map(snapshot_of, tape.operations)):
        refuse_snapshots(recording.name)
    for operation in [item for item in queue.queue if isinstance(item, Operator)]:
        queue.remove(operation)
    if len(tape.operations) == 1 and tape.operations[0] is recording.state:
        return None
    try:
        lowered = tape_program(tape, recording.wires(), recording.name, recording.single)
    except BroadcastNeeded:
        raise batch_refused(recording.name) from None
    assert isinstance(lowered.program, Program)  # the tape has no shots
    return lowered.program, lowered.operands


def refuse_snapshots(name: str) -> NoReturn:
    """Refuse snapshots of the quantum function ``name``, which measures in the middle."""
    raise CompileError(
        f"{name} has a qml.Snapshot and measures in the middle, so that the state depends on "
        "outcomes. Take snapshots of circuits without measure, or leave out the snapshots."
    )


def batch_refused(name: str) -> CompileError:
    """Return the error for a batch of parameters in a circuit that measures in the middle."""
    return CompileError(
        f"An operation of {name} was given a batch of parameters, and the circuit measures in the "
        "middle. Use jax.vmap of the QNode instead of parameter broadcasting."
    )


def start_from(recording: Recording, psi: jax.Array) -> None:
    """Go on from the state ``psi``, with an empty queue."""
    with qml.QueuingManager.stop_recording():
        recording.state = qml.StatePrep(psi, wires=list(recording.wires()), validate_norm=False)
    recording.root.append(recording.state)


def choose(
    recording: Recording, number: Any, functions: Sequence[Callable[[], Any]], name: str
) -> Any:
    """Return the result of ``functions[number]``, for branches that measure."""
    flush(recording)
    found = []
    for position, function in enumerate(functions):
        with _asked_where(recording, number == position):
            found.append(Tree.flatten(function()))
    leaves = [own for own, _ in found]
    trees = [tree for _, tree in found]
    dtypes = check_alike(leaves, [tree.structure for tree in trees], name)
    tree = trees[0]
    for other in trees[1:]:
        tree = tree.joined(other, dtypes)
    selected = [
        jax.lax.select_n(number, *(cast(leaf, dtype) for leaf in column))
        if len(column) > 1
        else column[0]
        for column, dtype in zip(zip(*leaves, strict=True), dtypes, strict=True)
    ]
    with qml.QueuingManager.stop_recording():
        return tree.unflatten(selected)


@contextlib.contextmanager
def _asked_where(recording: Recording, condition: Any) -> Iterator[None]:
    """Record inside the ``with`` block what happens where ``condition`` holds."""
    previous = recording.queue, recording.active
    active = jnp.logical_and(recording.active, condition)
    try:
        with SourceQueue() as recording.queue, active_where(active):
            recording.active = active
            yield
            flush(recording)
    finally:
        recording.queue, recording.active = previous


def flush(recording: Recording) -> None:
    """Move the operations of a branch to the circuit, on condition that it is asked for."""
    queue = recording.queue
    if queue is recording.root:
        return
    tape = body_tape(queue, recording.name)
    for operation in tape.operations:
        queue.remove(operation)
    operands = Operands()
    body = lower_body(tape, recording, operands) if tape.operations else ()
    if not body:
        return
    theta, index, data = Numbers.of(operands)
    index = jnp.concatenate([jnp.asarray(recording.active, jnp.int64).reshape(1), index])
    choice = Branch(Index(0), ((), moved(body, Sizes(index=1))))
    with qml.QueuingManager.stop_recording():
        region = Region((choice,), (theta, index, data), recording.wires())
    recording.root.append(region)
