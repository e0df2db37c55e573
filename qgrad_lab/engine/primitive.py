"""The derivative family of a circuit: one JAX primitive, closed under differentiation.

Let ``E(theta)`` be the vector of all measured numbers of a Program. The family is

    D[k](theta; v1..vk)       the k-th directional derivative of E; k = 0 is the circuit itself
    D[k]T(theta; v1..vk, y)   sum_m y_m * gradient of D[k]_m; k = 0 is the vector-Jacobian product

- The derivative of a member in ``theta`` along ``t`` is the member one order up, with ``t`` as one
  more ``v``. In a ``v`` or in ``y`` a member is linear: its derivative is the same member.
- Transposes: ``D[k]`` in a ``v`` gives ``D[k-1]T``; ``D[k]T`` in a ``v`` gives ``D[k]T`` again,
  and in ``y`` gives ``D[k+1]``.
- A circuit that takes a state in data to a state is linear in data too; transposed, it is the
  circuit that undoes it. In data of other kinds, derivatives are those of the circuit that has
  absorbed data into theta.

So the rules below give every order and every mode of differentiation. This module holds the rules
only; ``engine.evaluate`` computes members.

Operands are ``theta, index, data, v1..vk`` and, transposed, ``y``: f64[P], i64[K], c128[D], f64[P]
each and f64[M]. Batch dimensions come first, and every operand has all of them, of size 1 where it
is shared, so that operands broadcast against each other as NumPy arrays do.
"""

from collections.abc import Sequence
from functools import lru_cache, partial, reduce
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from qgrad_lab.core.eager import compiled
from qgrad_lab.core.mode import note_circuit
from qgrad_lab.engine.evaluate import differentiated, evaluate
from qgrad_lab.engine.interrupts import forget_runs
from qgrad_lab.engine.member import Member, result_width
from qgrad_lab.engine.zeros import is_zero, zero_tangent
from qgrad_lab.errors import DifferentiableCompileError

circuit_p = Primitive("circuit")
"""Static parameter: ``member``, which member of which circuit's family."""


def bind(member: Member, *operands: Any) -> Any:
    """Return a member's value, traced or concrete: f64[..., M], or f64[..., P] if transposed."""
    return circuit_p.bind(*operands, member=member)


