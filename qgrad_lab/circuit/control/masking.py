"""Mask bodies of loops and branches under ``jax.vmap``, where every element takes every path.

A condition that differs between the elements of a batch makes ``jax.vmap`` evaluate a body for all
of them and discard what some did not ask for. Discarded values have to do no harm: not by a
derivative that is infinite (zero times infinity is not zero), and not by a loop that never ends.
"""

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from qgrad_lab.circuit.classical.part import Numbers
from qgrad_lab.circuit.ir.instructions import Branch, Gate, Index
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.rewrite import Sizes, moved
from qgrad_lab.circuit.record.compat import trace_state


class _Thread(threading.local):
    active: tuple[Any, Any] | None = None


_thread = _Thread()


def current_active() -> Any:
    """Return whether what is being traced is asked for: a traced boolean, or ``True`` if always.

    A function that JAX traces on its own, such as one under ``jax.jit``, is not told: its trace may
    be used again elsewhere.
    """
    if _thread.active is None or _thread.active[0] != trace_state():
        return True
    return _thread.active[1]


@contextlib.contextmanager
def active_where(active: Any) -> Iterator[None]:
    """Trace inside the ``with`` block what is asked for where ``active`` holds."""
    previous = _thread.active
    _thread.active = trace_state(), active
    try:
        yield
    finally:
        _thread.active = previous


def where_active(program: Program, numbers: Numbers) -> tuple[Program, Numbers]:
    """Let ``program`` do nothing in a loop or branch that is evaluated but not asked for.

    It stays as it is unless something in it, such as a traced wire, may then have a value that is
    an error.
    """
    active = current_active()
    if active is True or program.num_index == 0:
        return program, numbers
    start = sum(isinstance(i, Gate) and i.kind.prepares for i in program.body[:1])
    body = moved(program.body, Sizes(index=1))
    choice = Branch(Index(0), ((), body[start:]))
    program = dataclasses.replace(
        program, num_index=program.num_index + 1, body=(*body[:start], choice)
    )
    index = jnp.concatenate([jnp.asarray(active, jnp.int64).reshape(1), numbers.indices])
    return program, numbers._replace(indices=index)


def shield(active: Any, value: Any) -> Any:
    """Return ``value``, with derivatives that are zero where ``active`` does not hold.

    They are so whatever follows, infinities included. To be used inside a branch that runs where
    ``active`` holds.
    """
    if active is True or not jnp.issubdtype(jnp.result_type(value), jnp.inexact):
        return value
    return _shielded(active, value)


@jax.custom_jvp
def _shielded(active: Any, value: Any) -> Any:
    return value


@_shielded.defjvp
def _shielded_jvp(primals: tuple[Any, Any], tangents: tuple[Any, Any]) -> tuple[Any, Any]:
    return _shielded(*primals), _within_p.bind(primals[0], tangents[1])


# The tangent where the condition holds, zero elsewhere. Where the condition is the same for all
# elements the branch only runs if it holds, and there is nothing to do.
_within_p = Primitive("within")


def _within_jvp(primals: Any, tangents: Any) -> tuple[Any, Any]:
    active, value = primals
    tangent = tangents[1]
    return _within_p.bind(active, value), (
        tangent if type(tangent) is ad.Zero else _within_p.bind(active, tangent)
    )


def _within_transpose(cotangent: Any, active: Any, value: Any) -> list[Any]:
    if type(cotangent) is ad.Zero:
        return [None, None]
    return [None, _within_p.bind(active, cotangent)]


def _within_batch(operands: Any, dims: Any) -> tuple[Any, int]:
    (active, value), (active_dim, value_dim) = operands, dims
    if active_dim is None:
        return _within_p.bind(active, value), value_dim
    size = active.shape[active_dim]
    value = (
        jnp.broadcast_to(value[None], (size, *value.shape))
        if value_dim is None
        else jnp.moveaxis(value, value_dim, 0)
    )
    holds = jnp.expand_dims(jnp.moveaxis(active, active_dim, 0), range(1, value.ndim))
    return jnp.where(holds, value, jnp.zeros((), value.dtype)), 0


_within_p.def_impl(lambda active, value: value)
_within_p.def_abstract_eval(lambda active, value: value)
ad.primitive_jvps[_within_p] = _within_jvp
ad.primitive_transposes[_within_p] = _within_transpose
batching.primitive_batchers[_within_p] = _within_batch
mlir.register_lowering(
    _within_p, mlir.lower_fun(lambda active, value: value, multiple_results=False)
)
