"""Trace the body of a loop or a branch: its classical part, its instructions, its results.

The classical part goes into a ``scan`` or a ``switch`` (``loops``, ``branches``) and gives the
numbers of every iteration or branch, stacked; the instructions go, as a ``Region`` that holds these
numbers, into PennyLane's queue.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr
from pennylane.measurements import MeasurementProcess
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.classical.part import ClassicalPart, Numbers, trace
from qgrad_lab.circuit.control.keys import in_iteration
from qgrad_lab.circuit.control.masking import active_where, shield
from qgrad_lab.circuit.ir.rewrite import Body
from qgrad_lab.circuit.lower.blocks import Region
from qgrad_lab.circuit.lower.operands import BroadcastNeeded, Operands
from qgrad_lab.circuit.lower.operations import snapshot_of
from qgrad_lab.circuit.lower.tape import lower_operations
from qgrad_lab.circuit.record.outcome import Outcome, as_boolean, is_outcome
from qgrad_lab.circuit.record.recording import Recording, current_recording
from qgrad_lab.circuit.record.sources import SourceQueue
from qgrad_lab.core.mode import drops_snapshots
from qgrad_lab.errors import CompileError

Iteration = Callable[..., tuple[Any, ...]]
"""From a loop's counter and the values that it carries to the next values."""


class BatchInside(CompileError):
    """An operation in a body was given a batch of parameters."""


class SnapshotInside(CompileError):
    """A body takes a snapshot."""


class Tree(NamedTuple):
    """The structure of a pytree in which outcomes of ``measure`` are leaves.

    As values of loops and branches they are booleans, and outcomes again to the user's code.
    """

    structure: Any
    outcomes: tuple[bool, ...]

    @classmethod
    def flatten(cls, value: Any) -> "tuple[list[Any], Tree]":
        """Take ``value`` apart into arrays and its structure."""
        leaves, structure = jax.tree.flatten(value, is_leaf=is_outcome)
        tree = cls(structure, tuple(map(is_outcome, leaves)))
        return [jnp.asarray(as_boolean(leaf)) for leaf in leaves], tree

    def unflatten(self, leaves: Sequence[Any]) -> Any:
        """Return the pytree with these ``leaves``."""
        return jax.tree.unflatten(
            self.structure,
            [
                Outcome(leaf) if is_one else leaf
                for leaf, is_one in zip(leaves, self.outcomes, strict=True)
            ],
        )

    def joined(self, other: "Tree", dtypes: Sequence[Any]) -> "Tree":
        """Return the structure for leaves of ``dtypes`` that may come from either of two."""
        outcomes = (
            (one or two) and dtype == jnp.bool_
            for one, two, dtype in zip(self.outcomes, other.outcomes, dtypes, strict=True)
        )
        return self._replace(outcomes=tuple(outcomes))


class TracedBody(NamedTuple):
    """A body: its classical part, its instructions, and the tree that it returns.

    The first argument of the classical part is whether the body is asked for.
    """

    part: ClassicalPart
    body: Body
    tree: Tree

    @property
    def avals(self) -> list[Any]:
        """Types of the leaves that it returns."""
        found = self.part.jaxpr.out_avals
        return found[len(found) - self.part.num_results :]

    def evaluate_shielded(self, active: Any, *values: Any) -> tuple[Numbers, list[Any]]:
        """Evaluate the classical part in a branch of JAX that runs where ``active`` holds.

        What it closes over is shielded; ``values`` have to be so already.
        """
        consts = [shield(active, const) for const in self.part.jaxpr.consts]
        part = self.part._replace(jaxpr=ClosedJaxpr(self.part.jaxpr.jaxpr, consts))
        return part.evaluate([active, *values])


def trace_body(
    function: Callable[..., Any], *arguments: Any, conditional: bool = True
) -> TracedBody:
    """Trace ``function(*arguments)``; ``conditional`` is whether it may be not asked for."""
    recording = current_recording()

    def traced(active: Any, *values: Any) -> tuple[Operands, list[Any], Any]:
        operands = Operands()
        body: Body = ()
        with active_where(active if conditional else True):
            if recording is None:
                result = function(*values)
            else:
                with SourceQueue() as queue:
                    result = function(*values)
                tape = body_tape(queue, recording.name)
                if tape.operations:
                    body = lower_body(tape, recording, operands)
        leaves, tree = Tree.flatten(result)
        return operands, leaves, (body, tree)

    part = trace(traced, jnp.asarray(True), *arguments)
    return TracedBody(part, *part.static)