def _split(member: Member, rest: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the directions ``v1..vk`` and, as a list of one or none, ``y``."""
    return list(rest[: member.order]), list(rest[member.order :])


def _abstract_eval(*operands: Any, member: Member) -> jax.core.ShapedArray:
    batch = jnp.broadcast_shapes(*(operand.shape[:-1] for operand in operands))
    return jax.core.ShapedArray((*batch, result_width(member)), jnp.dtype("float64"))


def _jvp(primals: Sequence[Any], tangents: Sequence[Any], *, member: Member) -> tuple[Any, Any]:
    theta, index, data, *rest = primals
    theta_dot, _, data_dot, *rest_dot = tangents
    if member.refusal is not None and not all(map(is_zero, [theta_dot, data_dot, *rest_dot])):
        raise DifferentiableCompileError(member.refusal)
    terms = []
    directions, y = _split(member, rest)
    if not is_zero(data_dot) and member.circuit.undone is None:
        terms.append(_along_data(member, primals, theta_dot, data_dot))
        theta_dot = None
    elif not is_zero(data_dot):
        terms.append(bind(member, theta, index, data_dot, *rest))
    if theta_dot is not None and not is_zero(theta_dot):
        terms.append(bind(member.raised(), theta, index, data, *directions, theta_dot, *y))
    for position, tangent in enumerate(rest_dot):
        if not is_zero(tangent):
            varied = [*rest[:position], tangent, *rest[position + 1 :]]
            terms.append(bind(member, theta, index, data, *varied))
    if not terms:
        value = bind(member, *primals)
        return value, zero_tangent(value)
    value = bind(differentiated(member), *primals)
    return value, reduce(jnp.add, terms)


def _along_data(member: Member, primals: Sequence[Any], theta_dot: Any, data_dot: Any) -> Any:
    """Return the derivative along theta and data: that along theta of the absorbed circuit."""
    theta, index, data, *rest = primals
    directions, y = _split(member, rest)
    if is_zero(theta_dot):
        theta_dot = jnp.zeros_like(theta)
    still = jnp.zeros_like(data)
    value = bind(
        member.absorbed().raised(),
        _with_data(theta, data),
        index,
        data[..., :0],
        *(_with_data(direction, still) for direction in directions),
        _with_data(theta_dot, data_dot),
        *y,
    )
    return value[..., : result_width(member)]


def _with_data(theta: Any, data: Any) -> Any:
    """Return the theta of an absorbed circuit."""
    numbers = jnp.stack([jnp.real(data), jnp.imag(data)], axis=-1)
    numbers = numbers.reshape(*data.shape[:-1], 2 * data.shape[-1])
    batch = jnp.broadcast_shapes(theta.shape[:-1], numbers.shape[:-1])
    parts = [jnp.broadcast_to(part, (*batch, part.shape[-1])) for part in (theta, numbers)]
    return jnp.concatenate(parts, axis=-1)


def _unbroadcast(value: Any, shape: tuple[int, ...]) -> Any:
    """Transpose the broadcasting of ``shape`` to ``value.shape``."""
    shared = tuple(i for i, n in enumerate(shape[:-1]) if n == 1 and value.shape[i] != 1)
    return jnp.sum(value, axis=shared, keepdims=True) if shared else value


def _transpose(cotangent: Any, *operands: Any, member: Member) -> list[Any]:
    result: list[Any] = [None] * len(operands)
    if is_zero(cotangent):
        return result
    theta, index, data, *rest = operands
    if ad.is_undefined_primal(data):
        result[2] = _transposed_in_data(cotangent, operands, member)
        return result
    # A member is linear in one operand at a time; all others are known here.
    position = next(i for i, operand in enumerate(rest) if ad.is_undefined_primal(operand))
    directions, y = _split(member, rest)
    if position == member.order:
        target, known = member.raised().plain(), [*directions, cotangent]
    else:
        others = [*directions[:position], *directions[position + 1 :]]
        if member.transposed:
            target, known = member, [*others, cotangent, *y]
        else:
            target, known = member.lowered().transpose(), [*others, cotangent]
    value = bind(target, theta, index, data, *known)
    result[3 + position] = _unbroadcast(value, rest[position].aval.shape)
    return result


def _transposed_in_data(cotangent: Any, operands: Sequence[Any], member: Member) -> Any:
    """Transpose a circuit from state to state in the state that it begins with.

    ``D[k]`` is a matrix A, and the transpose of ``z -> A z`` in JAX is that without conjugation.
    """
    theta, index, data, *rest = operands
    directions, y = _split(member, rest)
    target = member.backwards()
    if member.transposed:
        # y D[k]T(data) . t is y D[k+1](data) along t.
        target, directions, (cotangent,) = target.raised(), [*directions, cotangent], y
    shape = (*cotangent.shape[:-1], cotangent.shape[-1] // 2, 2)
    pairs = cotangent.reshape(shape)
    psi = jax.lax.complex(pairs[..., 0], pairs[..., 1])
    pairs = bind(target, theta, index, psi, *directions)
    pairs = pairs.reshape(*pairs.shape[:-1], -1, 2)
    return _unbroadcast(jax.lax.complex(pairs[..., 0], -pairs[..., 1]), data.aval.shape)


def _batch(operands: Sequence[Any], dims: Sequence[int | None], *, member: Member) -> Any:
    moved = [
        jnp.expand_dims(operand, 0) if dim is None else jnp.moveaxis(operand, dim, 0)
        for operand, dim in zip(operands, dims, strict=True)
    ]
    return bind(member, *moved), 0


@lru_cache(maxsize=256)
def _compiled(member: Member) -> Any:
    return compiled(partial(bind, member))


def _impl(*operands: Any, member: Member) -> Any:
    return _compiled(member)(*operands)


def _lowered(*operands: Any, member: Member) -> Any:
    note_circuit(fallible=member.circuit.may_fail)
    forget_runs()
    return evaluate(member, bind, *operands)


circuit_p.def_abstract_eval(_abstract_eval)
circuit_p.def_impl(_impl)
ad.primitive_jvps[circuit_p] = _jvp
ad.primitive_transposes[circuit_p] = _transpose
batching.primitive_batchers[circuit_p] = _batch
mlir.register_lowering(circuit_p, mlir.lower_fun(_lowered, multiple_results=False))
