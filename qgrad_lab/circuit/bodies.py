"""Loops and branches as JAX control flow, and, inside a quantum function, as instructions.

Each function here runs the user's body once, for its jaxpr and its instructions (``classical``).
The jaxpr goes into a ``scan`` or a ``switch`` and gives the numbers of every iteration or branch,
stacked; the instructions go, as a ``Region`` that holds these numbers, into PennyLane's queue.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import pennylane as qml
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.classical import Classical, Numbers, trace
from qgrad_lab.circuit.operands import Operands
from qgrad_lab.circuit.program import Branch, Index, Probs, Program, Repeat
from qgrad_lab.circuit.recording import current_recording
from qgrad_lab.circuit.regions import Region, Sizes, looped, moved
from qgrad_lab.circuit.tape_program import lower_operations
from qgrad_lab.engine.evaluate import Member
from qgrad_lab.engine.primitive import bind
from qgrad_lab.errors import CompileError
from qgrad_lab.tracing import use_loop_capacity

Iteration = Callable[..., tuple[Any, ...]]


def loop(iteration: Iteration, counters: jax.Array, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """``iteration(i, *values)`` for each of ``counters``, values carried along."""
    if counters.size == 0:
        return values
    part, leaves, tree = _trace_iteration(iteration, counters[0], values)

    def step(carry: list[Any], i: Any) -> tuple[list[Any], Numbers]:
        numbers, results = part.evaluate([i, *carry])
        return _like(results, carry), numbers

    leaves, stacked = jax.lax.scan(step, leaves, counters)
    body, _ = part.static
    if body:
        repeat = Repeat(len(counters), len(counters), looped(body, part.sizes))
        _emit((repeat,), stacked)
    return jax.tree.unflatten(tree, leaves)


def bounded(
    still: Callable[..., Any],
    iteration: Iteration,
    values: tuple[Any, ...],
    iterations: Any = None,
) -> tuple[Any, ...]:
    """``iteration(number, *values)`` while ``still(number, *values)``, up to the capacity.

    ``iterations`` is how many they will be, where that can be told beforehand.

    A scan over the capacity in which finished iterations do nothing: unlike a ``while_loop`` it has
    derivatives in reverse mode. That the capacity was enough is checked when the program runs, by
    everything that depends on the result, derivatives included.
    """
    capacity = use_loop_capacity()
    zero = jnp.zeros((), jnp.int64)
    part, leaves, tree = _trace_iteration(iteration, zero, values)

    def holds(number: Any, carry: Sequence[Any]) -> Any:
        return still(number, *jax.tree.unflatten(tree, carry))

    def step(state: tuple[Any, Any, list[Any]], _: Any) -> tuple[Any, Numbers]:
        running, number, carry = state
        active = jnp.logical_and(running, holds(number, carry))

        def run() -> tuple[list[Any], Numbers]:
            numbers, results = part.evaluate([number, *carry])
            return _like(results, carry), numbers

        def rest() -> tuple[list[Any], Numbers]:
            return carry, _zeros(part.sizes)

        carry, numbers = jax.lax.cond(active, run, rest)
        return (active, number + active, carry), numbers

    start = (jnp.asarray(True), zero, leaves)
    (running, number, leaves), stacked = jax.lax.scan(step, start, length=capacity)
    unfinished = jnp.logical_and(running, holds(number, leaves))
    count = jnp.where(unfinished, capacity + 1, number) if iterations is None else iterations
    if current_recording() is not None:
        body, _ = part.static
        inner = moved(looped(body, part.sizes), Sizes(index=1))
        _emit((Repeat(Index(0), capacity, inner),), stacked, first=count)
    else:
        leaves = _guarded(leaves, count, capacity)
    return jax.tree.unflatten(tree, leaves)


def choose(number: Any, functions: Sequence[Callable[[], Any]], name: str) -> Any:
    """The result of ``functions[number]``, for a traced number."""
    parts = [_trace_body(function) for function in functions]
    trees = [part.static[1] for part in parts]
    avals = [part.jaxpr.out_avals[len(part.jaxpr.out_avals) - part.num_results :] for part in parts]
    shapes = [[aval.shape for aval in each] for each in avals]
    if any(tree != trees[0] for tree in trees) or any(each != shapes[0] for each in shapes):
        returned = [f"{tree} of shapes {each}" for tree, each in zip(trees, shapes, strict=True)]
        raise TypeError(
            f"The branches of {name} have to return the same pytree of arrays of the same shapes. "
            f"They return {', '.join(returned)}."
        )
    dtypes = [jnp.result_type(*column) for column in zip(*avals, strict=True)]
    offsets = []
    total = Sizes()
    for part in parts:
        offsets.append(total)
        total = Sizes(*(a + b for a, b in zip(_tuple(total), _tuple(part.sizes), strict=True)))

    def branch(part: Classical, offset: Sizes) -> Callable[[], tuple[list[Any], Numbers]]:
        def run() -> tuple[list[Any], Numbers]:
            numbers, results = part.evaluate([])
            placed = [
                jax.lax.dynamic_update_slice(everything, own, (begin,))
                for everything, own, begin in zip(
                    _zeros(total), numbers, _tuple(offset), strict=True
                )
            ]
            return [jnp.asarray(r, d) for r, d in zip(results, dtypes, strict=True)], Numbers(
                *placed
            )

        return run

    branches = [branch(part, offset) for part, offset in zip(parts, offsets, strict=True)]
    results, numbers = jax.lax.switch(number, branches)
    bodies = tuple(
        moved(part.static[0], Sizes(offset.theta, offset.index + 1, offset.data))
        for part, offset in zip(parts, offsets, strict=True)
    )
    if any(bodies):
        _emit((Branch(Index(0), bodies),), numbers, first=number)
    return jax.tree.unflatten(trees[0], results)


def _trace_body(function: Callable[..., Any], *arguments: Any) -> Classical:
    """The classical part of ``function``, with its instructions and result tree as static."""
    recording = current_recording()

    def traced(*values: Any) -> tuple[Operands, list[Any], Any]:
        operands = Operands()
        body: tuple[Any, ...] = ()
        if recording is None:
            result = function(*values)
        else:
            with qml.queuing.AnnotatedQueue() as queue:
                result = function(*values)
            tape = QuantumScript.from_queue(queue)
            if tape.measurements:
                raise CompileError(
                    f"The quantum function {recording.name} measures {tape.measurements[0]} inside "
                    "a loop or a branch. Measurements stand at the end of a quantum function."
                )
            if tape.operations:
                body = lower_operations(tape, recording.wires(), operands, recording.name)
        leaves, tree = jax.tree.flatten(result)
        return operands, [jnp.asarray(leaf) for leaf in leaves], (body, tree)

    return trace(traced, *arguments)


def _trace_iteration(
    iteration: Iteration, counter: Any, values: tuple[Any, ...]
) -> tuple[Classical, list[Any], Any]:
    """The traced body of a loop, its initial leaves in the types that it keeps, and their tree."""
    leaves, tree = jax.tree.flatten(values)
    leaves = [jnp.asarray(leaf, jnp.result_type(leaf)) for leaf in leaves]

    def flat(i: Any, *carry: Any) -> tuple[Any, ...]:
        return iteration(i, *jax.tree.unflatten(tree, carry))

    # An initial 0 that becomes a float in the first iteration is a float from the start.
    for _ in range(2):
        part = _trace_body(flat, counter, *leaves)
        results = part.jaxpr.out_avals[len(part.jaxpr.out_avals) - part.num_results :]
        if part.static[1] != tree or any(
            leaf.shape != result.shape for leaf, result in zip(leaves, results, strict=True)
        ):
            raise TypeError(
                "The body of a loop has to return values of the same trees and shapes as it was "
                f"given. It was given {values}, and returned {part.static[1]} of "
                f"{[str(result) for result in results]}."
            )
        promoted = [
            jnp.promote_types(leaf.dtype, result.dtype)
            for leaf, result in zip(leaves, results, strict=True)
        ]
        if all(leaf.dtype == dtype for leaf, dtype in zip(leaves, promoted, strict=True)):
            break
        leaves = [leaf.astype(dtype) for leaf, dtype in zip(leaves, promoted, strict=True)]
    return part, leaves, tree


def _like(results: Sequence[Any], carry: Sequence[Any]) -> list[Any]:
    return [jnp.asarray(result, old.dtype) for result, old in zip(results, carry, strict=True)]


def _tuple(sizes: Sizes) -> tuple[int, int, int]:
    return sizes.theta, sizes.index, sizes.data


def _zeros(sizes: Sizes) -> Numbers:
    return Numbers(
        jnp.zeros(sizes.theta), jnp.zeros(sizes.index, jnp.int64), jnp.zeros(sizes.data, complex)
    )


def _emit(body: tuple[Any, ...], numbers: Numbers, first: Any = None) -> None:
    """Queue a region that reads ``numbers``, flattened, with ``first`` before its index."""
    recording = current_recording()
    if recording is None:
        return
    theta, index, data = (jnp.ravel(array) for array in numbers)
    if first is not None:
        index = jnp.concatenate([jnp.asarray(first, jnp.int64).reshape(1), index])
    Region(body, theta, index, data, wires=list(recording.wires()))


def _guarded(leaves: list[Any], count: Any, capacity: int) -> list[Any]:
    """``leaves``, unchanged, by way of a check that ``count`` does not exceed ``capacity``.

    They are multiplied by 1, which comes out of a circuit with a loop of ``count`` iterations that
    do nothing. Derivatives have the same factor, so they cannot do without the check either.
    """
    program = Program(
        num_wires=1,
        num_index=1,
        body=(Repeat(Index(0), capacity, ()),),
        measurements=(Probs((0,)),),
        name="loop_capacity",
    )
    index = jnp.asarray(count, jnp.int64).reshape(1)
    one = bind(Member(program, "adjoint"), jnp.zeros(0), index, jnp.zeros(0, complex))[0]
    return [
        jnp.logical_and(leaf, one == 1.0) if leaf.dtype == bool else leaf * one.astype(leaf.dtype)
        for leaf in leaves
    ]