def trace_iteration(
    iteration: Iteration, counter: Any, values: tuple[Any, ...], conditional: bool = True
) -> tuple[TracedBody, list[Any], Tree]:
    """Trace the body of a loop.

    The user's function runs once, and again where the types of what it carries give way to those
    that it returns.

    Returns
    -------
    traced
        The body, a function of the counter and the leaves of the values.
    leaves
        The initial leaves, in the types that the loop keeps.
    tree
        The values' tree.
    """
    leaves, tree = Tree.flatten(values)

    def flat(i: Any, *carry: Any) -> tuple[Any, ...]:
        with in_iteration(i):
            return iteration(i, *tree.unflatten(carry))

    # An initial 0 that becomes a float in the first iteration is a float from the start, and what
    # it is added to may be one from then on.
    while True:
        traced = trace_body(flat, counter, *leaves, conditional=conditional)
        results = traced.avals
        if traced.tree.structure != tree.structure or any(
            leaf.shape != result.shape for leaf, result in zip(leaves, results, strict=True)
        ):
            raise TypeError(
                "The body of a loop has to return values of the same trees and shapes as it was "
                f"given. It was given {tree.structure} of shapes "
                f"{[leaf.shape for leaf in leaves]}, and returned {traced.tree.structure} of "
                f"shapes {[result.shape for result in results]}."
            )
        # Python numbers have weak types, which give way to those of arrays.
        dtypes = [
            leaf.dtype if leaf.dtype == result.dtype else jnp.result_type(leaf, result)
            for leaf, result in zip(leaves, results, strict=True)
        ]
        joined = tree.joined(traced.tree, dtypes)
        if joined == tree and all(
            leaf.dtype == dtype for leaf, dtype in zip(leaves, dtypes, strict=True)
        ):
            return traced, leaves, tree
        tree = joined
        leaves = [cast(leaf, dtype) for leaf, dtype in zip(leaves, dtypes, strict=True)]


def body_tape(queue: SourceQueue, name: str) -> QuantumScript:
    """Return the operations of a body of the quantum function ``name``."""
    check_ends(queue, name)
    tape = QuantumScript.from_queue(queue)
    if not drops_snapshots() and any(map(snapshot_of, tape.operations)):
        raise SnapshotInside(
            f"The quantum function {name} has a qml.Snapshot inside a branch or a loop of unknown "
            "length, so that it is not known how many there are. Take snapshots outside of it, or "
            "in loops of known length."
        )
    return tape


def check_ends(queue: SourceQueue, name: str) -> None:
    """Refuse measurements, such as ``qml.expval``, that are not at the end of a circuit."""
    found = next((one for one in queue.queue if isinstance(one, MeasurementProcess)), None)
    if found is not None:
        raise CompileError(
            f"The quantum function {name} measures {found} inside a loop or a branch. "
            "Measurements stand at the end of a quantum function."
        )


def emit(body: Body, numbers: Numbers, first: Any = None) -> None:
    """Queue a region that reads ``numbers``, flattened, with ``first`` before its index."""
    recording = current_recording()
    assert recording is not None  # where there is none, there are no instructions either
    theta, index, data = (jnp.ravel(array) for array in numbers)
    if first is not None:
        index = jnp.concatenate([jnp.asarray(first, jnp.int64).reshape(1), index])
    Region(body, (theta, index, data), recording.wires())


def cast(value: Any, dtype: Any) -> Any:
    """Return ``value`` as an array of the type ``dtype``."""
    value = jnp.asarray(value)
    return value if value.dtype == dtype else value.astype(dtype)


def lower_body(tape: QuantumScript, recording: Recording, operands: Operands) -> Body:
    """Lower the operations of the body of a loop or a branch."""
    try:
        return lower_operations(tape, recording.wires(), operands, recording.name, inside=True)
    except BroadcastNeeded:
        raise BatchInside(
            f"An operation inside a loop or a branch of {recording.name} was given a batch of "
            "parameters. Parameter broadcasting reaches into loops of known length; elsewhere use "
            "jax.vmap of the QNode instead."
        ) from None
