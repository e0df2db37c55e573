"""Elements of vectors at known positions, the transpose, and vectors taken apart: JAX primitives.

XLA has the same as gather, scatter and slices, and takes 20 to 50 ms to compile one of the first
two, and 10 to 20 for each slice: more than for all that is left of a small program. Here each is
one call.

>>> import jax, jax.numpy as jnp, numpy as np
>>> squares = lambda x: take(x, np.array([2, 0, 2])) ** 2
>>> squares(jnp.array([1.0, 2.0, 3.0])).tolist()
[9.0, 1.0, 9.0]
>>> jax.grad(lambda x: squares(x).sum())(jnp.array([1.0, 2.0, 3.0])).tolist()
[2.0, 0.0, 12.0]
>>> [part.tolist() for part in parts(jnp.array([1.0, 2.0, 3.0]), [1, 2])]
[[1.0], [2.0, 3.0]]
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from qgrad_lab.core.eager import compiled
from qgrad_lab.engine.library import PARTS_TARGET, PUT_TARGET, TAKE_TARGET


class _Positions:
    """Integers i64[P], hashable as a static parameter."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = np.asarray(values, np.int64)
        self._bytes = self.values.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Positions) and self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)

    def __repr__(self) -> str:
        return f"<{len(self.values)} positions>"


take_p = Primitive("take")
put_p = Primitive("put")
"""Static parameters: ``positions`` and ``size``, of the vectors that have elements there."""
parts_p = Primitive("parts")
parts_p.multiple_results = True
"""Static parameter: ``sizes``."""


def take(values: Any, positions: np.ndarray) -> Any:
    """Return ``values[..., positions]``.

    Parameters
    ----------
    values
        f64[..., N].
    positions
        Integers from 0 to N - 1, [P].

    Returns
    -------
    jax.Array
        f64[..., P].
    """
    return take_p.bind(values, positions=_Positions(positions), size=values.shape[-1])


def parts(values: Any, sizes: Sequence[int]) -> list[Any]:
    """Split ``values`` along the last dimension.

    Parameters
    ----------
    values
        f64[..., N].
    sizes
        Of the parts, N in all.

    Returns
    -------
    list of jax.Array
        f64[..., size] for each of ``sizes``.
    """
    return [values] if len(sizes) == 1 else parts_p.bind(values, sizes=tuple(sizes))


def _take_shape(values: Any, *, positions: _Positions, size: int) -> jax.core.ShapedArray:
    shape = (*values.shape[:-1], len(positions.values))
    return jax.core.ShapedArray(shape, jnp.dtype("float64"))


def _put_shape(values: Any, *, positions: _Positions, size: int) -> jax.core.ShapedArray:
    """Return zeros with ``values`` added at ``positions``."""
    return jax.core.ShapedArray((*values.shape[:-1], size), jnp.dtype("float64"))


def _parts_shapes(values: Any, *, sizes: tuple[int, ...]) -> list[jax.core.ShapedArray]:
    return [
        jax.core.ShapedArray((*values.shape[:-1], size), jnp.dtype("float64")) for size in sizes
    ]


def _take_transpose(cotangent: Any, values: Any, **params: Any) -> list[Any]:
    return [put_p.bind(cotangent, **params)]


def _put_transpose(cotangent: Any, values: Any, **params: Any) -> list[Any]:
    return [take_p.bind(cotangent, **params)]


def _parts_transpose(cotangents: Any, values: Any, *, sizes: tuple[int, ...]) -> list[Any]:
    return [jnp.concatenate([ad.instantiate_zeros(each) for each in cotangents], axis=-1)]


def _call(target: str, values: Any, results: Any, *operands: Any) -> Any:
    """Make the custom call, on batches of one dimension."""
    rows = int(np.prod(values.shape[:-1]))
    flat = jax.tree.map(
        lambda result: jax.ShapeDtypeStruct((rows, result.shape[-1]), result.dtype), results
    )
    found = jax.ffi.ffi_call(target, flat)(values.reshape(rows, values.shape[-1]), *operands)
    return jax.tree.map(lambda value, result: value.reshape(result.shape), found, results)


def _take_call(values: Any, *, positions: _Positions, size: int) -> Any:
    shape = _take_shape(values, positions=positions, size=size)
    return _call(TAKE_TARGET, values, shape, positions.values)


def _put_call(values: Any, *, positions: _Positions, size: int) -> Any:
    shape = _put_shape(values, positions=positions, size=size)
    return _call(PUT_TARGET, values, shape, positions.values)


def _parts_call(values: Any, *, sizes: tuple[int, ...]) -> Any:
    return _call(PARTS_TARGET, values, _parts_shapes(values, sizes=sizes))


def _define(primitive: Primitive, shape: Any, transpose: Any, call: Any) -> None:
    """Register all rules of a linear primitive."""

    def batch(operands: Any, dims: Any, **params: Any) -> Any:
        result = primitive.bind(jnp.moveaxis(operands[0], dims[0], 0), **params)
        return result, jax.tree.map(lambda _: 0, result)

    def impl(values: Any, **params: Any) -> Any:
        return compiled(lambda values: primitive.bind(values, **params))(values)

    primitive.def_abstract_eval(shape)
    primitive.def_impl(impl)
    ad.deflinear2(primitive, transpose)
    batching.primitive_batchers[primitive] = batch
    several = primitive.multiple_results
    mlir.register_lowering(primitive, mlir.lower_fun(call, multiple_results=several))


_define(take_p, _take_shape, _take_transpose, _take_call)
_define(put_p, _put_shape, _put_transpose, _put_call)
_define(parts_p, _parts_shapes, _parts_transpose, _parts_call)
