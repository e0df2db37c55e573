"""Loops and branches as JAX control flow, and, inside a quantum function, as instructions.

Each function here runs the user's body once, for its jaxpr and its instructions (``classical``).
The jaxpr goes into a ``scan`` or a ``switch`` and gives the numbers of every iteration or branch,
stacked; the instructions go, as a ``Region`` that holds these numbers, into PennyLane's queue.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pennylane as qml
from jax.extend.core import ClosedJaxpr
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.classical.part import Classical, Numbers, trace
from qgrad_lab.circuit.control.elementwise import all_at_once
from qgrad_lab.circuit.control.keys import iteration as counted
from qgrad_lab.circuit.control.masking import active_where, current_active, shield
from qgrad_lab.circuit.ir.instructions import Branch, Index, Probs, Repeat
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.lower.blocks import Body, Region, Sizes, looped, moved
from qgrad_lab.circuit.lower.operands import BroadcastNeeded, Operands
from qgrad_lab.circuit.lower.tape import lower_operations
from qgrad_lab.circuit.record.recording import Recording, current_recording
from qgrad_lab.circuit.record.sources import SourceQueue
from qgrad_lab.core.mode import loop_capacity
from qgrad_lab.engine.member import Member
from qgrad_lab.engine.primitive import bind
from qgrad_lab.errors import CompileError
from qgrad_lab.methods.table import BEST

Iteration = Callable[..., tuple[Any, ...]]

_MAX_ITERATIONS = 2**26
"""Of nested loops of unknown length together. The engine has the same limit for a circuit."""

_MAX_BYTES = 2**32
"""Of what the iterations of loops of unknown length leave behind."""


class BatchInside(CompileError):
    """An operation in a body was given a batch of parameters."""


def loop(iteration: Iteration, counters: range, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """``iteration(i, *values)`` for each of ``counters``, values carried along."""
    start, step, count = counters.start, counters.step, len(counters)
    if count == 0:
        return values
    active = current_active()
    traced, leaves, tree = _trace_iteration(
        iteration, jnp.asarray(start), values, conditional=active is not True
    )

    if not leaves and active is True and all_at_once(traced.part.jaxpr, count):
        every = start + step * jax.lax.iota(jnp.int64, count)
        numbers = jax.vmap(lambda i: traced.part.evaluate([active, i])[0])(every)
        if traced.body:
            _emit((Repeat(count, count, looped(traced.body, traced.part.sizes)),), numbers)
        return values

    def advance(state: tuple[Any, list[Any]], _: Any) -> tuple[tuple[Any, list[Any]], Numbers]:
        i, carry = state
        numbers, results = traced.part.evaluate([active, i, *carry])
        return (i + step, _like(results, carry)), numbers

    (_, leaves), stacked = jax.lax.scan(advance, (jnp.asarray(start), leaves), length=count)
    if traced.body:
        _emit((Repeat(count, count, looped(traced.body, traced.part.sizes)),), stacked)
    return jax.tree.unflatten(tree, leaves)


def bounded(
    still: Callable[..., Any],
    iteration: Iteration,
    values: tuple[Any, ...],
    label: int,
    name: str,
    iterations: Any = None,
) -> tuple[Any, ...]:
    """``iteration(number, *values)`` while ``still(number, *values)``, up to the capacity.

    ``iterations`` is how many they will be, where that can be told beforehand, -1 for an error.
    ``label`` and ``name`` tell the loop from others, to the engine and to the user.

    A scan over the capacity in which finished iterations do nothing: unlike a ``while_loop`` it has
    derivatives in reverse mode. That the capacity was enough is checked when the program runs, by
    everything that depends on the result, derivatives included.
    """
    capacity = loop_capacity(label)
    zero = jnp.zeros((), jnp.int64)
    asked = jnp.asarray(current_active())
    with _nested(capacity) as total:
        traced, leaves, tree = _trace_iteration(iteration, zero, values)
    part = traced.part
    _check_size(name, capacity, total, part.sizes, leaves)

    def holds(number: Any, carry: Sequence[Any]) -> Any:
        return still(number, *jax.tree.unflatten(tree, carry))

    def step(state: tuple[Any, Any, list[Any]], _: Any) -> tuple[Any, Numbers]:
        running, number, carry = state
        active = jnp.logical_and(running, holds(number, carry))

        def run() -> tuple[list[Any], Numbers]:
            shielded = [shield(active, value) for value in carry]
            numbers, results = _shielded(part, active).evaluate([active, number, *shielded])
            return _like(results, carry), numbers

        def rest() -> tuple[list[Any], Numbers]:
            return carry, _zeros(part.sizes)

        carry, numbers = jax.lax.cond(active, run, rest)
        return (active, number + active, carry), numbers

    (running, number, leaves), stacked = jax.lax.scan(step, (asked, zero, leaves), length=capacity)
    if iterations is None:
        unfinished = jnp.logical_and(running, holds(number, leaves))
        count = jnp.where(unfinished, capacity + 1, number)
    else:
        count = jnp.where(asked, iterations, 0)
    if traced.body:
        inner = moved(looped(traced.body, part.sizes), Sizes(index=1))
        _emit((Repeat(Index(0), capacity, inner, label=label),), stacked, first=count)
    else:
        leaves = _guarded(leaves, count, capacity, label)
    return jax.tree.unflatten(tree, leaves)


def choose(number: Any, functions: Sequence[Callable[[], Any]], name: str) -> Any:
    """The result of ``functions[number]``, for a traced number."""
    traces = [_trace_body(function) for function in functions]
    parts = [traced.part for traced in traces]
    trees = [traced.tree for traced in traces]
    avals = [traced.avals for traced in traces]
    shapes = [[aval.shape for aval in each] for each in avals]
    if any(tree != trees[0] for tree in trees) or any(each != shapes[0] for each in shapes):
        returned = [f"{tree} of shapes {each}" for tree, each in zip(trees, shapes, strict=True)]
        raise TypeError(
            f"The branches of {name} have to return the same pytree of arrays of the same shapes. "
            f"They return {', '.join(returned)}. A missing otherwise branch returns None."
        )
    dtypes = [jnp.result_type(*column) for column in zip(*avals, strict=True)]
    offsets = []
    total = Sizes()
    for part in parts:
        offsets.append(total)
        total = Sizes(*(a + b for a, b in zip(_tuple(total), _tuple(part.sizes), strict=True)))
    asked = current_active()

    def branch(position: int) -> Callable[[], tuple[list[Any], Numbers]]:
        def run() -> tuple[list[Any], Numbers]:
            active = jnp.logical_and(asked, number == position)
            numbers, results = _shielded(parts[position], active).evaluate([active])
            placed = [
                jax.lax.dynamic_update_slice(everything, own, (begin,))
                for everything, own, begin in zip(
                    _zeros(total), numbers, _tuple(offsets[position]), strict=True
                )
            ]
            return [_cast(r, d) for r, d in zip(results, dtypes, strict=True)], Numbers(*placed)

        return run

    results, numbers = jax.lax.switch(number, [branch(i) for i in range(len(parts))])
    bodies = tuple(
        moved(traced.body, Sizes(offset.theta, offset.index + 1, offset.data))
        for traced, offset in zip(traces, offsets, strict=True)
    )
    if any(bodies):
        _emit((Branch(Index(0), bodies),), numbers, first=number)
    # A branch may return the operator that it applied, which must not be applied once more.
    with qml.QueuingManager.stop_recording():
        return jax.tree.unflatten(trees[0], results)


class _Traced(NamedTuple):
    """A body: its classical part, its instructions, and what it returns.

    The first argument of the classical part is whether the body is asked for.
    """

    part: Classical
    body: Body
    tree: Any

    @property
    def avals(self) -> list[Any]:
        """Types of the leaves that it returns."""
        found = self.part.jaxpr.out_avals
        return found[len(found) - self.part.num_results :]


def _trace_body(function: Callable[..., Any], *arguments: Any, conditional: bool = True) -> _Traced:
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
                    body = _lower(tape, recording, operands)
        leaves, tree = jax.tree.flatten(result)
        return operands, [jnp.asarray(leaf) for leaf in leaves], (body, tree)

    part = trace(traced, jnp.asarray(True), *arguments)
    return _Traced(part, *part.static)


def body_tape(queue: SourceQueue, name: str) -> QuantumScript:
    """The operations of a body of the quantum function ``name``."""
    tape = QuantumScript.from_queue(queue)
    if tape.measurements:
        raise CompileError(
            f"The quantum function {name} measures {tape.measurements[0]} inside a loop or a "
            "branch. Measurements stand at the end of a quantum function."
        )
    return tape


def _lower(tape: QuantumScript, recording: Recording, operands: Operands) -> Body:
    try:
        return lower_operations(tape, recording.wires(), operands, recording.name, inside=True)
    except BroadcastNeeded:
        raise BatchInside(
            f"An operation inside a loop or a branch of {recording.name} was given a batch of "
            "parameters. Parameter broadcasting reaches into loops of known length; elsewhere use "
            "jax.vmap of the QNode instead."
        ) from None


def _shielded(part: Classical, active: Any) -> Classical:
    """``part`` for a branch that runs where ``active`` holds: what it closes over is shielded."""
    consts = [shield(active, const) for const in part.jaxpr.consts]
    return part._replace(jaxpr=ClosedJaxpr(part.jaxpr.jaxpr, consts))


def _trace_iteration(
    iteration: Iteration, counter: Any, values: tuple[Any, ...], conditional: bool = True
) -> tuple[_Traced, list[Any], Any]:
    """The traced body of a loop, its initial leaves in the types that it keeps, and their tree."""
    leaves, tree = jax.tree.flatten(values)
    leaves = [jnp.asarray(leaf) for leaf in leaves]

    def flat(i: Any, *carry: Any) -> tuple[Any, ...]:
        with counted(i):
            return iteration(i, *jax.tree.unflatten(tree, carry))

    # An initial 0 that becomes a float in the first iteration is a float from the start, and what
    # it is added to may be one from then on.
    while True:
        traced = _trace_body(flat, counter, *leaves, conditional=conditional)
        results = traced.avals
        if traced.tree != tree or any(
            leaf.shape != result.shape for leaf, result in zip(leaves, results, strict=True)
        ):
            raise TypeError(
                "The body of a loop has to return values of the same trees and shapes as it was "
                f"given. It was given {tree} of shapes {[leaf.shape for leaf in leaves]}, and "
                f"returned {traced.tree} of shapes {[result.shape for result in results]}."
            )
        # Python numbers have weak types, which give way to those of arrays.
        dtypes = [
            leaf.dtype if leaf.dtype == result.dtype else jnp.result_type(leaf, result)
            for leaf, result in zip(leaves, results, strict=True)
        ]
        if all(leaf.dtype == dtype for leaf, dtype in zip(leaves, dtypes, strict=True)):
            return traced, leaves, tree
        leaves = [_cast(leaf, dtype) for leaf, dtype in zip(leaves, dtypes, strict=True)]


def _cast(value: Any, dtype: Any) -> Any:
    value = jnp.asarray(value)
    return value if value.dtype == dtype else value.astype(dtype)


def _like(results: Sequence[Any], carry: Sequence[Any]) -> list[Any]:
    return [_cast(result, old.dtype) for result, old in zip(results, carry, strict=True)]


def _tuple(sizes: Sizes) -> tuple[int, int, int]:
    return sizes.theta, sizes.index, sizes.data


def _zeros(sizes: Sizes) -> Numbers:
    return Numbers(
        jnp.zeros(sizes.theta), jnp.zeros(sizes.index, jnp.int64), jnp.zeros(sizes.data, complex)
    )


class _State(threading.local):
    iterations: int = 1


_state = _State()


@contextlib.contextmanager
def _nested(capacity: int) -> Iterator[int]:
    """Trace the body of a loop of ``capacity``; gives the iterations of all loops around it."""
    previous = _state.iterations
    _state.iterations = previous * capacity
    try:
        yield _state.iterations
    finally:
        _state.iterations = previous


def _check_size(name: str, capacity: int, total: int, sizes: Sizes, leaves: Sequence[Any]) -> None:
    """Refuse to compile what would need more memory, or time, than any machine has."""
    width = sum(8 * size for size in _tuple(sizes)) + sum(leaf.nbytes for leaf in leaves)
    if total > _MAX_ITERATIONS or total * width > _MAX_BYTES:
        raise CompileError(
            f"{name} needs room for {capacity} iterations, {total} altogether with the loops "
            f"around it, of {width} bytes each. Loops whose number of iterations is known only at "
            f"run time have at most {_MAX_ITERATIONS} and {_MAX_BYTES // 2**30} GiB. If it does "
            "not come to an end, see to its condition; else let its bounds be known when it is "
            "compiled, or carry less."
        )


def _emit(body: Body, numbers: Numbers, first: Any = None) -> None:
    """Queue a region that reads ``numbers``, flattened, with ``first`` before its index."""
    recording = current_recording()
    assert recording is not None  # where there is none, there are no instructions either
    theta, index, data = (jnp.ravel(array) for array in numbers)
    if first is not None:
        index = jnp.concatenate([jnp.asarray(first, jnp.int64).reshape(1), index])
    Region(body, (theta, index, data), recording.wires())


def _guarded(leaves: list[Any], count: Any, capacity: int, label: int) -> list[Any]:
    """``leaves``, unchanged, by way of a check that ``count`` does not exceed ``capacity``.

    They are multiplied by 1, which comes out of a circuit with a loop of ``count`` iterations that
    do nothing. Derivatives have the same factor, so they cannot do without the check either.
    """
    if not leaves:
        return leaves
    program = Program(
        num_wires=1,
        num_index=1,
        body=(Repeat(Index(0), capacity, (), label=label),),
        measurements=(Probs((0,)),),
        name="loop_capacity",
    )
    index = jnp.asarray(count, jnp.int64).reshape(1)
    one = bind(Member(program, BEST), jnp.zeros(0), index, jnp.zeros(0, complex))[0]

    def guarded(leaf: Any) -> Any:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.extended):  # a random key
            data = guarded(jax.random.key_data(leaf))
            return jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
        if leaf.dtype == bool:
            return jnp.logical_and(leaf, one == 1.0)
        return leaf * one.astype(leaf.dtype)

    return [guarded(leaf) for leaf in leaves]
