"""Compile a loop: one ``scan`` in JAX, and, inside a quantum function, one instruction."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from qgrad_lab.circuit.classical.part import Numbers
from qgrad_lab.circuit.control.bodies import Iteration, cast, emit, trace_iteration
from qgrad_lab.circuit.control.elementwise import all_at_once
from qgrad_lab.circuit.control.masking import current_active, shield
from qgrad_lab.circuit.ir.instructions import Index, Probs, Repeat
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.rewrite import Sizes, looped, moved
from qgrad_lab.core.mode import loop_capacity
from qgrad_lab.engine.member import Member
from qgrad_lab.engine.primitive import bind
from qgrad_lab.errors import CompileError
from qgrad_lab.methods.table import BEST

_MAX_ITERATIONS = 2**26
"""Bound on nested loops of unknown length together; the engine has the same for a circuit."""

_MAX_BYTES = 2**32
"""Bound on what the iterations of loops of unknown length leave behind."""


def loop(iteration: Iteration, counters: range, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the values that ``iteration(i, *values)`` carries through all of ``counters``."""
    start, step, count = counters.start, counters.step, len(counters)
    if count == 0:
        return values
    active = current_active()
    traced, leaves, tree = trace_iteration(
        iteration, jnp.asarray(start), values, conditional=active is not True
    )

    if not leaves and active is True and all_at_once(traced.part.jaxpr.jaxpr, count):
        every = start + step * jax.lax.iota(jnp.int64, count)
        numbers = jax.vmap(lambda i: traced.part.evaluate([active, i])[0])(every)
        if traced.body:
            emit((Repeat(count, count, looped(traced.body, traced.part.sizes)),), numbers)
        return values

    def advance(carried: tuple[Any, list[Any]], _: Any) -> tuple[tuple[Any, list[Any]], Numbers]:
        i, carry = carried
        numbers, results = traced.part.evaluate([active, i, *carry])
        return (i + step, _like(results, carry)), numbers

    (_, leaves), stacked = jax.lax.scan(advance, (jnp.asarray(start), leaves), length=count)
    if traced.body:
        emit((Repeat(count, count, looped(traced.body, traced.part.sizes)),), stacked)
    return tree.unflatten(leaves)


def bounded(
    still: Callable[..., Any],
    iteration: Iteration,
    values: tuple[Any, ...],
    label: int,
    name: str,
    iterations: Any = None,
) -> tuple[Any, ...]:
    """Carry values through a loop whose number of iterations is known only when it runs.

    A scan over the capacity in which finished iterations do nothing: unlike a ``while_loop`` it has
    derivatives in reverse mode. That the capacity was enough is checked when the program runs, by
    everything that depends on the result, derivatives included.

    Parameters
    ----------
    still
        ``still(number, *values)`` is whether there is one more iteration.
    iteration
        ``iteration(number, *values)``: the next values.
    values
        Initial ones.
    label, name
        Tell the loop from others, to the engine and to the user.
    iterations
        How many they will be, where that can be told beforehand, -1 for an error.
    """
    capacity = loop_capacity(label)
    zero = jnp.zeros((), jnp.int64)
    asked = jnp.asarray(current_active())
    with _nested(capacity) as total:
        traced, leaves, tree = trace_iteration(iteration, zero, values)
    part = traced.part
    _check_size(name, capacity, total, part.sizes, leaves)

    def holds(number: Any, carry: Sequence[Any]) -> Any:
        return still(number, *tree.unflatten(carry))

    def step(carried: tuple[Any, Any, list[Any]], _: Any) -> tuple[Any, Numbers]:
        running, number, carry = carried
        active = jnp.logical_and(running, holds(number, carry))

        def one_more() -> tuple[list[Any], Numbers]:
            shielded = [shield(active, value) for value in carry]
            numbers, results = traced.evaluate_shielded(active, number, *shielded)
            return _like(results, carry), numbers

        def none() -> tuple[list[Any], Numbers]:
            return carry, Numbers.zeros(part.sizes)

        carry, numbers = jax.lax.cond(active, one_more, none)
        return (active, number + active, carry), numbers

    (running, number, leaves), stacked = jax.lax.scan(step, (asked, zero, leaves), length=capacity)
    if iterations is None:
        unfinished = jnp.logical_and(running, holds(number, leaves))
        count = jnp.where(unfinished, capacity + 1, number)
    else:
        count = jnp.where(asked, iterations, 0)
    if traced.body:
        inner = moved(looped(traced.body, part.sizes), Sizes(index=1))
        emit((Repeat(Index(0), capacity, inner, label=label),), stacked, first=count)
    else:
        leaves = _guarded(leaves, count, capacity, label)
    return tree.unflatten(leaves)


def _like(results: Sequence[Any], carry: Sequence[Any]) -> list[Any]:
    return [cast(result, old.dtype) for result, old in zip(results, carry, strict=True)]


class _Thread(threading.local):
    iterations: int = 1


_thread = _Thread()


@contextlib.contextmanager
def _nested(capacity: int) -> Iterator[int]:
    """Trace the body of a loop of ``capacity``; gives the iterations of all loops around it."""
    previous = _thread.iterations
    _thread.iterations = previous * capacity
    try:
        yield _thread.iterations
    finally:
        _thread.iterations = previous


def _check_size(name: str, capacity: int, total: int, sizes: Sizes, leaves: Sequence[Any]) -> None:
    """Refuse to compile what would need more memory, or time, than any machine has."""
    width = sum(8 * size for size in sizes) + sum(leaf.nbytes for leaf in leaves)
    if total > _MAX_ITERATIONS or total * width > _MAX_BYTES:
        raise CompileError(
            f"{name} needs room for {capacity} iterations, {total} altogether with the loops "
            f"around it, of {width} bytes each. Loops whose number of iterations is known only at "
            f"run time have at most {_MAX_ITERATIONS} and {_MAX_BYTES // 2**30} GiB. If it does "
            "not come to an end, see to its condition; else let its bounds be known when it is "
            "compiled, or carry less."
        )


def _guarded(leaves: list[Any], count: Any, capacity: int, label: int) -> list[Any]:
    """Pass ``leaves`` through a check that ``count`` does not exceed ``capacity``, unchanged.

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
